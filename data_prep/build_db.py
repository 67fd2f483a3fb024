"""Build databases from records: aligned faces for smile, gender, age, id; scenes for det.

Kind distill: aligned faces with the descriptors that another net, the teacher, gives of them.

python -m data_prep.build_db aligned --records faces/records.jsonl --out db
python -m data_prep.build_db scenes --records scenes/records.jsonl --out db \\
    --without-search faces/records.jsonl
python -m data_prep.build_db distill --records faces/records.jsonl --teacher faces.npz --out db
"""

import sys

from allinone import arguments, device, profiles, tasks
from allinone.errors import InputError, command
from data_prep import region_search
from data_prep.aligned_db import build_aligned
from data_prep.aligned_options import add_eyes
from data_prep.landmark_finder import locate
from data_prep.scenes_db import build_scenes
from data_prep.taught_db import build_taught
from data_prep.teacher import Teacher

OF_FACES = ("profile", "set", "eyes", "landmarks_from")
OPTIONS = {  # of a kind, beside those that all have
    "aligned": ("towers", *OF_FACES),
    "distill": ("teacher", *OF_FACES),
    "scenes": ("without_search", "regions_from", "windows_from"),
}


def parse(argv):
    """Return the command's arguments."""
    parser = arguments.Parser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("kind", choices=OPTIONS)
    add("--records", nargs="+", default=[], help="records.jsonl; scenes: to search for regions")
    add(
        "--split",
        nargs="+",
        help="parts to take (train, val, fold_03, ...), default all; scenes of no part too",
    )
    add("--out", required=True, help="folder for the databases")
    arguments.add_workers(parser)
    add("--gpu", default="", help="of a model that is named below: GPU number; empty: CPU")
    _add_options_of_aligned(parser.add_argument_group("aligned, distill"))
    _add_options_of_scenes(parser.add_argument_group("scenes"))
    args = parser.parse_args(argv)
    for name in sorted(set().union(*OPTIONS.values())):
        if name not in OPTIONS[args.kind] and getattr(args, name) != parser.get_default(name):
            option = "--" + name.replace("_", "-")
            raise InputError(f"build_db {args.kind}: {option} is of another kind; leave it out")
    return args


def _add_options_of_aligned(group):
    add = group.add_argument
    add("--towers", nargs="+", choices=tasks.ALIGNED_TOWERS, default=tasks.ALIGNED_TOWERS)
    add(
        "--teacher",
        metavar="FILE",
        help="distill: .npz with the names of pictures, 'image', and their rows, 'descriptor'",
    )
    add("--profile", choices=profiles.PROFILES, default="tiny", help="gives the size of faces")
    add(
        "--set",
        default="",
        help="name of this training set, where a tower learns from several: <out>/<tower>/<set>",
    )
    add_eyes(group)
    add(
        "--landmarks-from",
        metavar="MODEL",
        help="folder of a fused model that finds the landmarks of faces without any",
    )


def _add_options_of_scenes(group):
    add = group.add_argument
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


def faces(args):
    """Build the databases of aligned faces, or that of faces with a teacher's descriptors."""
    if len(args.records) != 1:
        raise InputError(f"build_db {args.kind}: name one records file with --records")
    if args.kind == "distill" and not args.teacher:
        raise InputError("build_db distill: name the file of descriptors with --teacher FILE")
    (records,) = args.records
    teacher = Teacher(args.teacher) if args.teacher else None
    if args.landmarks_from:
        arguments.refuse_gpu_elsewhere(args)
        device.use(args.gpu)
        records = locate(records, args.landmarks_from, args.workers)
    profile = profiles.with_eyes(args.profile, args.eyes)
    last = profile, args.workers, args.set, args.split
    if teacher:
        build_taught(records, teacher, args.out, *last)
    else:
        build_aligned(records, args.out, args.towers, *last)


@command
def main(argv=None):
    """Run the command."""
    args = parse(argv)
    (scenes if args.kind == "scenes" else faces)(args)


if __name__ == "__main__":
    sys.exit(main())
