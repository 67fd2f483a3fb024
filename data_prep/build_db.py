"""Build databases from records: aligned faces for smile, gender, age, id; scenes for det.

python -m data_prep.build_db aligned --records faces/records.jsonl --out db
python -m data_prep.build_db scenes --records scenes/records.jsonl --out db \\
    --without-search faces/records.jsonl
"""

import argparse
import sys

from allinone import device, profiles, tasks
from allinone.errors import InputError, command
from data_prep.aligned_db import build_aligned
from data_prep.landmark_finder import locate
from data_prep.scenes_db import build_scenes


def parse(argv):
    """Return the command's arguments."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("kind", choices=("aligned", "scenes"))
    add("--records", nargs="+", default=[], help="records.jsonl; scenes: to search for regions")
    add(
        "--without-search",
        nargs="+",
        default=[],
        help="scenes: records whose pictures are not searched",
    )
    add("--towers", nargs="+", choices=tasks.ALIGNED_TOWERS, default=tasks.ALIGNED_TOWERS)
    add(
        "--profile",
        choices=profiles.PROFILES,
        default="tiny",
        help="gives the size of aligned faces",
    )
    add(
        "--set",
        default="",
        help="aligned: name of this training set, where a tower learns from several; "
        "<out>/<tower>/<set>",
    )
    add(
        "--landmarks-from",
        metavar="MODEL",
        help="aligned: folder of a fused model that finds the landmarks of faces without any",
    )
    add(
        "--regions-from",
        metavar="MODEL",
        help="scenes: folder of a fused model whose dense net proposes the regions, instead of "
        "selective search",
    )
    add(
        "--gpu",
        default="",
        help="with --landmarks-from and --regions-from: GPU number; empty: CPU",
    )
    add(
        "--split",
        nargs="+",
        help="parts of the records to take (train, val, fold_03, ...), default all",
    )
    add("--workers", type=int, help="processes, default one a core")
    add("--out", required=True, help="folder for the databases")
    return parser.parse_args(argv)


def scenes(args):
    """Build the database of scenes."""
    if not args.records + args.without_search:
        raise InputError(
            "build_db scenes: name at least one records file (--records or --without-search)"
        )
    if args.regions_from:
        device.use(args.gpu)
    build_scenes(
        args.records, args.without_search, args.out, args.workers, args.split, args.regions_from
    )


def aligned(args):
    """Build the databases of aligned faces."""
    if len(args.records) != 1:
        raise InputError("build_db aligned: name one records file with --records")
    (records,) = args.records
    if args.landmarks_from:
        device.use(args.gpu)
        records = locate(records, args.landmarks_from)
    profile = profiles.PROFILES[args.profile]
    build_aligned(records, args.out, args.towers, profile, args.workers, args.set, args.split)


@command
def main(argv=None):
    """Run the command."""
    args = parse(argv)
    (scenes if args.kind == "scenes" else aligned)(args)


if __name__ == "__main__":
    sys.exit(main())
