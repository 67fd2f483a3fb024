"""Boxes of faces for sets that have none: from a few landmarks, or from how the set's pictures are cut."""
import numpy as np
from PIL import Image

from allinone import align, landmarks

MIDDLE = (0.25, 0.75)          # our choice: a face's share of a picture that was cut with as much again around it, both ways


def from_points(points):
    """Return the box of a face whose landmarks (21, 2) are known in part: that of the canonical face, laid onto them."""
    to_unit = align.similarity(points)
    whole = (align.CANONICAL - to_unit[:, 2]) @ np.linalg.inv(to_unit[:, :2]).T
    return landmarks.face_rectangle(whole).tolist()


def middle(path):
    """Return the middle of a picture, or of a pixel where it cannot be read: data_prep.convert drops it."""
    try:
        with Image.open(path) as picture:
            width, height = picture.size
    except (OSError, ValueError):
        width = height = 1
    return [MIDDLE[0] * width, MIDDLE[0] * height, MIDDLE[1] * width, MIDDLE[1] * height]
