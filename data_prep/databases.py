"""Build the databases of whole datasets: for every tower those of its training sets.

    python -m data_prep.databases                        # all that Table I names and DATA holds
    python -m data_prep.databases morph custom           # these two

Training sets stand in <out>/<tower>/<set> (det: one database, <out>/det), those for validation in
<out>/val, those for fine-tuning in <out>/finetune/<set>, with a folder for each fold, and the
folder `all` for the whole of FDDB. What is there already, of the same records, is left as it is.
"""

import os
import sys

from allinone import arguments, device, profiles
from allinone.errors import InputError, command
from data_prep import feeds, reader, set_databases
from data_prep.aligned_options import add_eyes


def parse(argv):
    """Return the command's arguments."""
    parser = arguments.Parser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add(
        "sets",
        nargs="*",
        metavar="SET",
        help=f"default: those of Table I; {', '.join(reader.names())}",
    )
    add("--data", default="data", help="folder with a folder for each set")
    add("--folder", help="where one SET stands, if not in DATA")
    add("--out", default="data/db", help="folder for the databases")
    add(
        "--profile",
        choices=profiles.PROFILES,
        default="paper",
        help="gives the size of aligned faces",
    )
    add_eyes(parser)
    add(
        "--landmarks-from",
        metavar="MODEL",
        help="folder of a model that finds the landmarks of faces without any",
    )
    add("--gpu", default="", help="with --landmarks-from: GPU number; empty: CPU")
    arguments.add_workers(parser)
    return parser.parse_args(argv)


@command
def main(argv=None):
    """Run the command."""
    args = parse(argv)
    unknown = sorted(set(args.sets) - set(reader.names()))
    if unknown:
        raise InputError(
            f"no reader for {', '.join(unknown)}; there are {', '.join(reader.names())}"
        )
    if args.folder and len(args.sets) != 1:
        raise InputError("--folder goes with one SET")
    if args.landmarks_from:
        arguments.refuse_gpu_elsewhere(args)
        device.use(args.gpu)
    names = args.sets or feeds.sets_there(args.data)
    folders = {name: args.folder or os.path.join(args.data, name) for name in names}
    profile = profiles.with_eyes(args.profile, args.eyes)
    waiting = set_databases.build(
        folders, args.out, bool(args.sets), profile, args.landmarks_from, args.workers
    )
    if waiting:
        print(
            f"no databases of aligned faces yet of {', '.join(waiting)}: they have no landmarks, "
            "and a model has to find them. make data trains HyperFace for that; LANDMARKS=folder "
            "names another"
        )


if __name__ == "__main__":
    sys.exit(main())
