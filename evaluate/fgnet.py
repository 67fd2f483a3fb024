"""FG-NET, age, leaving one person out (section IV-E): with 82 models, each fine-tuned on all but one, or with one model.

python -m evaluate.fgnet --data data/fgnet --model out/paper/fgnet      # make finetune-fgnet
"""

import sys

import numpy as np

from allinone.errors import command
from evaluate import benchmark, metrics, predictions

RULES = (
    "mean absolute error over all pictures; every person is judged by a model that has not learnt from his or her pictures",
)


@command
def main(argv=None):
    parser = benchmark.parser_of("fgnet", __doc__.splitlines()[0])
    benchmark.add_score(parser, "aligned", "the landmarks by which faces are aligned")
    args = parser.parse_args(argv)
    run = benchmark.start("fgnet", args)
    pairs = predictions.pair_up(run.pictures, benchmark.predict(run, "faces", 2, args.score))
    errors = np.abs([found["age"] - face.age for face, found in pairs])
    tuned = (
        "one model for each person, fine-tuned on all others"
        if benchmark.tuned(run)
        else "one model for all, not fine-tuned on FG-NET"
    )
    people = [face.split for face, _ in pairs]
    benchmark.finish(
        run,
        dict(mae=float(errors.mean()), mae_people=metrics.mean_over_people(errors, people)),
        dict(pictures=len(pairs), people=len(set(people))),
        RULES + (tuned,),
        failures=benchmark.worst(
            (error, face.image, face.box, f"{found['age']:.0f} years, is {face.age:.0f}")
            for (face, found), error in zip(pairs, errors)
        ),
    )


if __name__ == "__main__":
    sys.exit(main())
