"""Make folders for the reader `custom` out of small sets of real photographs, given as JSON lines.

    python -m data_prep.real_sets --real folder --out data/real
    python -m data_prep.real_sets --real folder --out data/real --sets celeba aaf --without-copies

data_prep/labelled_photos.py says what the JSON lines hold, docs/real_photographs.md what sets there
are. What a set holds is printed.
"""

import collections
import sys

from allinone import arguments
from allinone.errors import command
from data_prep import labelled_photos, near_copies


def parse(argv):
    """Return the command's arguments."""
    parser = arguments.Parser(description=__doc__.splitlines()[0])
    parser.add_argument("--real", required=True, help="folder of the JSON lines and pictures")
    parser.add_argument("--out", required=True, help="folder that gets a folder for each set")
    parser.add_argument(
        "--sets",
        nargs="+",
        choices=labelled_photos.SETS,
        metavar="SET",
        help=f"default: those that are there, of {', '.join(labelled_photos.SETS)}",
    )
    parser.add_argument(
        "--without-copies",
        action="store_true",
        help="leave out pictures with a near-copy of a face that is tested or validated on",
    )
    return parser.parse_args(argv)


@command
def main(argv=None):
    """Run the command."""
    args = parse(argv)
    names = args.sets or labelled_photos.sets_in(args.real)
    copies = collections.defaultdict(set)
    if args.without_copies:
        for pair in near_copies.find(args.real, names):
            copies[pair.face.name].add(pair.face.image)
    for name in names:
        print(f"{name}: {labelled_photos.write(args.real, name, args.out, copies[name])}")


if __name__ == "__main__":
    sys.exit(main())
