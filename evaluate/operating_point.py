"""Find the detection score from which on a model is right often enough, and write it into its provenance.json: the score that it is used with.

    python -m evaluate.operating_point --model out/real/second/model --records data/real/composites_val/records.jsonl --precision 0.98

The records must be of scenes that the model has not learnt from, and that nothing is reported on. On photographs a model is less often right than on composed
scenes, so that more is asked for here than is hoped for there.
"""

import argparse
import os
import sys
import tempfile

from allinone import analyzer as analysis
from allinone import backend, device, files, snapshots
from allinone.errors import InputError, command
from evaluate import predictions, real


@command
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="folder of the fused model")
    parser.add_argument("--records", required=True, help="records of scenes with faces")
    parser.add_argument(
        "--precision",
        type=float,
        required=True,
        help="least share of detections that must be faces",
    )
    parser.add_argument("--gpu", default="", help="GPU number; empty: CPU")
    args = parser.parse_args(argv)
    device.use(args.gpu)
    told = backend.provenance(args.model)
    if not told:
        raise InputError(f"{args.model}: no {snapshots.PROVENANCE}; fuse the model again")
    pictures = predictions.records_in(args.records)
    models = dict.fromkeys({faces[0].split for _, faces in pictures}, args.model)
    settings = predictions.settings_of(
        args.records,
        models,
        kind="detect",
        proposals="dense",
        score="aligned",
        stage=1,
        attributes=False,
    )
    with tempfile.TemporaryDirectory() as out:
        lines = predictions.predict(
            out, os.path.dirname(args.records), pictures, models, settings, "opencv"
        )
    found = [
        ([face["box"] for face in line["faces"]], [face["score"] for face in line["faces"]])
        for line in lines
    ]
    scores, true, faces = real.detections(pictures, found)
    recall, precision, score = real.recall_at(scores, true, faces, args.precision)
    if not recall:
        raise InputError(
            f"{args.records}: at no score are {args.precision:.0%} of the detections faces; ask for less, or go on with the training"
        )
    files.write_json(
        os.path.join(args.model, snapshots.PROVENANCE),
        dict(
            told,
            score=score,
            score_from=dict(records=files.sha256(args.records), precision=precision, recall=recall),
        ),
    )
    print(
        f"{args.model}: score {score:g} (before: {told.get('score', analysis.SCORE):g}), where {precision:.1%} of the detections are faces, and {recall:.1%} of {faces} faces of {real.LEAST_FACE} pixels and more are found"
    )


if __name__ == "__main__":
    sys.exit(main())
