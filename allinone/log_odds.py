"""Log odds of probabilities, and the scale by which a net's are calibrated."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

FURTHEST = 16.0  # from 0: single precision has no probability nearer to 1


def log_odds(probabilities) -> np.ndarray:
    """Return log odds (...), at most FURTHEST from 0."""
    p = np.asarray(probabilities, np.float64)
    with np.errstate(divide="ignore"):
        return np.clip(np.log(p) - np.log1p(-p), -FURTHEST, FURTHEST)


def from_log_odds(values) -> np.ndarray:
    """Return the probabilities (...) of log odds."""
    return 1 / (1 + np.exp(-np.asarray(values, np.float64)))


class Scale(NamedTuple):
    """What log odds are multiplied by, and what is added then."""

    factor: float
    shift: float = 0.0

    def applied(self, probabilities) -> np.ndarray:
        """Return the probabilities (...) that others become."""
        return from_log_odds(self.factor * log_odds(probabilities) + self.shift)
