"""The 21 landmarks of AFLW: names, mirror map, coordinates relative to a region, face rectangle.

"Left" means left in the image. Points are (21, 2) float arrays of (x, y) pixels, NaN where unknown.
"""

from __future__ import annotations

import numpy as np

from allinone import boxes

NAMES = (
    "LeftBrowLeftCorner",
    "LeftBrowCenter",
    "LeftBrowRightCorner",
    "RightBrowLeftCorner",
    "RightBrowCenter",
    "RightBrowRightCorner",
    "LeftEyeLeftCorner",
    "LeftEyeCenter",
    "LeftEyeRightCorner",
    "RightEyeLeftCorner",
    "RightEyeCenter",
    "RightEyeRightCorner",
    "LeftEar",
    "NoseLeft",
    "NoseCenter",
    "NoseRight",
    "RightEar",
    "MouthLeftCorner",
    "MouthCenter",
    "MouthRightCorner",
    "ChinCenter",
)
COUNT = len(NAMES)

# MIRROR[i] is the index of the point that takes place i when the image is mirrored.
MIRROR = np.array([5, 4, 3, 2, 1, 0, 11, 10, 9, 8, 7, 6, 16, 15, 14, 13, 12, 19, 18, 17, 20])

# our choice: shares of the extent of the points that are added left and right, above (forehead)
# and below (chin). A face's box reaches from ear to ear and from the middle of the forehead to the
# chin.
RECT_SIDE, RECT_TOP, RECT_BOTTOM = 0.0, 0.28, 0.02


def mirror(points, width: float) -> np.ndarray:
    """Return the points (..., 21, 2) in the mirrored image of `width` pixels."""
    points = np.asarray(points, np.float32)[..., MIRROR, :].copy()
    points[..., 0] = width - points[..., 0]
    return points


def encode(points, box) -> np.ndarray:
    """Return points (..., 21, 2) relative to the centre and size of the box (HyperFace)."""
    center, size = boxes.center_size(box)
    return (np.asarray(points, np.float32) - center[..., None, :]) / size[..., None, :]


def decode(relative, box) -> np.ndarray:
    """Invert `encode`: (..., 21, 2) shares of the box's size to pixels."""
    center, size = boxes.center_size(box)
    return np.asarray(relative, np.float32) * size[..., None, :] + center[..., None, :]


def face_rectangle(points) -> np.ndarray:
    """Return the boxes (..., 4) spanned by landmarks (..., 21, 2): HyperFace's FaceRectCalculator.

    Hidden points count too: where an ear lies under hair, the network's guess is far better than
    leaving it out.
    """
    points = np.asarray(points, np.float32)
    low, high = np.nanmin(points, axis=-2), np.nanmax(points, axis=-2)
    above = (high - low) * np.float32([RECT_SIDE, RECT_TOP])
    below = (high - low) * np.float32([RECT_SIDE, RECT_BOTTOM])
    return np.concatenate([low - above, high + below], axis=-1)
