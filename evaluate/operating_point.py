"""Find the score from which on a model's detections are right often enough; keep it with the model.

    python -m evaluate.operating_point --model out/real/model \\
        --records data/real/composites_val/records.jsonl --precision 0.98

The records must be of scenes that the model has not learnt from, and that nothing is reported on.
On photographs a model is less often right than on composed scenes, so that more is asked for here
than is hoped for there. The score stands in the model's model.json.
"""

import sys
import tempfile

from allinone import arguments, device, files, model
from allinone.errors import InputError, command
from evaluate import photographs

ENGINE = "opencv"  # on a CPU


def parse(argv):
    """Return the command's arguments."""
    parser = arguments.Parser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="folder of the fused model")
    parser.add_argument("--records", required=True, help="records of scenes with faces")
    parser.add_argument(
        "--precision",
        type=arguments.Real(least=0),
        required=True,
        help="least share of detections that must be faces",
    )
    parser.add_argument("--gpu", default="", help="GPU number; empty: CPU")
    return parser.parse_args(argv)


@command
def main(argv=None):
    """Run the command."""
    args = parse(argv)
    if args.gpu:
        device.use(args.gpu)
    before = model.open_model(args.model).score
    engine = "caffe" if args.gpu else ENGINE
    with tempfile.TemporaryDirectory() as out:
        searched = photographs.search(args.model, args.records, out, engine, args.gpu)
    counted = photographs.count(searched.pictures, photographs.found_by(searched.said))
    if not counted.faces:
        raise InputError(
            f"{args.records}: no face of {photographs.LEAST_FACE} pixels and more in it; name the "
            "records of scenes with larger faces"
        )
    point = photographs.greatest_recall(counted, args.precision)
    if not point.recall:
        raise InputError(
            f"{args.records}: at no score are {args.precision:.0%} of the detections faces; ask "
            "for less, or go on with the training"
        )
    model.set_score(
        args.model,
        point.score,
        records=files.sha256(args.records),
        precision=point.precision,
        recall=point.recall,
    )
    print(
        f"{args.model}: score {point.score:g} (before: {before:g}), where {point.precision:.1%} of "
        f"the detections are faces, and {point.recall:.1%} of {counted.faces} faces of "
        f"{photographs.LEAST_FACE} pixels and more are found"
    )


if __name__ == "__main__":
    sys.exit(main())
