"""AFW (Zhu and Ramanan 2012): boxes, pose and six landmarks of 468 faces in 205 pictures.

anno.mat counts pixels from 1 and boxes with their last pixel. Its yaw and pitch have our signs, its roll the opposite one:
the eyes of faces of roll 15 rise to the right by 15 degrees (tests/data_prep/test_reference.py measures all three).
"""

import glob
import os

import numpy as np

from allinone.errors import InputError
from allinone.record import FaceRecord
from data_prep.reader import Dropped, Reader
from data_prep.tables import matrix_file

NEEDS = ("anno*.mat", "*.jpg")
SIX = (
    7,
    10,
    14,
    17,
    18,
    19,
)  # eye centres, nose, left corner, centre and right corner of the mouth among AFLW's 21


def face(picture, box, pose, points):
    """Return the FaceRecord of one face of anno.mat; ValueError where the numbers do not fit."""
    (x1, y1), (x2, y2) = np.asarray(box, float).reshape(2, 2)
    yaw, pitch, roll = np.asarray(pose, float).ravel()
    six = (
        np.asarray(points, float).reshape(6, 2) - 0.5
    )  # the middle of the first pixel lies at a half
    marks = [None] * 21
    for place, point in zip(SIX, six.tolist()):
        marks[place] = point if np.isfinite(point).all() else None
    seen = [
        None if place not in SIX else int(marks[place] is not None) for place in range(21)
    ]  # NaN: hidden
    return FaceRecord(
        picture,
        box=[x1 - 1, y1 - 1, x2, y2],
        landmarks=marks,
        visibility=seen,
        pose=[-roll, pitch, yaw],
    )


def rows(folder):
    """Yield the records of anno.mat, all of one split."""
    path = sorted(glob.glob(os.path.join(glob.escape(folder), NEEDS[0])))[0]
    cells = matrix_file(path, "anno")
    if cells.ndim != 2 or cells.shape[1] < 4:
        raise InputError(
            f"{path}: 'anno' must have four columns (picture, boxes, poses, points), has the shape {cells.shape}; is it the original file?"
        )
    for number, (picture, *columns) in enumerate(cells[:, :4], 1):
        name = str(np.ravel(picture)[0])
        for parts in zip(*(np.ravel(column) for column in columns)):
            try:
                yield face(name, *parts)
            except (ValueError, TypeError) as error:
                yield Dropped(
                    f"{path}, row {number}, {name}", "box, pose or points do not fit", str(error)
                )


READER = Reader(
    name="afw",
    title="AFW",
    needs=NEEDS,
    rows=rows,
)
