"""Curves as plain types, as results.json holds them and the report draws them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Optional

import numpy as np

from allinone import tasks
from evaluate import calibration, metrics

MOST = 400  # points of a drawn curve
FURTHEST = 0.25  # of a cumulative curve of landmark errors: the largest error that is drawn
FAR_FROM = 1e-3  # least rate of a ROC on a logarithmic axis
UNDER = 0.05  # landmark error whose share of faces stands in the legend (figure 7a)
YAW_UP_TO = 90  # degrees: the largest error of yaw that is drawn (figure 7b)
FALSE_POSITIVES = 1000  # our choice: where FDDB's rate is read off for the legend


class Kind(NamedTuple):
    """What a curve shows: curves of one kind share a drawing."""

    xlabel: str
    ylabel: str


PRECISION = Kind("recall", "precision")
LANDMARKS = Kind("mean landmark error / face size", "share of faces")
YAW = Kind("absolute error of yaw, rounded to 15° [degrees]", "share of faces")
DISCRETE = Kind("false positives", "true positive rate, discrete")
CONTINUOUS = Kind("false positives", "true positive rate, continuous")
ACCEPTED = Kind("false accept rate", "true accept rate")
RELIABILITY = Kind("probability that is said", "share that is right")


def thin(values: Sequence[float], most: int = MOST) -> list[float]:
    """Return at most about `most` of many values, evenly chosen and the last among them."""
    step = max(1, len(values) // most)
    return [round(float(value), 6) for value in [*values[::step], *values[-1:]]]


def curve(
    x: Sequence[float], y: Sequence[float], kind: Kind, value: Optional[float] = None
) -> dict[str, Any]:
    """Return a curve, thinned out, with the labels of its axes.

    value: what the legend shows beside its name, in percent.
    """
    found = dict(x=thin(x), y=thin(y), xlabel=kind.xlabel, ylabel=kind.ylabel)
    return found if value is None else dict(found, value=round(float(value), 4))


def kind_of(found: dict[str, Any]) -> Kind:
    """Return the kind of a curve."""
    return Kind(found["xlabel"], found["ylabel"])


def precision_recall(
    recall: Sequence[float], precision: Sequence[float], average: float
) -> dict[str, Any]:
    """Return the curve of a detector, with its average precision in percent (figure 6)."""
    return curve(recall, precision, PRECISION, average)


def errors(values: Sequence[float]) -> dict[str, Any]:
    """Return the cumulative curve of landmark errors, shares of the face's size (figure 7a).

    The legend shows the percentage of faces with an error of at most UNDER.
    """
    limits = np.linspace(0, FURTHEST, 51)
    under = 100 * metrics.cumulative_error(values, [UNDER])[0]
    return curve(limits, metrics.cumulative_error(values, limits), LANDMARKS, under)


def yaw_errors(values: Sequence[float]) -> dict[str, Any]:
    """Return the cumulative curve of errors of yaw in degrees, of `metrics.yaw_errors` (7b).

    The legend shows the percentage of faces that are at most one step off.
    """
    limits = np.arange(0, YAW_UP_TO + 1, metrics.YAW_STEP)
    shares = metrics.cumulative_error(values, limits + metrics.TOLERANCE)
    return curve(limits, shares, YAW, 100 * shares[1])


def reliability(task: tasks.Task, said: Sequence[float], truth: Sequence[int]) -> dict[str, Any]:
    """Return the reliability diagram of a task, see evaluate.calibration: a point for each bin.

    said: probabilities (n,); truth: labels (n,). The legend shows the expected calibration error in
    percent.
    """
    confidence, right = calibration.judged(task, said, truth)
    found = calibration.reliability(confidence, right)
    known = found.counts > 0
    error = 100 * calibration.expected_error(confidence, right)
    return curve(found.confidence[known], found.right[known], RELIABILITY, error)


def reliability_name(task: tasks.Task) -> str:
    """Return the name of a task's reliability diagram, beside which the legend has its number."""
    return f"{task.name}, expected calibration error"
