"""Draw what evaluate.real measured: for every task the best and the worst held-out results.

    python -m tools.sheets --data data/real --results out/real/eval --out out/real/sheets

Each face stands there with what the model says of it and what is true.
"""

import os
import sys

from allinone import arguments
from allinone.errors import command
from evaluate import contact_sheets


def parse(argv):
    """Return the command's arguments."""
    parser = arguments.Parser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="data/real", help="folder of the sets")
    parser.add_argument("--results", required=True, help="folder that evaluate.real left")
    parser.add_argument("--out", required=True, help="folder for the sheets")
    return parser.parse_args(argv)


@command
def main(argv=None):
    """Run the command."""
    args = parse(argv)
    contact_sheets.write_all(args.data, args.results, args.out)
    sheets = [name for name in sorted(os.listdir(args.out)) if name.endswith(".jpg")]
    print(f"{args.out}: {', '.join(sheets)}")


if __name__ == "__main__":
    sys.exit(main())
