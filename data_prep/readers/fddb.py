"""FDDB (Jain and Learned-Miller 2010): 5,171 ellipses in 2,845 pictures, in ten folds.

The box of a face is the smallest that holds its ellipse; the splits are fold_01 to fold_10.
"""

import os

import numpy as np

from allinone.errors import InputError
from allinone.record import FaceRecord
from data_prep.reader import BY_TURNS, Dropped, Reader
from data_prep.tables import lines

FOLDS = tuple(f"FDDB-folds/FDDB-fold-{number:02d}-ellipseList.txt" for number in range(1, 11))
NEEDS = ("originalPics",)
ANY_OF = FOLDS


def ellipse_box(major, minor, angle, x, y):
    """Return the box around an ellipse: radii, the major axis's angle to the image's x in radians, centre."""
    across = np.hypot(major * np.cos(angle), minor * np.sin(angle))
    down = np.hypot(major * np.sin(angle), minor * np.cos(angle))
    return [x - across, y - down, x + across, y + down]


def ellipses(path):
    """Yield (picture, [(place, text of an ellipse)]) of a fold's list; InputError where its counts do not fit."""
    found = lines(path)
    for place, picture in found:
        if not picture.strip():
            continue
        try:
            count = int(next(found)[1])
            yield (
                picture.strip(),
                [
                    (f"{path}, line {number}", text)
                    for number, text in (next(found) for _ in range(count))
                ],
            )
        except (ValueError, RuntimeError, StopIteration):
            raise InputError(
                f"{path}, line {place}: '{picture}' must be followed by the number of its faces and as many lines; get the file again"
            ) from None


def rows(folder):
    """Yield the records of all folds that are there; a picture without a face gives one without a box."""
    there = ((number, os.path.join(folder, name)) for number, name in enumerate(FOLDS, 1))
    for number, path in ((number, path) for number, path in there if os.path.isfile(path)):
        for picture, faces in ellipses(path):
            image, split = f"originalPics/{picture}.jpg", f"fold_{number:02d}"
            if not faces:
                yield FaceRecord(image, split=split)
            for place, text in faces:
                try:
                    major, minor, angle, x, y, _ = map(float, text.split())
                except ValueError:
                    yield Dropped(place, "ellipse does not fit", text)
                    continue
                yield FaceRecord(
                    image,
                    box=[float(edge) for edge in ellipse_box(major, minor, angle, x, y)],
                    split=split,
                )


READER = Reader(
    name="fddb",
    title="FDDB",
    needs=NEEDS,
    rows=rows,
    any_of=ANY_OF,
    finetunes={"det": BY_TURNS},
)
