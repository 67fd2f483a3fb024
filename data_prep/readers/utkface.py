"""UTKFace (Zhang et al. 2017): age and gender of 23,708 aligned pictures, each filled by a face.

The labels stand in the names: <age>_<gender>_<ethnicity>_<date and time>.jpg, gender 0 male, 1
female. The box is the whole picture.
"""

import os
import re

from allinone.record import FaceRecord
from data_prep import rough_boxes
from data_prep.reader import Dropped, Reader

NAME = re.compile(r"(\d+)_([01])_[0-4]_\d+(\.jpg)?(\.chip)?\.jpg")


def face(folder, name):
    """Return the FaceRecord of a picture, or a Dropped: a few of the names lack a field."""
    parts = NAME.fullmatch(name)
    if not parts:
        return Dropped(name, "name does not tell age and gender")
    return FaceRecord(
        name,
        box=rough_boxes.middle(os.path.join(folder, name), 1.0),
        age=float(parts.group(1)),
        gender=int(parts.group(2)),
    )


def rows(folder):
    """Yield the pictures by name."""
    for name in sorted(os.listdir(folder)):
        if name.endswith(".jpg"):
            yield face(folder, name)


READER = Reader(
    name="utkface",
    title="UTKFace",
    needs=("*.jpg",),
    rows=rows,
    tree="`25_0_1_20170116001652468.jpg`, ...",
    faces="23,708",
    ask="Z. Zhang et al., University of Tennessee",
    if_named={"age": None, "gender": None},
)
