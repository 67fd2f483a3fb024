"""Curves as plain types, as results.json holds them and the report draws them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from evaluate import metrics

MOST = 400  # points of a drawn curve
FURTHEST = 0.25  # of a cumulative error curve: the largest error that is drawn


def thin(values: Sequence[float], most: int = MOST) -> list[float]:
    """Return at most about `most` of many values, evenly chosen and the last among them."""
    step = max(1, len(values) // most)
    return [round(float(value), 6) for value in [*values[::step], *values[-1:]]]


def curve(x: Sequence[float], y: Sequence[float], xlabel: str, ylabel: str) -> dict[str, Any]:
    """Return a curve with the labels of its axes, thinned out."""
    return dict(x=thin(x), y=thin(y), xlabel=xlabel, ylabel=ylabel)


def errors(values: Sequence[float]) -> dict[str, Any]:
    """Return the cumulative curve of landmark errors, which are shares of the face's size."""
    limits = np.linspace(0, FURTHEST, 51)
    shares = metrics.cumulative_error(values, limits)
    return dict(
        x=[round(float(limit), 4) for limit in limits],
        y=[round(float(share), 5) for share in shares],
        xlabel="mean landmark error / face size",
        ylabel="share of faces",
    )
