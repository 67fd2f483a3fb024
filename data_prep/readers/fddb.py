"""FDDB (Jain and Learned-Miller 2010): 5,171 ellipses in 2,845 pictures, in ten folds.

The box of a face is the smallest one around its ellipse.
"""

import os

import numpy as np

from allinone.errors import InputError
from allinone.record import FaceRecord
from data_prep.reader import TURNS_AND_WHOLE, Dropped, Reader
from data_prep.tables import lines

FOLDS = tuple(f"FDDB-folds/FDDB-fold-{number:02d}-ellipseList.txt" for number in range(1, 11))
PICTURES = "originalPics"


def ellipse_box(major, minor, angle, x, y):
    """Return [x1, y1, x2, y2] around an ellipse.

    major, minor: radii. angle: radians, of the major axis to the image's x. x, y: its centre.
    """
    across = np.hypot(major * np.cos(angle), minor * np.sin(angle))
    down = np.hypot(major * np.sin(angle), minor * np.cos(angle))
    return [float(x - across), float(y - down), float(x + across), float(y + down)]


def ellipses(path):
    """Yield (picture, [(place, text of an ellipse)]) of a fold's list.

    InputError where the number of faces of a picture is not followed by as many lines.
    """
    found = lines(path)
    for place, picture in found:
        if not picture.strip():
            continue
        try:
            count = int(next(found)[1])
            faces = [next(found) for _ in range(count)]
        except (ValueError, StopIteration):
            raise InputError(
                f"{path}, line {place}: '{picture}' must be followed by the number of its faces "
                "and as many lines; get the file again"
            ) from None
        yield picture.strip(), [(f"{path}, line {number}", text) for number, text in faces]


def fold_rows(path, split):
    """Yield the rows of a fold; a picture without a face gives a record without a box."""
    for picture, faces in ellipses(path):
        image = f"{PICTURES}/{picture}.jpg"
        if not faces:
            yield FaceRecord(image, split=split)
        for place, text in faces:
            try:
                major, minor, angle, x, y, _ = map(float, text.split())
            except ValueError:
                yield Dropped(place, "ellipse does not fit", text)
                continue
            yield FaceRecord(image, box=ellipse_box(major, minor, angle, x, y), split=split)


def rows(folder):
    """Yield the rows of all folds that are there."""
    for name, split in zip(FOLDS, READER.splits):
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            yield from fold_rows(path, split)


READER = Reader(
    name="fddb",
    title="FDDB",
    needs=(PICTURES,),
    rows=rows,
    any_of=FOLDS,
    tree="`FDDB-folds/FDDB-fold-??-ellipseList.txt`, `originalPics/2002/...`, "
    "`originalPics/2003/...`",
    faces="5,171",
    ask="University of Massachusetts",
    splits=tuple(f"fold_{number:02d}" for number in range(1, 11)),
    finetunes={"det": TURNS_AND_WHOLE},  # whole: for AFW and PASCAL faces (section IV-A)
)
