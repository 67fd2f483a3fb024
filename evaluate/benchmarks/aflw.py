"""AFLW, landmarks (section IV-B, table II): faces of the test part, a third in each bin of yaw."""

from __future__ import annotations

import numpy as np

from allinone.errors import InputError
from evaluate import answers, curves, landmark_errors, metrics, peers, predictions
from evaluate.benchmark import Benchmark, Figure, Measured, peers_of
from evaluate.run import Run, worst

SPLIT = "test_landmarks"
FAILED = 0.10  # of the face's size: a mean error above it is a failure
ANGLES = ("roll", "pitch", "yaw")
BY_BIN = (*(f"nme_{low}_{high}" for low, high in metrics.YAW_BINS), "nme_mean", "nme_std")


def measure(run: Run) -> Measured:
    """Measure landmarks, visibility and pose of a model."""
    pairs = []
    for face, found in predictions.pair_up(run.pictures, run.predict(answers.FACES)):
        is_chosen = face.split == SPLIT  # a test picture may show other faces too
        if is_chosen and face.pose is not None and face.landmarks is not None:
            pairs.append((face, found))
    if not pairs:
        raise InputError(f"{run.folder}: no face of {SPLIT} has landmarks and pose; is it whole?")
    errors = landmark_errors.of(pairs, metrics.box_size)
    return Measured(
        figures=figures_of(pairs, errors),
        counts=dict(faces=len(pairs)),
        rules=(f"landmarks: {run.options.score}",),
        curves={"ours": curves.errors(errors)},
        failures=failures(pairs, errors),
    )


def figures_of(pairs, errors: np.ndarray) -> dict[str, float]:
    """Return {figure: value} of all faces."""
    poses = np.float64([face.pose for face, _ in pairs])
    off = np.abs(np.float64([found.pose for _, found in pairs]) - poses).mean(axis=0)
    bins, mean, deviation = metrics.by_yaw(errors, poses[:, 2])
    seen = np.stack([face.visibility_array() for face, _ in pairs])
    called_seen = np.float64([found.visibility for _, found in pairs]) >= 0.5
    return {
        **{name: 100 * value for name, value in zip(BY_BIN, (*bins, mean, deviation))},
        "failures_10": 100 * metrics.failure_rate(errors, FAILED),
        "visibility": 100 * metrics.accuracy(called_seen.ravel(), seen.ravel()),
        **{f"{angle}_mae": float(value) for angle, value in zip(ANGLES, off)},
    }


def failures(pairs, errors: np.ndarray) -> list[dict]:
    """Return the faces whose landmarks are worst."""
    entries = []
    for (face, _), error in zip(pairs, errors):
        text = f"{error:.0%}, yaw {face.pose[2]:.0f}°"
        entries.append((error, face.image, face.box, text))
    return worst(entries)


BENCHMARK = Benchmark(
    name="aflw",
    title="AFLW: landmarks",
    about="Landmarks on AFLW, by yaw.",
    section="IV-B",
    where="section IV-B, table II",
    splits=(SPLIT,),
    figures=(
        Figure("nme_0_30", "mean error / sqrt(w h) of the box, |yaw| 0-30°", "%", False, 2.84),
        Figure("nme_30_60", "mean error, |yaw| 30-60°", "%", False, 2.94),
        Figure("nme_60_90", "mean error, |yaw| 60-90°", "%", False, 3.09),
        Figure("nme_mean", "mean over the three bins", "%", False, 2.96),
        Figure("nme_std", "standard deviation over the three bins", "%", False, 0.13),
        Figure("failures_10", "faces with an error above 10 %", "%", False),
        Figure("visibility", "points rightly called visible or hidden", "%", True),
        Figure("roll_mae", "mean absolute error of roll", "°", False),
        Figure("pitch_mae", "mean absolute error of pitch", "°", False),
        Figure("yaw_mae", "mean absolute error of yaw", "°", False),
    ),
    rules=(
        "the protocol of 3DDFA ([58] of the paper), to which section IV-B refers: visible points "
        "only; errors are shares of sqrt(width x height) of the annotated box",
        "a third of the faces each in |yaw| 0-30, 30-60, 60-90; mean and sample standard deviation "
        "over the three means",
    ),
    measure=measure,
    peers=peers_of(
        "table II",
        BY_BIN,
        {
            "RCPR": (5.43, 6.58, 11.53, 7.85, 3.24),
            "ESR": (5.66, 7.12, 11.94, 8.24, 3.29),
            "SDM": (4.75, 5.55, 9.34, 6.55, 2.45),
            "3DDFA": (5.00, 5.06, 6.74, 5.60, 0.99),
            "3DDFA+SDM": (4.75, 4.83, 6.38, 5.32, 0.92),
            "HyperFace": (3.93, 4.14, 4.71, 4.26, 0.41),
        },
    ),
    peer_files=peers.curves_alone("landmarks", curves.LANDMARKS, curves.UNDER),
    score=answers.MEAN_REGIONS,
    score_of="landmarks and pose",
)
