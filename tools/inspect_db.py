"""Draw a contact sheet of random samples, with their labels, for every database of a folder: what the nets will see.

    python -m tools.inspect_db out/demo/db --out out/inspect

Everything comes from the databases themselves: the pictures and labels as decoded from their Datum records.
"""

import argparse
import os
import sys

import h5py
import numpy as np

from allinone import draw, files, store, tasks
from allinone.errors import InputError, command
from allinone.record import FaceRecord

SAMPLES, COLUMNS, SIDE = 24, 6, 200  # pictures of a sheet, and their size


def words_of(tower, datum):
    """Return the label of an aligned face in words."""
    if tower == "age":
        age, sigma = datum.float_data
        return f"{age:.0f} years" + (f", sigma {sigma:g}" if sigma else "")
    names = dict(smile=("no smile", "smile"), gender=("male", "female"))
    return names[tower][datum.label] if tower in names else f"class {datum.label}"


def face_sheet(tower, reader, indices):
    """Return the sheet of a database of aligned faces."""
    tiles = []
    for index in indices:
        datum = reader.datum(index)
        tiles.append(draw.tile(reader.image(datum), SIDE))
        draw.caption(tiles[-1], words_of(tower, datum), (4, SIDE - 24), 14)
    return draw.grid(tiles, COLUMNS)


def scene_sheet(folder, reader, indices):
    """Return the sheet of a detection database: every face's box, landmarks and pose, and how many regions are stored."""
    tiles = []
    with h5py.File(os.path.join(folder, store.REGIONS), "r") as data:
        for index in indices:
            known = lambda values: None if np.isnan(values).all() else values.tolist()
            first, last = data["face_start"][index : index + 2]
            faces = [
                FaceRecord(
                    "",
                    box=data["box"][n].tolist(),
                    pose=known(data["pose"][n]),
                    landmarks=[known(point) for point in data["landmarks"][n]],
                    visibility=[known(v) for v in data["visibility"][n]],
                )
                for n in range(first, last)
            ]
            tiles.append(
                draw.tile(draw.annotations(reader.image(reader.datum(index)), faces), SIDE)
            )
            draw.caption(
                tiles[-1],
                f"faces {len(faces)}, regions {np.diff(data['proposal_start'][index : index + 2]).item()}",
                (4, 4),
                11,
            )
    return draw.grid(tiles, COLUMNS)


@command
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("db", help="folder with a database, or a folder of them, for each tower")
    parser.add_argument("--out", required=True, help="folder for the sheets")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args(argv)
    there = [tower for tower in tasks.TOWERS if os.path.isdir(os.path.join(args.db, tower))]
    if not there:
        raise InputError(
            f"{args.db}: no database of a tower ({', '.join(tasks.TOWERS)}) in it; build one with data_prep.build_db"
        )
    for tower in there:
        for folder in store.databases(os.path.join(args.db, tower)):
            reader = store.Reader(folder)
            indices = np.random.default_rng(args.seed).permutation(len(reader))[:SAMPLES].tolist()
            sheet = (
                scene_sheet(folder, reader, indices)
                if tower == "det"
                else face_sheet(tower, reader, indices)
            )
            path = os.path.join(
                args.out, f"{os.path.relpath(folder, args.db).replace(os.sep, '_')}.jpg"
            )
            files.write_image(path, sheet)
            print(f"{path}: {len(indices)} of {len(reader)}")


if __name__ == "__main__":
    sys.exit(main())
