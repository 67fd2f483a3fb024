"""Boxes of faces for sets that have none: from a few landmarks, or from how the set's pictures are cut."""

import numpy as np
from PIL import Image

from allinone import align, landmarks

HALF = 0.5  # our choice: a face's share, each way, of a picture that was cut with as much again around it


def from_points(points):
    """Return the box of a face whose landmarks (21, 2) are known in part: that of the canonical face, laid onto them."""
    to_unit = align.similarity(points)
    whole = (align.CANONICAL - to_unit[:, 2]) @ np.linalg.inv(to_unit[:, :2]).T
    return landmarks.face_rectangle(whole).tolist()


def size_of(path):
    """Return (width, height) of a picture, or of a pixel where it cannot be read: data_prep.convert drops it."""
    try:
        with Image.open(path) as picture:
            return picture.size
    except (OSError, ValueError):
        return 1, 1


def middle(path, share=HALF):
    """Return the middle of a picture, a share of it each way."""
    width, height = size_of(path)
    low, high = (1 - share) / 2, (1 + share) / 2
    return [low * width, low * height, high * width, high * height]
