"""The canonical face: a similarity transform from landmarks, the warp, the mirror."""

from __future__ import annotations

import cv2
import numpy as np

from allinone.errors import InputError
from allinone.profiles import EYES

# our choice: where the 21 landmarks of an upright, frontal face lie in the aligned picture, as
# shares of its side. Eye centres are EYES apart: hair, chin and the sides of the head stay in the
# picture. A profile or a model may have them further apart (`tightened`).
# fmt: off
CANONICAL = np.float32([
    [0.295, 0.367], [0.361, 0.340], [0.434, 0.362],  # left brow
    [0.566, 0.362], [0.639, 0.340], [0.705, 0.367],  # right brow
    [0.328, 0.420], [0.381, 0.416], [0.432, 0.420],  # left eye
    [0.568, 0.420], [0.619, 0.416], [0.672, 0.420],  # right eye
    [0.164, 0.467], [0.447, 0.557], [0.500, 0.549], [0.553, 0.557], [0.836, 0.467],  # ears, nose
    [0.414, 0.660], [0.500, 0.672], [0.586, 0.660], [0.500, 0.787],  # mouth, chin
])
# fmt: on
MIDDLE = np.array([0.5, 0.55])  # our choice: of the face; it stays where it is in tighter pictures
EARS = (12, 16)
# Ears are left out: they move most with yaw and are most often guessed.
STABLE = np.array([place for place in range(21) if place not in EARS])
UNFIT = "alignment needs at least two landmarks, at different places, other than the ears"
# Share of the side that a database adds on every side, so that training can shift the crop.
MARGIN = 8 / 115
HIDDEN_WEIGHT = 0.25  # our choice: how much a hidden point counts beside a visible one
LEAST_SPREAD = 1e-6  # of the points; below it all lie at one place


def similarities(points: np.ndarray, visibility: np.ndarray) -> np.ndarray:
    """Return transforms (n, 2, 3) from image pixels to the unit square; see `similarity`.

    points: (n, 21, 2), NaN where unknown; visibility: (n, 21). The transform is NaN where fewer
    than two landmarks are known, or all lie at one place.
    """
    # As complex numbers the best similarity is a factor, sum(conj(s) t) / sum(|s|^2), and a shift.
    source = np.asarray(points, np.float64)[:, STABLE] @ (1, 1j)
    target = CANONICAL[STABLE] @ (1, 1j)
    known = np.isfinite(source)
    seen = np.asarray(visibility)[:, STABLE] >= 0.5
    weight = np.where(seen, 1.0, HIDDEN_WEIGHT) * known
    with np.errstate(invalid="ignore", divide="ignore"):
        weight /= weight.sum(axis=1, keepdims=True)
        source = np.where(known, source, 0)
        source_mean, target_mean = (weight * source).sum(axis=1), weight @ target
        source = source - source_mean[:, None]
        weighted = weight * source.conj()
        spread = (weighted * source).sum(axis=1).real
        fit = (weighted * (target - target_mean[:, None])).sum(axis=1) / spread
        factor = np.where(spread > LEAST_SPREAD, fit, np.nan)
        shift = target_mean - factor * source_mean
    rows = [factor.real, -factor.imag, shift.real, factor.imag, factor.real, shift.imag]
    return np.stack(rows, axis=1).reshape(-1, 2, 3)


def similarity(points: np.ndarray, visibility: np.ndarray | None = None) -> np.ndarray:
    """Return the 2x3 transform from image pixels to the unit square of the aligned face.

    points: (21, 2) pixels, NaN where unknown; visibility: (21,), 0 to 1. Least squares over
    rotation, scale and shift (no mirror). InputError where fewer than two points are known.
    """
    seen = np.ones(len(points)) if visibility is None else np.asarray(visibility)
    (matrix,) = similarities(np.asarray(points)[None], seen[None])
    if not np.isfinite(matrix).all():
        raise InputError(UNFIT)
    return matrix


def tightened(unit: np.ndarray, eyes: float) -> np.ndarray:
    """Return transforms (..., 2, 3) to the unit square in which eye centres are `eyes` apart."""
    if eyes == EYES:
        return unit
    tight = unit * (eyes / EYES)
    tight[..., 2] += (1 - eyes / EYES) * MIDDLE
    return tight


def in_pixels(unit: np.ndarray, size: int, margin: float = 0.0, eyes: float = EYES) -> np.ndarray:
    """Return transforms (..., 2, 3) to the aligned face of `size` pixels, as OpenCV warps.

    margin: share of the face's side that is added on every side; eyes: how far apart eye centres
    are, as a share of the face's side.
    """
    inner = size / (1 + 2 * margin)
    matrix = tightened(unit, eyes) * inner
    matrix[..., 2] += margin * inner
    # OpenCV counts from the centre of the first pixel, points from its corner.
    matrix[..., 2] += matrix[..., :2].sum(axis=-1) / 2 - 0.5
    return matrix


def warp(
    image: np.ndarray,
    points: np.ndarray,
    size: int,
    visibility: np.ndarray | None = None,
    eyes: float = EYES,
) -> np.ndarray:
    """Return the aligned face, BGR uint8 (size, size, 3). InputError as `similarity`."""
    return warp_by(image, in_pixels(similarity(points, visibility), size, eyes=eyes), size)


def warp_by(image: np.ndarray, matrix: np.ndarray, size: int) -> np.ndarray:
    """Return the picture warped by a transform of `in_pixels`, BGR uint8 (size, size, 3).

    Beyond the border of the picture the edge is repeated.
    """
    return cv2.warpAffine(
        image, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )


def stored_size(input_size: int) -> int:
    """Return the side of the aligned faces that a database stores for nets of this input size."""
    return input_size + 2 * int(round(MARGIN * input_size))


def mirror(image: np.ndarray) -> np.ndarray:
    """Return the picture mirrored left to right."""
    return cv2.flip(image, 1)
