"""Probabilities that mean something: how far they are off, and the scale that mends them.

A net that was trained is surer than it is right (Guo et al., On Calibration of Modern Neural
Networks, arXiv 1706.04599). Its log odds, multiplied by one number that is found on faces held
out (temperature scaling), say how often it is right; which answer is likelier does not change. With
a second number added (Platt scaling) that can change, but not which of two faces has the larger
probability.
"""

from __future__ import annotations

from typing import NamedTuple, Optional

import numpy as np

from allinone import tasks
from allinone.log_odds import FURTHEST, Scale, from_log_odds, log_odds
from evaluate.task_figures import DETECTION

BINS = 15  # of equal width, as in Guo et al.
SMALLEST = 1e-12  # share whose logarithm is taken
LARGEST_SCALE = 20.0  # our choice: of log odds; its inverse is the smallest
LEAST_ANSWERS, LEAST_WRONG = 50, 3  # our choice: held-out answers, and wrong ones among them


class Reliability(NamedTuple):
    """A reliability diagram: what is said and what is true, by bins of what is said."""

    confidence: np.ndarray  # (bins,) mean of what is said, NaN where nothing is
    right: np.ndarray  # (bins,) share that is right, NaN where nothing is
    counts: np.ndarray  # (bins,) answers


def reliability(confidence, right, bins: int = BINS) -> Reliability:
    """Return the diagram of answers: confidence (n,) from 0 to 1, right (n,) bool.

    Bin m of M has confidences above (m - 1) / M, up to m / M.
    """
    confidence, right = np.asarray(confidence, np.float64), np.asarray(right, np.float64)
    places = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    counts = np.bincount(places, minlength=bins)
    with np.errstate(invalid="ignore"):
        means = [np.bincount(places, some, bins) / counts for some in (confidence, right)]
    return Reliability(*means, counts)


def expected_error(confidence, right, bins: int = BINS) -> float:
    """Return the expected calibration error: |said - true| of the bins, weighted by their answers.

    As `reliability`; ValueError without an answer.
    """
    found = reliability(confidence, right, bins)
    if not found.counts.sum():
        raise ValueError("a calibration error needs at least one answer")
    off = np.nan_to_num(np.abs(found.confidence - found.right))
    return float((off * found.counts).sum() / found.counts.sum())


def of_answers(probabilities, truth) -> tuple[np.ndarray, np.ndarray]:
    """Return (confidence, right) of answers to yes or no: that of the likelier one.

    probabilities (n,) of class 1, truth (n,) of 0 and 1.
    """
    probabilities = np.asarray(probabilities, np.float64)
    return np.maximum(probabilities, 1 - probabilities), (probabilities >= 0.5) == truth


def judged(task: tasks.Task, said, truth) -> tuple[np.ndarray, np.ndarray]:
    """Return (confidence, right) of a task's answers: probabilities (n,) and labels (n,).

    Detections all say that a face is there; their labels tell whether it is.
    """
    if task is DETECTION:
        return np.asarray(said, np.float64), np.asarray(truth, bool)
    return of_answers(said, truth)


def is_enough(right) -> bool:
    """Tell whether answers (n,), right or not, are enough to find a scale by."""
    wrong = len(right) - int(np.sum(right))
    return len(right) >= LEAST_ANSWERS and LEAST_WRONG <= wrong < len(right)


def fit(probabilities, truth, shifted: bool = False) -> Optional[Scale]:
    """Return the scale under which held-out labels are likeliest; None where they are too few.

    probabilities (n,) of class 1, or (n, k): an answer is the mean of k, such as those for a face
    and for its mirror. truth (n,) of 0 and 1; shifted: Platt scaling of answers that all say 1, as
    detections do, else temperature scaling.
    """
    from scipy import optimize  # here: importing it takes a second

    truth = np.asarray(truth, np.float64)
    probabilities = np.asarray(probabilities, np.float64)
    if probabilities.ndim == 1:
        probabilities = probabilities[:, None]
    right = truth if shifted else of_answers(probabilities.mean(axis=1), truth)[1]
    if not is_enough(right):
        return None
    odds = log_odds(probabilities)

    def unlikeliness(values):
        shift = values[1] if shifted else 0.0
        said = from_log_odds(np.exp(values[0]) * odds + shift).mean(axis=1)
        said = np.clip(said, SMALLEST, 1 - SMALLEST)
        return -(truth * np.log(said) + (1 - truth) * np.log1p(-said)).mean()

    start = np.zeros(2 if shifted else 1)
    limits = [(-np.log(LARGEST_SCALE), np.log(LARGEST_SCALE)), (-2 * FURTHEST, 2 * FURTHEST)]
    best = optimize.minimize(unlikeliness, start, method="Nelder-Mead", bounds=limits[: len(start)])
    factor, *rest = np.append(np.exp(best.x[0]), best.x[1:]).tolist()
    return Scale(factor, *rest)
