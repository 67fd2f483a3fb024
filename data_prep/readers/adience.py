"""Adience (Eidinger et al. 2014): age bands and gender of 19,370 faces, in five folds by person.

The face is in the middle of its picture, with as much again around it. Age is the middle of its
band, with a standard deviation of a quarter of the band's width, at least 3 years (our choice). An
age that is given as one year has none.
"""

import os
import re

from allinone.record import FaceRecord
from allinone.tasks import AGE_SIGMA
from data_prep import rough_boxes
from data_prep.reader import Dropped, Reader
from data_prep.tables import table

FOLDS = tuple(f"fold_{number}_data.txt" for number in range(5))
PICTURES = "faces"
COLUMNS = ("user_id", "original_image", "face_id", "age", "gender")
GENDERS = {"m": 0, "f": 1, "u": None, "": None}


def age_of(text):
    """Return (age, sigma) of "(25, 32)", "35" or "None"; ValueError for anything else.

    sigma is None for a single year, both are None where the age is unknown.
    """
    band = re.fullmatch(r"\((\d+), *(\d+)\)", text)
    if band:
        first, last = sorted(map(int, band.groups()))  # some bands stand the wrong way round
        return (first + last) / 2, max((last - first) / 4, AGE_SIGMA)
    return (None, None) if text in ("None", "") else (float(int(text)), None)


def face(folder, row, split, people):
    """Return the FaceRecord of a row, or None where it has no label.

    people: {user: number of the person}, which grows. ValueError, KeyError or OverflowError
    where age or gender is malformed.
    """
    age, sigma = age_of(row["age"])
    gender = GENDERS[row["gender"]]
    if age is None and gender is None:
        return None
    user, number = row["user_id"], row["face_id"]
    image = f"{PICTURES}/{user}/coarse_tilt_aligned_face.{number}.{row['original_image']}"
    return FaceRecord(
        image,
        box=rough_boxes.middle(os.path.join(folder, image)),
        age=age,
        age_sigma=sigma,
        gender=gender,
        identity=people.setdefault(user, len(people)),
        split=split,
    )


def rows(folder):
    """Yield the rows of the five folds; people are numbered in the order of the lists."""
    people = {}
    for name, split in zip(FOLDS, READER.splits):
        for place, row in table(os.path.join(folder, name), COLUMNS, delimiter="\t"):
            if isinstance(row, Dropped):
                yield row
                continue
            try:
                yield face(folder, row, split, people) or Dropped(place, "no label")
            except (ValueError, KeyError, OverflowError):
                labels = f"{row['age']!r}, {row['gender']!r}"
                yield Dropped(place, "age or gender does not fit", labels)


READER = Reader(
    name="adience",
    title="Adience",
    needs=(*FOLDS, PICTURES),
    rows=rows,
    tree="`fold_0_data.txt` to `fold_4_data.txt`, `faces/<user>/coarse_tilt_aligned_face.*`",
    faces="19,370",
    ask="Open University of Israel",
    splits=tuple(f"fold_{number}" for number in range(5)),
    trains={"age": None},
)
