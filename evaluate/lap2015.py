"""ChaLearn LAP 2015, apparent age in its validation part, after fine-tuning (section IV-E).

python -m evaluate.lap2015 --data data/lap2015 --model out/paper/lap2015/model      # make finetune-lap2015
"""

import sys

import numpy as np

from allinone.errors import command
from evaluate import benchmark, metrics, predictions

RULES = (
    "error of a picture: 1 - exp(-(age - mean)^2 / (2 sigma^2)) by the mean and standard deviation of what people said; mean over pictures",
    "the set has no boxes: the face of highest score in the picture; a picture where none is found counts 1, as in the challenge",
)


@command
def main(argv=None):
    parser = benchmark.parser_of("lap2015", __doc__.splitlines()[0])
    benchmark.add_score(parser, "aligned", "the landmarks by which faces are aligned")
    args = parser.parse_args(argv)
    run = benchmark.start("lap2015", args, ("val",))
    lines = benchmark.predict(run, "faces", 2, args.score)
    pairs = predictions.all_pairs(run.pictures, lines)
    ages = np.array([np.nan if found is None else found["age"] for _, found in pairs])
    mean, sigma = (
        np.float64([face.age for face, _ in pairs]),
        np.float64([face.age_sigma for face, _ in pairs]),
    )
    errors, found = metrics.epsilon_error(ages, mean, sigma), np.isfinite(ages)
    if not found.all():
        run.missing.append(f"{int((~found).sum())} pictures in which no face was found")
    benchmark.finish(
        run,
        dict(
            epsilon=float(errors.mean()),
            mae=metrics.mean_absolute_error(ages[found], mean[found])
            if found.any()
            else float("nan"),
        ),
        dict(pictures=len(pairs)),
        RULES,
        failures=benchmark.worst(
            (
                error,
                face.image,
                one and one["box"],
                f"{age:.0f} years, is {face.age:.0f} ± {face.age_sigma:.0f}",
            )
            for (face, one), error, age in zip(pairs, errors, ages)
        ),
    )


if __name__ == "__main__":
    sys.exit(main())
