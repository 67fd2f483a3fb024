"""Score anybody's detections on AFW or PASCAL faces by the rules of face-eval; no model is needed.

The commands evaluate.afw and evaluate.pascal have the same options.
"""

from __future__ import annotations

import argparse
import json
import os

from allinone import arguments
from allinone.errors import InputError
from evaluate import detection_files, face_eval


def parse(argv, name: str, description: str) -> argparse.Namespace:
    """Return the arguments of a command that scores a file of detections; name: of its set."""
    measure = f"To measure a model: python -m evaluate.measure {name}."
    parser = arguments.Parser(description=description, epilog=measure)
    parser.add_argument(
        "--annotations", required=True, help="annotation file of the face-eval toolbox (.mat)"
    )
    parser.add_argument(
        "--detections",
        required=True,
        help=f"file of detections: {', '.join(detection_files.READERS)}, as the toolbox reads it",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="print nothing but one line of JSON, average precision in percent",
    )
    return parser.parse_args(argv)


def score(args: argparse.Namespace) -> None:
    """Print the average precision of args.detections by args.annotations."""
    truth = face_eval.read_annotations(args.annotations)
    detections = detection_files.read(args.detections)
    pictures = set(detections.image)
    strangers = sorted(pictures - set(truth))
    if len(detections.score) and len(strangers) == len(pictures):
        raise InputError(
            f"{args.detections}: none of its pictures, such as '{strangers[0]}', is in "
            f"{args.annotations}; are both of the same set?"
        )
    found, _ = face_eval.assess(detections, truth)
    found = {
        name: round(value, 4) if isinstance(value, float) else value
        for name, value in found.items()
    }
    if args.json:
        print(json.dumps(found))
        return
    print(
        f"{os.path.basename(args.detections)}: {found['detections']} detections, "
        f"{found['faces']} faces, {found['ignored']} ignored\n"
        f"  average precision {found['ap_plain']:.2f} %, with refined boxes "
        f"{found['ap_refined']:.2f} %; recall {found['recall']:.2f} %"
    )
    if strangers:
        print(f"  ({len(strangers)} pictures of the result file are not annotated)")
