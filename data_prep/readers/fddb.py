"""FDDB (Jain and Learned-Miller 2010): 5,171 ellipses in 2,845 pictures, in ten folds.

The box of a face is the smallest one around its ellipse.
"""

import os

import numpy as np

from allinone.record import FaceRecord
from data_prep.reader import TURNS_AND_WHOLE, Dropped, Reader
from data_prep.tables import lines, number

FOLDS = tuple(f"FDDB-folds/FDDB-fold-{number:02d}-ellipseList.txt" for number in range(1, 11))
PICTURES = "originalPics"


def ellipse_box(major, minor, angle, x, y):
    """Return [x1, y1, x2, y2] around an ellipse.

    major, minor: radii. angle: radians, of the major axis to the image's x. x, y: its centre.
    """
    across = np.hypot(major * np.cos(angle), minor * np.sin(angle))
    down = np.hypot(major * np.sin(angle), minor * np.cos(angle))
    return [float(x - across), float(y - down), float(x + across), float(y + down)]


def is_picture(text):
    """Tell whether a line names a picture: it is one word and no number."""
    return len(text.split()) == 1 and number(text) is None


def pictures_of(path):
    """Yield [(place, text)] of each picture of a fold's list: its name, and what follows it.

    What comes before the first name is one such list too.
    """
    block = []
    for number_of_line, text in lines(path):
        if is_picture(text) and block:
            yield block
            block = []
        if text.strip():
            block.append((f"{path}, line {number_of_line}", text.strip()))
    if block:
        yield block


def face(image, place, text, split):
    """Return the FaceRecord of an ellipse, or a Dropped."""
    numbers = [number(word) for word in text.split()]
    if len(numbers) != 6 or None in numbers:
        return Dropped(place, "ellipse does not fit", text)
    return FaceRecord(image, box=ellipse_box(*numbers[:5]), split=split)


def picture_rows(block, split):
    """Yield the rows of a picture; one without a face gives a record without a box.

    A picture whose faces are not as many as its list says gives a `Dropped`: which ones are right,
    and which are missing, nobody knows.
    """
    (place, picture), *below = block
    count = below[0][1] if below else ""
    faces = below[1:]
    image = f"{PICTURES}/{picture}.jpg"
    if not is_picture(picture) or number(count) != len(faces):
        words = f"'{picture}': {len(faces)} ellipses, '{count}' in the list"
        yield Dropped(place, "number of faces does not fit", words)
    elif not faces:
        yield FaceRecord(image, split=split)
    else:
        yield from (face(image, *ellipse, split) for ellipse in faces)


def rows(folder):
    """Yield the rows of all folds that are there."""
    for name, split in zip(FOLDS, READER.splits):
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            for block in pictures_of(path):
                yield from picture_rows(block, split)


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
