"""AFW, detection, landmarks and pose (sections IV-A to IV-C).

    python -m evaluate.afw --data data/afw --model out/paper/model
    python -m evaluate.afw --annotations new_annotations_AFW.mat --detections DPM.txt --json

Detection by the annotations that AFW came with and, where it is in the folder, by new_annotations_AFW.mat of the face-eval toolbox.
"""

import os
import sys

import numpy as np

from allinone.errors import command
from evaluate import benchmark, detection, face_eval, metrics, predictions, scored_files

NEW = "new_annotations_AFW.mat"
LARGE = 150  # pixels of height, from which Zhu and Ramanan 2012 look at landmarks and pose
LIMIT = 0.05  # of the face's size: the mean error that the paper gives the share of (section IV-B)
RULES = detection.RULES + (
    "landmarks and pose of every annotated face, given its box; six points (eye centres, nose, mouth corners and centre), visible ones only",
    "landmark errors are shares of the face's size, the mean of width and height of its box (Zhu and Ramanan 2012; our choice, the paper does not say)",
    "yaw is rounded to the nearest 15° and may be 15° off",
)


def landmark_errors(pairs):
    """Return each face's mean error (n,) over its size, of [(FaceRecord, prediction)]."""
    truth, seen = (
        np.stack([face.landmark_array() for face, _ in pairs]),
        np.stack([face.visibility_array() for face, _ in pairs]),
    )
    return metrics.nme(
        np.float64([found["landmarks"] for _, found in pairs]),
        truth,
        seen,
        metrics.face_size([face.box for face, _ in pairs]),
    )


def faces_figures(pairs):
    """Return ({figure: value}, errors (n,), yaws (n,) of the predictions) of landmarks and pose."""
    errors, large = (
        landmark_errors(pairs),
        np.array([face.box[3] - face.box[1] >= LARGE for face, _ in pairs]),
    )
    yaw, truth = (
        np.float64([found["pose"][2] for _, found in pairs]),
        np.float64([face.pose[2] for face, _ in pairs]),
    )
    figures = dict(
        landmarks_under_5=100 * metrics.cumulative_error(errors, [LIMIT])[0],
        nme=100 * float(np.nanmean(errors)),
        yaw_within_15=100 * metrics.pose_accuracy(yaw, truth),
    )
    if large.any():
        figures.update(
            landmarks_under_5_large=100 * metrics.cumulative_error(errors[large], [LIMIT])[0],
            yaw_within_15_large=100 * metrics.pose_accuracy(yaw[large], truth[large]),
        )
    return {name: float(value) for name, value in figures.items()}, errors, yaw


def failures(pairs, errors, yaw):
    """Return the faces whose landmarks are worst, with both yaws."""
    return benchmark.worst(
        (
            None if np.isnan(error) else error,
            face.image,
            face.box,
            f"landmarks {error:.0%}, yaw {angle:.0f}°, is {face.pose[2]:.0f}°",
        )
        for (face, _), error, angle in zip(pairs, errors, yaw)
    )


def error_curve(errors, upto=0.25):
    """Return the cumulative error curve as plain types, for the report."""
    limits = np.linspace(0, upto, 51)
    return dict(
        x=[round(float(limit), 4) for limit in limits],
        y=[round(float(share), 5) for share in metrics.cumulative_error(errors, limits)],
        xlabel="mean landmark error / face size",
        ylabel="share of faces",
    )


@command
def main(argv=None):
    parser = benchmark.parser_of("afw", __doc__.splitlines()[0])
    benchmark.add_score(parser, "mean-regions", "landmarks and pose")
    scored_files.add_options(parser)
    args = parser.parse_args(argv)
    if args.detections:
        return scored_files.score(args)
    run = benchmark.start("afw", args)
    lines = benchmark.predict(run, "detect")
    found, curve = detection.measure(run, lines)
    figures, counts = (
        {name: found[name] for name in ("ap_refined", "ap_plain")},
        dict(pictures=len(run.pictures), faces=found["faces"]),
    )
    new = os.path.join(args.data, NEW)
    if os.path.isfile(new):
        again, _ = face_eval.assess(detection.as_detections(lines), face_eval.read_annotations(new))
        figures.update({f"{name}_new": again[name] for name in ("ap_refined", "ap_plain")})
        counts["faces of the newer annotations"] = again["faces"]
    else:
        run.missing.append(f"{NEW}, the toolbox's newer annotations, is not there")
    pairs = predictions.pair_up(run.pictures, benchmark.predict(run, "faces", score=args.score))
    more, errors, yaw = faces_figures(pairs)
    benchmark.finish(
        run,
        {**figures, **more},
        counts,
        RULES + (f"landmarks and pose: {args.score}",),
        {"ours": curve, "ours, landmarks": error_curve(errors)},
        detection.failures(run, lines) + failures(pairs, errors, yaw),
    )


if __name__ == "__main__":
    sys.exit(main())
