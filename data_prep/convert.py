"""Turn a dataset's original files into records.jsonl; data_prep/README.md shows the sets' trees.

python -m data_prep.convert celeba --folder data/celeba
python -m data_prep.convert --list
"""

import os
import sys

from allinone import arguments
from allinone.errors import InputError, command
from data_prep import conversion, reader


def parse(argv):
    """Return the command's arguments."""
    parser = arguments.Parser(description=__doc__.splitlines()[0])
    parser.add_argument("set", nargs="?", help="name of the set; --list prints the names")
    parser.add_argument("--folder", help="where the set stands, default data/<set>")
    parser.add_argument("--list", action="store_true", help="print the sets' names and end")
    return parser.parse_args(argv)


@command
def main(argv=None):
    """Run the command."""
    args = parse(argv)
    if args.list:
        print("\n".join(reader.names()))
        return
    if args.set is None:
        raise InputError(f"name a set: one of {', '.join(reader.names())}")
    reader.load(args.set)  # an unknown name is refused before its folder is looked at
    conversion.convert_set(args.set, args.folder or os.path.join("data", args.set))


if __name__ == "__main__":
    sys.exit(main())
