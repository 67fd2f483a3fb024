"""Make folders for the reader `custom` out of small sets of real photographs, given as JSON lines.

    python -m data_prep.real_sets --real folder --out data/real

data_prep/labelled_photos.py says what the JSON lines hold.
"""

import sys

from allinone import arguments
from allinone.errors import command
from data_prep import labelled_photos


def parse(argv):
    """Return the command's arguments."""
    parser = arguments.Parser(description=__doc__.splitlines()[0])
    parser.add_argument("--real", required=True, help="folder of the JSON lines and pictures")
    parser.add_argument("--out", required=True, help="folder that gets a folder for each set")
    return parser.parse_args(argv)


@command
def main(argv=None):
    """Run the command."""
    args = parse(argv)
    for name in labelled_photos.SETS:
        print(f"{name}: {labelled_photos.write(args.real, name, args.out)} faces")


if __name__ == "__main__":
    sys.exit(main())
