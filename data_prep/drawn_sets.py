"""Draw a small set in the layout of every training set and benchmark, to try the kit on them.

python -m data_prep.drawn_sets --out out/drawn
"""

import sys

from allinone import arguments
from allinone.errors import command
from data_prep import trial_sets


def parse(argv):
    """Return the command's arguments."""
    parser = arguments.Parser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--out", required=True, help="gets a folder for each set; those that are there stay"
    )
    parser.add_argument(
        "--scale",
        type=arguments.Real(least=0, most=1000),
        default=1.0,
        help="how many times as many pictures and people",
    )
    return parser.parse_args(argv)


@command
def main(argv=None):
    """Run the command."""
    args = parse(argv)
    trial_sets.draw(args.out, args.scale)


if __name__ == "__main__":
    sys.exit(main())
