"""AFLW, landmarks (section IV-B, table II): faces of the test part, a third in each bin of |yaw|.

python -m evaluate.aflw --data data/aflw --model out/paper/model
"""

import sys

import numpy as np

from allinone.errors import command
from evaluate import afw, benchmark, metrics, predictions

SPLIT = "test_landmarks"
FAILED = 0.10
RULES = (
    "visible points only; errors are shares of sqrt(width x height) of the annotated box (as 3DDFA; our choice, the paper does not say)",
    "a third of the faces each in |yaw| 0-30, 30-60, 60-90; mean and sample standard deviation over the three means",
)


def measure(pairs):
    """Return ({figure: value}, errors (n,)) of [(FaceRecord, prediction)]."""
    truth, seen = (
        np.stack([face.landmark_array() for face, _ in pairs]),
        np.stack([face.visibility_array() for face, _ in pairs]),
    )
    errors = metrics.nme(
        np.float64([found["landmarks"] for _, found in pairs]),
        truth,
        seen,
        metrics.box_size([face.box for face, _ in pairs]),
    )
    poses, found = (
        np.float64([face.pose for face, _ in pairs]),
        np.float64([found["pose"] for _, found in pairs]),
    )
    bins, mean, deviation = metrics.by_yaw(errors, poses[:, 2])
    off = np.abs(found - poses).mean(axis=0)
    return dict(
        zip(
            (f"nme_{low}_{high}" for low, high in metrics.YAW_BINS), (100 * value for value in bins)
        ),
        nme_mean=100 * mean,
        nme_std=100 * deviation,
        failures_10=100 * metrics.failure_rate(errors, FAILED),
        visibility=100
        * metrics.accuracy(
            (np.float64([one["visibility"] for _, one in pairs]) >= 0.5).ravel(), seen.ravel()
        ),
        roll_mae=float(off[0]),
        pitch_mae=float(off[1]),
        yaw_mae=float(off[2]),
    ), errors


@command
def main(argv=None):
    parser = benchmark.parser_of("aflw", __doc__.splitlines()[0])
    benchmark.add_score(parser, "mean-regions", "landmarks and pose")
    args = parser.parse_args(argv)
    run = benchmark.start("aflw", args, (SPLIT,))
    # A test picture may show other faces than the chosen one.
    pairs = predictions.pair_up(run.pictures, benchmark.predict(run, "faces", score=args.score))
    pairs = [
        (face, found)
        for face, found in pairs
        if face.split == SPLIT and face.pose is not None and face.landmarks is not None
    ]
    figures, errors = measure(pairs)
    benchmark.finish(
        run,
        figures,
        dict(faces=len(pairs)),
        RULES + (f"landmarks: {args.score}",),
        {"ours": afw.error_curve(errors)},
        benchmark.worst(
            (
                None if np.isnan(error) else error,
                face.image,
                face.box,
                f"{error:.0%}, yaw {face.pose[2]:.0f}°",
            )
            for (face, _), error in zip(pairs, errors)
        ),
    )


if __name__ == "__main__":
    sys.exit(main())
