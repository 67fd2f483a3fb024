"""Draw a contact sheet of random samples, with their labels, of every database in a folder.

    python -m tools.inspect_db out/demo/db --out out/inspect

It shows what the nets will see: pictures and labels as they stand in the databases. With --vary
aligned faces are shown as training varies them.
"""

import glob
import os
import sys

from allinone import arguments, folders, pictures, store, tasks
from allinone.errors import InputError, command
from python_layers import variations
from tools import database_sheets


def parse(argv):
    """Return the command's arguments."""
    parser = arguments.Parser(description=__doc__.splitlines()[0])
    parser.add_argument("db", help="folder with a database, or a folder of them, for each tower")
    parser.add_argument("--out", required=True, help="folder for the sheets")
    parser.add_argument("--seed", type=arguments.SEED, default=1)
    parser.add_argument(
        "--vary",
        nargs="*",
        choices=(*variations.KINDS, variations.ALL),
        metavar="KIND",
        help="aligned faces as a mini-batch has them, with these kinds of variation of tools.train "
        "beside the usual ones",
    )
    return parser.parse_args(argv)


@command
def main(argv=None):
    """Run the command."""
    args = parse(argv)
    there = [tower for tower in tasks.TOWERS if os.path.isdir(os.path.join(args.db, tower))]
    if not there:
        raise InputError(
            f"{args.db}: no database of a tower ({', '.join(tasks.TOWERS)}) in it; build one with "
            "data_prep.build_db"
        )
    names = {}  # {(tower, database): file of its sheet}
    for tower in there:
        for folder in store.databases(os.path.join(args.db, tower)):
            name = os.path.relpath(folder, args.db).replace(os.sep, "_")
            names[tower, folder] = f"{name}.jpg"
    with folders.only_one(args.out):
        holds = [glob.escape(name) for name in names.values()]
        folders.claim(args.out, folders.Kind("folder of databases' sheets", holds, is_marked=True))
        for (tower, folder), name in names.items():
            path = os.path.join(args.out, name)
            kinds = args.vary if args.vary is None else variations.named(args.vary)
            sheet, shown, count = database_sheets.sheet(tower, folder, args.seed, kinds)
            pictures.write_image(path, sheet)
            print(f"{path}: {shown} of {count}")


if __name__ == "__main__":
    sys.exit(main())
