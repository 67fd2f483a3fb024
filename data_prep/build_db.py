"""Build databases from records: aligned faces for smile, gender, age, id; scenes for det.

python -m data_prep.build_db aligned --records faces/records.jsonl --out db
python -m data_prep.build_db scenes --records scenes/records.jsonl --out db \\
    --without-search faces/records.jsonl
"""

import sys

from allinone import arguments, device, profiles, tasks
from allinone.errors import InputError, command
from data_prep import region_search
from data_prep.aligned_db import build_aligned
from data_prep.landmark_finder import locate
from data_prep.scenes_db import build_scenes


def parse(argv):
    """Return the command's arguments."""
    parser = arguments.Parser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("kind", choices=("aligned", "scenes"))
    add("--records", nargs="+", default=[], help="records.jsonl; scenes: to search for regions")
    add(
        "--split",
        nargs="+",
        help="parts to take (train, val, fold_03, ...), default all; scenes of no part too",
    )
    add("--out", required=True, help="folder for the databases")
    arguments.add_workers(parser)
    add("--gpu", default="", help="of a model that is named below: GPU number; empty: CPU")
    _add_options_of_aligned(parser.add_argument_group("aligned").add_argument)
    _add_options_of_scenes(parser.add_argument_group("scenes").add_argument)
    return parser.parse_args(argv)


def _add_options_of_aligned(add):
    add("--towers", nargs="+", choices=tasks.ALIGNED_TOWERS, default=tasks.ALIGNED_TOWERS)
    add("--profile", choices=profiles.PROFILES, default="tiny", help="gives the size of faces")
    add(
        "--set",
        default="",
        help="name of this training set, where a tower learns from several: <out>/<tower>/<set>",
    )
    add("--eyes", **profiles.EYES_OPTION)
    add(
        "--landmarks-from",
        metavar="MODEL",
        help="folder of a fused model that finds the landmarks of faces without any",
    )


def _add_options_of_scenes(add):
    add("--without-search", nargs="+", default=[], help="records that are not searched for regions")
    add(
        "--regions-from",
        metavar="MODEL",
        help="folder of a fused model whose dense net proposes the regions, instead of selective "
        "search",
    )
    add(
        "--windows-from",
        metavar="MODEL",
        help="the same of its proposal net, which learns from them",
    )


def scenes(args):
    """Build the database of scenes."""
    if not args.records + args.without_search:
        raise InputError(
            "build_db scenes: name at least one records file (--records or --without-search)"
        )
    if args.regions_from and args.windows_from:
        raise InputError("--windows-from goes without --regions-from; leave one of them out")
    search = None
    if args.regions_from:
        arguments.refuse_gpu_elsewhere(args)
        device.use(args.gpu)
        search = region_search.Dense(args.regions_from)
    elif args.windows_from:
        search = region_search.Windows(args.windows_from)
    build_scenes(args.records, args.without_search, args.out, args.workers, args.split, search)


def aligned(args):
    """Build the databases of aligned faces."""
    if len(args.records) != 1:
        raise InputError("build_db aligned: name one records file with --records")
    (records,) = args.records
    if args.landmarks_from:
        arguments.refuse_gpu_elsewhere(args)
        device.use(args.gpu)
        records = locate(records, args.landmarks_from, args.workers)
    profile = profiles.with_eyes(args.profile, args.eyes)
    build_aligned(records, args.out, args.towers, profile, args.workers, args.set, args.split)


@command
def main(argv=None):
    """Run the command."""
    args = parse(argv)
    (scenes if args.kind == "scenes" else aligned)(args)


if __name__ == "__main__":
    sys.exit(main())
