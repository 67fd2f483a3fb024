"""Boxes for sets that give none: from a few landmarks, or from how the set's pictures are cut."""

from __future__ import annotations

import numpy as np

from allinone import align, landmarks
from data_prep import record_checks

HALF = 0.5  # our choice: the face's share of width and height where as much again lies around it


def from_points(points: np.ndarray) -> list[float]:
    """Return the box of a face from landmarks (21, 2) of which some are NaN.

    It is the rectangle of all 21 points of the canonical face, fitted to the known ones.
    InputError where too few are known.
    """
    to_unit = align.similarity(points)
    whole = (align.CANONICAL - to_unit[:, 2]) @ np.linalg.inv(to_unit[:, :2]).T
    return landmarks.face_rectangle(whole).tolist()


def size_of(path: str) -> tuple[int, int]:
    """Return (width, height) of a picture; (1, 1) where it cannot be read.

    A record with an unreadable picture is dropped later, by data_prep.conversion.
    """
    size = record_checks.size_of(path)
    return (1, 1) if isinstance(size, str) else size


def middle(path: str, share: float = HALF) -> list[float]:
    """Return the box in the middle of a picture, with a share of its width and of its height."""
    width, height = size_of(path)
    low, high = (1 - share) / 2, (1 + share) / 2
    return [low * width, low * height, high * width, high * height]
