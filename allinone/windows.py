"""Windows of the proposal net: squares that would frame a face, and the face's box beside them.

Our own, as the net is. A window has SIDE pixels of a level of an image pyramid, CLOSE where the
screening net looks closer; a face that it frames fills the core of it. Arrays of windows are boxes
(..., 4), as in allinone.boxes.
"""

from __future__ import annotations

import numpy as np

from allinone import boxes

SIDE = 24  # pixels of a window, as the proposal net sees it,
STRIDE = 4  # and between two windows (prototxt/proposal.py)
CLOSE = 48  # pixels of a window, as the screening net sees it
# our choice: side of a window in faces, so that a window shows a little of what surrounds a face
ROOM = 1.2
CORE = SIDE / ROOM  # pixels of a face that fills its window


def around(faces) -> np.ndarray:
    """Return the windows (..., 4) that frame faces or other boxes (..., 4)."""
    center, size = boxes.center_size(faces)
    side = ROOM * np.sqrt(np.maximum(size.prod(axis=-1, keepdims=True), 0))
    return boxes.from_center_size(center, np.repeat(side, 2, axis=-1))


def cores(windows) -> np.ndarray:
    """Return the squares (..., 4) that faces fill in their windows."""
    center, size = boxes.center_size(windows)
    return boxes.from_center_size(center, size / ROOM)


def encode(faces, windows) -> np.ndarray:
    """Return the offsets (..., 4) of faces' boxes from windows, both (..., 4).

    That is the shift of the centre, x and y, in sides of the core, and the logarithms of width and
    height over that side.
    """
    center, size = boxes.center_size(faces)
    middle, side = boxes.center_size(cores(windows))
    return np.concatenate([(center - middle) / side, np.log(size / side)], axis=-1)


def decode(offsets, windows) -> np.ndarray:
    """Invert `encode`: return boxes (..., 4)."""
    middle, side = boxes.center_size(cores(windows))
    offsets = np.asarray(offsets, np.float32)
    return boxes.from_center_size(middle + offsets[..., :2] * side, np.exp(offsets[..., 2:]) * side)
