"""The part of make bench that compares what the fast and the dense search find.

    python -m tools.bench_detection --model models/small --real ../shared/real

Prints rows, and the figures as JSON in the last line. Faces in labelled photographs, where the
folder has photos.jsonl, and in drawn scenes.
"""

import json
import sys

from allinone import arguments
from allinone.errors import command
from allinone.model import open_model
from tools.timing import clock, detection


def parse(argv):
    """Return the command's arguments."""
    parser = arguments.Parser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", help="folder of a fused model; default: the shipped one")
    parser.add_argument("--real", default="", help="folder of labelled photographs, photos.jsonl")
    return parser.parse_args(argv)


@command
def main(argv=None):
    """Search both ways."""
    args = parse(argv)
    part = detection.detection(open_model(args.model).folder, args.real)
    clock.show(part)
    print(json.dumps(part.figures))


if __name__ == "__main__":
    sys.exit(main())
