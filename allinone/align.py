"""The canonical face: a similarity transform from landmarks, the warp, the mirror."""

import cv2
import numpy as np

from allinone.errors import InputError

# our choice: where the 21 landmarks of an upright, frontal face lie in the aligned picture, as shares of its side.
# Eye centres are 24 % of the side apart: hair, chin and the sides of the head stay in the picture, since they tell gender and age.
CANONICAL = np.float32(
    [
        [0.295, 0.367],
        [0.361, 0.340],
        [0.434, 0.362],
        [0.566, 0.362],
        [0.639, 0.340],
        [0.705, 0.367],
        [0.328, 0.420],
        [0.381, 0.416],
        [0.432, 0.420],
        [0.568, 0.420],
        [0.619, 0.416],
        [0.672, 0.420],
        [0.164, 0.467],
        [0.447, 0.557],
        [0.500, 0.549],
        [0.553, 0.557],
        [0.836, 0.467],
        [0.414, 0.660],
        [0.500, 0.672],
        [0.586, 0.660],
        [0.500, 0.787],
    ]
)
STABLE = np.array(
    [i for i in range(21) if i not in (12, 16)]
)  # ears move most with yaw and are most often guessed
UNFIT = "alignment needs at least two landmarks, at different places, other than the ears"
MARGIN = (
    8 / 115
)  # share of the side that a database adds on every side, so that training can shift the crop


def similarities(points, visibility):
    """Return the 2x3 transforms (n, 2, 3) from image pixels to the unit square of the aligned face; see `similarity`.

    points: (n, 21, 2), NaN where unknown; visibility: (n, 21). NaN where fewer than two landmarks are known, or all lie at one place.
    """
    # As complex numbers the best similarity is one factor, sum(conj(s) t) / sum(|s|^2), and a shift.
    source, target = (
        np.asarray(points, np.float64)[:, STABLE] @ (1, 1j),
        CANONICAL[STABLE] @ (1, 1j),
    )
    known = np.isfinite(source)
    weight = np.where(np.asarray(visibility)[:, STABLE] >= 0.5, 1.0, 0.25) * known
    with np.errstate(invalid="ignore", divide="ignore"):
        weight /= weight.sum(axis=1, keepdims=True)
        source = np.where(known, source, 0)
        source_mean, target_mean = (weight * source).sum(axis=1), weight @ target
        source = source - source_mean[:, None]
        weighted = weight * source.conj()
        spread = (weighted * source).sum(axis=1).real
        factor = np.where(
            spread > 1e-6, (weighted * (target - target_mean[:, None])).sum(axis=1) / spread, np.nan
        )
        shift = target_mean - factor * source_mean
    return np.stack(
        [factor.real, -factor.imag, shift.real, factor.imag, factor.real, shift.imag], axis=1
    ).reshape(-1, 2, 3)


def similarity(points, visibility=None):
    """Return the 2x3 transform from image pixels to the unit square of the aligned face.

    points: (21, 2) pixels, NaN where unknown; visibility: (21,) weights 0 to 1, points under 0.5 count a quarter.
    Least squares over rotation, scale and shift (no mirror). InputError where fewer than two points are known.
    """
    (matrix,) = similarities(
        np.asarray(points)[None],
        (np.ones(len(points)) if visibility is None else np.asarray(visibility))[None],
    )
    if not np.isfinite(matrix).all():
        raise InputError(UNFIT)
    return matrix


def in_pixels(unit, size, margin=0.0):
    """Return the transform, or transforms (..., 2, 3), to the aligned face of `size` pixels as OpenCV warps, `margin` of the face's side wider on every side."""
    inner = size / (1 + 2 * margin)
    matrix = unit * inner
    matrix[..., 2] += margin * inner
    matrix[..., 2] += (
        matrix[..., :2].sum(axis=-1) / 2 - 0.5
    )  # OpenCV counts from the centre of the first pixel, points from its corner
    return matrix


def warp(image, points, size, visibility=None):
    """Return the aligned face, BGR uint8 (size, size, 3). InputError as `similarity`."""
    return warp_by(image, in_pixels(similarity(points, visibility), size), size)


def warp_by(image, matrix, size):
    """Return the picture warped by a transform of `in_pixels`, BGR uint8 (size, size, 3); beyond the border the edge is repeated."""
    return cv2.warpAffine(
        image, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )


def stored_size(input_size):
    """Return the side of the aligned faces that a database stores for nets of this input size."""
    return input_size + 2 * int(round(MARGIN * input_size))


def mirror(image):
    """Return the picture mirrored left to right."""
    return cv2.flip(image, 1)
