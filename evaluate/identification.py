"""Closed-set and open-set identification by anybody's scores.

    python -m evaluate.identification --scores scores.hdf5 --threshold 0.5 --json

The file's form is described in evaluate/probes.py.
"""

from __future__ import annotations

import json
import sys

from allinone import arguments
from allinone.errors import command
from evaluate import probes


def parse(argv=None):
    """Return the arguments."""
    parser = arguments.Parser(description=__doc__.splitlines()[0])
    parser.add_argument("--scores", required=True, help="HDF5 file of scores")
    parser.add_argument(
        "--threshold",
        type=arguments.Real(),
        required=True,
        help="least score of somebody who is recognised",
    )
    parser.add_argument("--json", action="store_true", help="print nothing but one line of JSON")
    return parser.parse_args(argv)


@command
def main(argv=None):
    """Print the rates."""
    args = parse(argv)
    found = probes.measure(probes.read(args.scores), args.threshold)
    if args.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"  {name.replace('_', ' ')}: {'no such probe' if value is None else value}")


if __name__ == "__main__":
    sys.exit(main())
