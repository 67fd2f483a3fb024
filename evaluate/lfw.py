"""LFW, verification of 6,000 pairs in ten folds; a bonus, the paper has no figure of it.

python -m evaluate.lfw --data data/lfw --model out/paper/model
"""

import json
import os
import sys

import numpy as np

from allinone.errors import InputError, command
from evaluate import benchmark, detection, metrics, predictions

PAIRS = "pairs.jsonl"
RULES = (
    "cosine of descriptors; each fold is decided by the threshold that does best on the other nine (trained on other data, unrestricted)",
    "the pictures' boxes are guessed: the middle of each, where LFW's own detector saw the face",
)


@command
def main(argv=None):
    parser = benchmark.parser_of("lfw", __doc__.splitlines()[0])
    args = parser.parse_args(argv)
    run = benchmark.start("lfw", args)
    pairs = predictions.pair_up(run.pictures, benchmark.predict(run, "faces", 2, descriptors=True))
    unit = metrics.unit_length(predictions.read_descriptors(os.path.join(run.out, "faces")))
    place = {face.image: number for number, (face, _) in enumerate(pairs)}
    with open(os.path.join(args.data, PAIRS), encoding="utf-8") as stream:
        asked = [json.loads(line) for line in stream]
    known = [row for row in asked if all(picture in place for picture in row["pictures"])]
    if len(known) < len(asked):
        run.missing.append(f"{len(asked) - len(known)} pairs have a picture that is missing")
    if len({row["fold"] for row in known}) < 2:
        raise InputError(
            f"{args.data}: pairs of two folds are needed, one to decide by the other; get the pictures that {PAIRS} names"
        )
    scores = np.array(
        [unit[place[row["pictures"][0]]] @ unit[place[row["pictures"][1]]] for row in known]
    )
    same, folds = np.array([row["same"] for row in known], bool), [row["fold"] for row in known]
    accuracies = metrics.fold_accuracies(scores, same, folds)
    wrong = benchmark.worst(
        (
            float(score) if not one else 1 - float(score),
            row["pictures"][0],
            None,
            f"{'the same' if one else 'different'}, cosine {score:.2f}: {row['pictures'][1]}",
        )
        for row, score, one in zip(known, scores, same)
    )
    false, true, _ = metrics.roc(scores, same)
    benchmark.finish(
        run,
        dict(
            accuracy=100 * float(np.mean(accuracies)),
            accuracy_std=100 * float(np.std(accuracies, ddof=1)),
            auc=100 * metrics.auc(scores, same),
        ),
        dict(pairs=len(known), folds=len(accuracies)),
        RULES,
        {
            "ours": dict(
                x=detection.thin(false),
                y=detection.thin(true),
                xlabel="false accept rate",
                ylabel="true accept rate",
            )
        },
        wrong,
    )


if __name__ == "__main__":
    sys.exit(main())
