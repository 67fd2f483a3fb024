"""Draw a labelled face set: pictures, records.jsonl and a contact sheet, from a seed.

    python -m data_prep.synthetic --kind portraits --count 3000 --identities 1000 --seed 1 --out out/faces
    python -m data_prep.synthetic --kind scenes --count 200 --seed 2 --out out/scenes
    python -m data_prep.synthetic --kind portraits --count 100 --layout celeba --out data/celeba

The same arguments give the same files, whatever the number of workers. A run that was stopped goes on where it was.
"""

import argparse
import functools
import multiprocessing
import os
import shutil
import sys
import tempfile

import cv2
import numpy as np

from allinone import draw, files, record
from allinone.errors import InputError, command
from allinone.progress import Progress
from data_prep import head, layouts, scene

PORTRAIT_SIDE = 176  # pixels
SCENE_WIDTHS = (240, 320)  # pixels: room for the largest face, quick enough for selective search
SCENE_HEIGHTS = (210, 290)
MADE = ("images", "parts")  # folders of a set
FIRST_WORD = dict(portraits=1, scenes=2, identities=3)  # keeps the random streams of a seed apart


def person(seed, number):
    """Return the person of this number in the set of this seed."""
    return head.draw_identity(
        number, np.random.default_rng([seed, FIRST_WORD["identities"], number])
    )


def draw_one(index, kind, seed, identities, first_identity, folder):
    """Draw and write picture `index` of a set; return its record lines."""
    rng = np.random.default_rng([seed, FIRST_WORD[kind], index])
    if kind == "portraits":
        who = person(seed, first_identity + index % identities)
        image, faces = scene.portrait(rng, who, PORTRAIT_SIDE)
    else:
        draw_person = lambda: person(seed, first_identity + int(rng.integers(identities)))
        image, faces = scene.scene(
            rng, draw_person, int(rng.integers(*SCENE_WIDTHS)), int(rng.integers(*SCENE_HEIGHTS))
        )
    name = f"images/{index:06d}.jpg"
    path = os.path.join(folder, name)
    files.write_image(path, image, quality=int(rng.integers(70, 96)))
    return "".join(record.to_line(annotation) for annotation in scene.annotations(name, faces))


def _draw_part(indices, **arguments):
    """Draw a run of pictures in a worker; return (number of pictures, record lines)."""
    cv2.setNumThreads(1)
    return len(indices), "".join(draw_one(index, **arguments) for index in indices)


def draw_set(out, kind, count, identities, seed, first_identity=0, workers=None):
    """Draw a set into the folder `out`; parts that an earlier, stopped run finished are kept."""
    if count < 1 or identities < 1:
        raise InputError(
            f"--count {count} --identities {identities}: both must be at least 1, a set of 0 faces trains nothing"
        )
    wanted = dict(
        kind=kind,
        count=count,
        identities=identities,
        seed=seed,
        first_identity=first_identity,
        code={
            name: files.sha256(os.path.join(os.path.dirname(__file__), name))
            for name in ("head.py", "render.py", "scene.py", "synthetic.py")
        },
    )
    plan = os.path.join(out, "set.json")
    if os.path.isfile(plan) and files.read_json(plan, "delete it") != wanted:
        for name in MADE:
            shutil.rmtree(os.path.join(out, name), ignore_errors=True)
    elif not os.path.isfile(plan) and os.path.isdir(out) and os.listdir(out):
        raise InputError(f"{out}: holds other files; give an empty or a new folder")
    files.write_json(plan, wanted)
    parts = [range(start, min(start + 25, count)) for start in range(0, count, 25)]
    part_file = lambda part: os.path.join(out, "parts", f"{part.start:06d}.jsonl")
    missing = [part for part in parts if not os.path.isfile(part_file(part))]
    progress = Progress(f"drawing {kind}", count)
    progress.step(count - sum(map(len, missing)))
    work = functools.partial(
        _draw_part,
        kind=kind,
        seed=seed,
        identities=identities,
        first_identity=first_identity,
        folder=out,
    )
    with multiprocessing.get_context("spawn").Pool(workers or os.cpu_count()) as pool:
        for part, (done, lines) in zip(missing, pool.imap(work, missing)):
            with files.replacing(part_file(part)) as stream:
                stream.write(lines)
            progress.step(done)
    with files.replacing(os.path.join(out, "records.jsonl")) as stream:
        for part in parts:
            with open(part_file(part), encoding="utf-8") as lines:
                shutil.copyfileobj(lines, stream)


def contact_sheet(out, cells=24, columns=6, side=200):
    """Write sheet.jpg: the first pictures of the set with their labels drawn."""
    tiles = []
    for name, faces in record.faces_by_picture(record.read(os.path.join(out, "records.jsonl"))):
        if len(tiles) == cells:
            break
        tiles.append(
            draw.tile(draw.annotations(files.read_image(os.path.join(out, name)), faces), side)
        )
    files.write_image(os.path.join(out, "sheet.jpg"), draw.grid(tiles, columns))


@command
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kind", choices=("portraits", "scenes"), required=True)
    parser.add_argument("--count", type=int, required=True, help="pictures")
    parser.add_argument("--identities", type=int, default=300, help="different people")
    parser.add_argument("--first-identity", type=int, default=0, help="number of the first person")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, help="processes, default one a core")
    parser.add_argument(
        "--out", required=True, help="folder for images/, records.jsonl and sheet.jpg"
    )
    parser.add_argument(
        "--layout",
        choices=layouts.WRITERS,
        help="write the set into OUT as this dataset is distributed, in place of our records",
    )
    args = parser.parse_args(argv)
    if args.layout:
        if os.path.isdir(args.out) and os.listdir(args.out):
            raise InputError(f"{args.out}: holds files already; give an empty or a new folder")
        with tempfile.TemporaryDirectory() as drawn:
            draw_set(
                drawn,
                args.kind,
                args.count,
                args.identities,
                args.seed,
                args.first_identity,
                args.workers,
            )
            layouts.write(args.layout, drawn, args.out)
        print(
            f"{args.count} {args.kind} in {args.out}, in the layout of {args.layout}; read them with data_prep.convert"
        )
        return
    draw_set(
        args.out,
        args.kind,
        args.count,
        args.identities,
        args.seed,
        args.first_identity,
        args.workers,
    )
    contact_sheet(args.out)
    print(f"{args.count} {args.kind} in {args.out}; labels drawn in {args.out}/sheet.jpg")


if __name__ == "__main__":
    sys.exit(main())
