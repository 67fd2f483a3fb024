"""AFW (Zhu and Ramanan 2012): box, pose and six landmarks of 468 faces in 205 pictures.

anno.mat counts pixels from 1, and a box includes its last pixel. Yaw and pitch have our signs, roll
has the opposite one: the eyes of faces of roll 15 rise to the right by 15 degrees
(tests/data_prep/test_reference.py measures all three).
"""

import glob
import os

import numpy as np

from allinone import landmarks
from allinone.errors import InputError
from allinone.record import FaceRecord
from data_prep.reader import Dropped, Reader
from data_prep.tables import matrix_file, text_of

ANNOTATIONS = "anno*.mat"
# Places among the 21 landmarks: eye centres, nose, left corner, centre, right corner of the mouth.
SIX = (7, 10, 14, 17, 18, 19)


def face(picture, box, pose, points):
    """Return the FaceRecord of a face; ValueError or TypeError where the numbers are malformed.

    box (2, 2), pose (yaw, pitch, roll) in degrees and points (6, 2) as anno.mat holds them; NaN is
    a hidden point.
    """
    (x1, y1), (x2, y2) = np.asarray(box, float).reshape(2, 2).tolist()
    yaw, pitch, roll = np.asarray(pose, float).ravel().tolist()
    six = np.asarray(points, float).reshape(6, 2) - 0.5  # the first pixel's middle is at a half
    marks, seen = [None] * landmarks.COUNT, [None] * landmarks.COUNT
    for place, point in zip(SIX, six.tolist()):
        marks[place] = point if np.isfinite(point).all() else None
        seen[place] = int(marks[place] is not None)
    return FaceRecord(
        picture,
        box=[x1 - 1, y1 - 1, x2, y2],
        landmarks=marks,
        visibility=seen,
        pose=[-roll, pitch, yaw],
    )


def rows(folder):
    """Yield the rows of anno.mat."""
    path = sorted(glob.glob(os.path.join(glob.escape(folder), ANNOTATIONS)))[0]
    cells = matrix_file(path, "anno")
    if cells.ndim != 2 or cells.shape[1] < 4:
        raise InputError(
            f"{path}: 'anno' must have four columns (picture, boxes, poses, points), has the shape "
            f"{cells.shape}; is it the original file?"
        )
    for number, (picture, *columns) in enumerate(cells[:, :4], 1):
        name, faces = text_of(picture), list(map(np.ravel, columns))
        place = f"{path}, row {number}, {name}"
        counts = [len(column) for column in faces]
        if not name or len(set(counts)) != 1:
            words = "{} boxes, {} poses, {} lists of points".format(*counts)
            yield Dropped(place, "no picture, or its columns differ in length", words)
            continue
        for parts in zip(*faces):
            try:
                yield face(name, *parts)
            except (ValueError, TypeError):
                shapes = "box {}, pose {}, points {}".format(*map(np.shape, parts))
                yield Dropped(place, "box, pose or points do not fit", shapes)


READER = Reader(
    name="afw",
    title="AFW",
    needs=(ANNOTATIONS, "*.jpg"),
    rows=rows,
    tree="`anno.mat`, `*.jpg`",
    faces="468",
    ask="X. Zhu and D. Ramanan, UC Irvine",
)
