"""AFW, detection, landmarks and pose (sections IV-A to IV-C).

Detection by the annotations that AFW came with and, where the folder has it, by
new_annotations_AFW.mat of the face-eval toolbox.
"""

from __future__ import annotations

import os

import numpy as np

from evaluate import (
    answers,
    curves,
    detection,
    face_eval,
    landmark_errors,
    metrics,
    peers,
    predictions,
)
from evaluate.benchmark import Benchmark, Figure, Measured
from evaluate.run import Run, worst

NEW = "new_annotations_AFW.mat"
OF_NEW = "_new"  # ends the names of figures by those
LARGE = 150  # pixels of height, from which Zhu and Ramanan 2012 look at landmarks and pose
LIMIT = 0.05  # of the face's size: the mean error that the paper gives the share of (section IV-B)


def measure(run: Run) -> Measured:
    """Measure detection, landmarks and pose of a model."""
    said = run.predict(answers.DETECT)
    found, curve = detection.measure(run, said)
    figures = {name: found[name] for name in face_eval.PRECISIONS}
    counts = dict(pictures=len(run.pictures), faces=found["faces"])
    new = os.path.join(run.folder, NEW)
    if os.path.isfile(new):
        truth = face_eval.read_annotations(new)
        again, _ = face_eval.assess(detection.as_detections(said), truth)
        figures.update({f"{name}{OF_NEW}": again[name] for name in face_eval.PRECISIONS})
        counts["faces of the newer annotations"] = again["faces"]
    else:
        run.note_missing(f"{NEW}, the toolbox's newer annotations, is missing")
    pairs = predictions.pair_up(run.pictures, run.predict(answers.FACES))
    errors = landmark_errors.of(pairs, metrics.face_size)
    return Measured(
        figures={**figures, **faces_figures(pairs, errors)},
        counts=counts,
        rules=(detection.tuning(run), f"landmarks and pose: {run.options.score}"),
        curves={
            "ours": curve,
            "ours, landmarks": curves.errors(errors),
            "ours, yaw": curves.yaw_errors(metrics.yaw_errors(*yaws(pairs))),
        },
        failures=detection.failures(run, said) + failures(pairs, errors),
    )


def yaws(pairs) -> tuple[np.ndarray, np.ndarray]:
    """Return (the model's yaws, the annotated ones)."""
    said = np.float64([found.pose[2] for _, found in pairs])
    return said, np.float64([face.pose[2] for face, _ in pairs])


def faces_figures(pairs, errors: np.ndarray) -> dict[str, float]:
    """Return {figure: value} of landmarks and pose."""
    large = np.array([face.box[3] - face.box[1] >= LARGE for face, _ in pairs])
    yaw, truth = yaws(pairs)
    figures = dict(
        landmarks_under_5=100 * metrics.cumulative_error(errors, [LIMIT])[0],
        nme=100 * np.nanmean(errors),
        yaw_within_15=100 * metrics.pose_accuracy(yaw, truth),
    )
    if large.any():
        figures.update(
            landmarks_under_5_large=100 * metrics.cumulative_error(errors[large], [LIMIT])[0],
            yaw_within_15_large=100 * metrics.pose_accuracy(yaw[large], truth[large]),
        )
    return {name: float(value) for name, value in figures.items()}


def failures(pairs, errors: np.ndarray) -> list[dict]:
    """Return the faces whose landmarks are worst, with both yaws."""
    entries = []
    for (face, found), error in zip(pairs, errors):
        text = f"landmarks {error:.0%}, yaw {found.pose[2]:.0f}°, is {face.pose[2]:.0f}°"
        entries.append((error, face.image, face.box, text))
    return worst(entries)


def peer_files(data: str):
    """Return what the detections in `peers` reach, by the newer annotations, and other curves."""
    rows, found = peers.precision_recall(data, NEW, OF_NEW)
    found += peers.points(data, "landmarks", curves.LANDMARKS, curves.UNDER)
    return rows, found + peers.points(data, "yaw", curves.YAW, metrics.YAW_STEP)


BENCHMARK = Benchmark(
    name="afw",
    title="AFW: detection, landmarks, pose",
    about="Detection, landmarks and pose on AFW.",
    section="IV-A",
    order=1,
    where="sections IV-A to IV-C, figures 6 and 7",
    needs=f"For the figures by the newer annotations: {NEW} of the face-eval toolbox.",
    figures=(
        Figure(
            "ap_refined", "detection: average precision, boxes refined (face-eval)", "%", True, 98.5
        ),
        Figure("ap_plain", "detection: average precision, boxes as they are", "%", True),
        Figure("ap_refined_new", "the same by the toolbox's newer annotations, refined", "%", True),
        Figure("ap_plain_new", "and as they are", "%", True),
        Figure(
            "landmarks_under_5",
            "landmarks: faces with a mean error under 5 % of the face",
            "%",
            True,
            95.5,
        ),
        Figure(
            "landmarks_under_5_large",
            "landmarks: the same, of faces of at least 150 pixels",
            "%",
            True,
        ),
        Figure("nme", "landmarks: mean error / mean of the box's width and height", "%", False),
        Figure("yaw_within_15", "pose: yaw, rounded to 15°, at most 15° off", "%", True, 99.0),
        Figure("yaw_within_15_large", "pose: the same, of faces of at least 150 pixels", "%", True),
    ),
    rules=(
        *detection.RULES,
        "landmarks and pose of every annotated face, given its box; six points (eye centres, nose, "
        "mouth corners and centre), visible ones only",
        "landmark errors are shares of the face's size, the mean of width and height of its box, "
        "as Zhu and Ramanan ([59] of the paper) have it; section IV-B refers to CCL ([57]), whose "
        "text it does not repeat",
        "yaw alone counts, rounded to the nearest 15°; it may be 15° off (section IV-C, [59])",
    ),
    measure=measure,
    tuned="fddb/all",
    peer_files=peer_files,
    score=answers.MEAN_REGIONS,
    score_of="landmarks and pose",
)
