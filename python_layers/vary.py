"""Vary pictures as photographs vary, so that no net learns a set's light and framing by heart."""

import cv2
import numpy as np

# our choice, all of them: found on real portraits (docs/training_notes.md).
CONTRAST = 0.25  # spread of the factor
BRIGHTNESS = 25.0  # spread in grey levels
TINT = 0.08  # spread of each channel's factor
GAMMA = 0.2  # spread of the exponent's logarithm
GREY = 0.05  # share of pictures that lose their colours
TURN, ZOOM = 6.0, 0.05  # standard deviations of an aligned face: degrees, logarithm of the scale
ERASED = 0.12, 0.5  # least and largest side of an erased rectangle, as shares of the face's
LEVELS = np.arange(256, dtype=np.float32)


def colours(rng, image):
    """Return a BGR uint8 picture of other contrast, brightness, tint and gamma, seldom grey."""
    contrast = 1 + rng.uniform(-CONTRAST, CONTRAST)
    bright = rng.uniform(-BRIGHTNESS, BRIGHTNESS)
    gamma = np.exp(rng.uniform(-GAMMA, GAMMA))
    curve = 255 * (LEVELS / 255) ** gamma
    table = ((curve[:, None] - 128) * contrast + 128 + bright) * (1 + rng.uniform(-TINT, TINT, 3))
    image = cv2.LUT(image, table.clip(0, 255).astype(np.uint8)[None])
    if rng.random() < GREY:
        image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    return image


def framing(rng, image, side):
    """Return the middle (side, side, 3) of a stored face, shifted, turned and scaled a little.

    The shift stays within the stored margin.
    """
    margin = (len(image) - side) / 2
    shift = rng.uniform(-margin, margin, 2)
    middle = (len(image) / 2 - 0.5, len(image) / 2 - 0.5)
    angle, scale = rng.normal(0, TURN), np.exp(rng.normal(0, ZOOM))
    matrix = cv2.getRotationMatrix2D(middle, angle, scale)
    matrix[:, 2] -= margin + shift
    return cv2.warpAffine(
        image, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )


def erase(rng, face):
    """Return a face (side, side, 3) with a rectangle of one colour at a random place.

    Random erasing, arXiv 1708.04896.
    """
    side = len(face)
    height, width = (side * rng.uniform(*ERASED, 2)).astype(int)
    top, left = rng.integers(0, side - height + 1), rng.integers(0, side - width + 1)
    face = face.copy()
    face[top : top + height, left : left + width] = rng.integers(0, 256, 3)
    return face
