"""Score anybody's result file for AFW or PASCAL faces by the rules of face-eval; no model and no picture is needed."""

import json
import os

from allinone.errors import InputError
from evaluate import face_eval


def add_options(parser):
    """Add the options with which a benchmark scores a result file instead of a model."""
    parser.add_argument(
        "--detections",
        help=f"score this result file instead of a model: {', '.join(face_eval.READERS)}, as the face-eval toolbox reads it",
    )
    parser.add_argument(
        "--annotations", help="with --detections: the toolbox's annotation file (.mat)"
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="with --detections: print nothing but one line of JSON, average precision in percent",
    )


def score(args):
    """Print the average precision of args.detections by args.annotations."""
    if not args.annotations:
        raise InputError("--detections: name the annotation file with --annotations")
    truth = face_eval.read_annotations(args.annotations)
    detections = face_eval.read_detections(args.detections)
    strangers = set(detections.image) - set(truth)
    if len(detections.score) and len(strangers) == len(set(detections.image)):
        raise InputError(
            f"{args.detections}: none of its pictures, such as '{sorted(strangers)[0]}', is in {args.annotations}; are both of the same set?"
        )
    found, _ = face_eval.assess(detections, truth)
    rounded = {
        name: round(value, 4) if isinstance(value, float) else value
        for name, value in found.items()
    }
    if args.json:
        print(json.dumps(rounded))
        return
    print(
        f"{os.path.basename(args.detections)}: {rounded['detections']} detections, {rounded['faces']} faces, {rounded['ignored']} ignored\n"
        f"  average precision {rounded['ap_plain']:.2f} %, with refined boxes {rounded['ap_refined']:.2f} %; recall {rounded['recall']:.2f} %"
    )
    print(
        f"  ({len(strangers)} pictures of the result file are not annotated)" if strangers else "",
        end="\n" if strangers else "",
    )
