"""UTKFace (Zhang et al. 2017): age and gender of 23,708 aligned pictures that a face fills, all told by their names.

A name is <age>_<gender>_<ethnicity>_<date and time>.jpg; gender 0 male, 1 female. The box is the whole picture.
"""

import os
import re

from allinone.record import FaceRecord
from data_prep import rough_boxes
from data_prep.reader import Dropped, Reader

NEEDS = ("*.jpg",)
NAME = re.compile(r"(\d+)_([01])_[0-4]_\d+(\.jpg)?(\.chip)?\.jpg")


def rows(folder):
    """Yield the records of all pictures by name."""
    for name in sorted(name for name in os.listdir(folder) if name.endswith(".jpg")):
        parts = NAME.fullmatch(name)
        if parts:
            yield FaceRecord(
                name,
                box=rough_boxes.middle(os.path.join(folder, name), 1.0),
                age=float(parts.group(1)),
                gender=int(parts.group(2)),
            )
        else:
            yield Dropped(
                name, "name does not tell age and gender"
            )  # a few of the original lack a field


READER = Reader(
    name="utkface",
    title="UTKFace",
    needs=NEEDS,
    rows=rows,
    if_named={"age": None, "gender": None},
)
