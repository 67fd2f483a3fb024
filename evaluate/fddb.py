"""Score anybody's detections on FDDB as its own program does; no model is needed.

    python -m evaluate.fddb --folds FDDB-folds --detections results.txt --out out/roc --json

The detections: a file, or a folder of fold-01-out.txt, ..., in FDDB's format (rectangles or
ellipses). Writes DiscROC.txt and ContROC.txt.
"""

from __future__ import annotations

import json
import os
import sys

from allinone import arguments, folders
from allinone.errors import command
from evaluate import ellipses, fddb_files


def parse(argv=None):
    """Return the arguments."""
    parser = arguments.Parser(
        description=__doc__.splitlines()[0],
        epilog="To measure a model: python -m evaluate.measure fddb.",
    )
    parser.add_argument("--detections", required=True, help="file or folder of results")
    parser.add_argument(
        "--folds", required=True, help="folder of FDDB-fold-01-ellipseList.txt, ..."
    )
    parser.add_argument("--out", required=True, help="folder for the two curves")
    parser.add_argument(
        "--pictures",
        help=f"folder of FDDB's pictures, for their sizes; default: {fddb_files.PICTURES} beside "
        "the folds' folder, if it exists",
    )
    parser.add_argument("--json", action="store_true", help="print nothing but one line of JSON")
    return parser.parse_args(argv)


@command
def main(argv=None):
    """Write both curves, and print their ends."""
    args = parse(argv)
    faces, missing = fddb_files.annotations(args.folds)
    beside = os.path.join(os.path.dirname(os.path.abspath(args.folds)), fddb_files.PICTURES)
    folder = args.pictures or beside
    results = fddb_files.read_results(args.detections)
    there = folder if os.path.isdir(folder) else None
    pictures = fddb_files.together(faces, results, there, args.detections)
    curve = ellipses.curve(pictures)
    with folders.only_one(args.out):
        folders.claim(args.out, fddb_files.KIND)
        fddb_files.write_curves(curve, args.out)
    discrete, continuous = round(float(curve.discrete[0]), 6), round(float(curve.continuous[0]), 6)
    false = int(curve.false[0])
    if args.json:
        print(json.dumps(dict(disc_end=[discrete, false], cont_end=[continuous, false])))
        return
    if missing:
        folds = ", ".join(map(str, missing))
        print(f"  incomplete: no list of fold {folds}; figures are of the others")
    if any(picture.size is None for picture in pictures):
        print(
            "  pictures are missing (--pictures): their sizes are guessed, see the head of "
            "evaluate/fddb_files.py"
        )
    print(
        f"{len(pictures)} pictures, {sum(len(one.faces) for one in pictures)} faces, "
        f"{sum(len(one.scores) for one in pictures)} detections\n"
        f"  at the end, {false} false positives: discrete {discrete:.4f}, continuous "
        f"{continuous:.4f}; curves in {args.out}"
    )


if __name__ == "__main__":
    sys.exit(main())
