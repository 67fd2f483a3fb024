"""IMDB-WIKI (Rothe et al. 2015), the part of IMDB: age and gender of 460,723 pictures, from imdb.mat; data_prep.wiki has the other.

Age: the middle of the year in which the photo was taken minus the day of birth. Gender is 1 for male there, 0 here. Kept are
faces that the set's own detector scored at least FACE_SCORE, in pictures where it found no second one (our choice; the
paper's 224,840 pictures of both parts are about that many).
"""

import datetime
import os

import numpy as np

from allinone.errors import InputError
from allinone.record import FaceRecord
from data_prep.reader import Dropped, Reader
from data_prep.tables import matrix_file

NEEDS = ("imdb.mat",)
FIELDS = (
    "dob",
    "photo_taken",
    "full_path",
    "gender",
    "face_location",
    "face_score",
    "second_face_score",
)
FACE_SCORE = 1.0  # our choice
DAY_ZERO = 366  # Matlab counts days from the year 0, Python from the year 1
YEAR = 365.2425  # days


def age_at(birth, year):
    """Return years between a Matlab day of birth and the middle of a year; ValueError where the day is none."""
    day = datetime.date.fromordinal(int(birth) - DAY_ZERO)
    return (datetime.date(int(year), 7, 1) - day).days / YEAR


def columns_of(path, name):
    """Return {field: 1-d array} of the struct `name` in a .mat file."""
    struct = matrix_file(path, name)
    missing = [field for field in FIELDS if field not in (struct.dtype.names or ())]
    if missing:
        raise InputError(
            f"{path}: '{name}' has no field {', '.join(missing)}; is it the original file?"
        )
    columns = {
        field: np.ravel(struct[field][0, 0])
        for field in struct.dtype.names
        if field in (*FIELDS, "celeb_id")
    }
    lengths = {field: len(values) for field, values in columns.items()}
    if len(set(lengths.values())) != 1:
        raise InputError(
            f"{path}: the fields of '{name}' differ in length ({lengths}); get the file again"
        )
    return columns


def rows(folder, name="imdb"):
    """Yield the records of imdb.mat (or wiki.mat), in its order."""
    columns = columns_of(os.path.join(folder, f"{name}.mat"), name)
    for place, path in enumerate(columns["full_path"]):
        image = str(np.ravel(path)[0])
        value = {field: values[place] for field, values in columns.items()}
        if not value["face_score"] >= FACE_SCORE:  # -Inf: no face
            yield Dropped(image, "no face, or an unsure one", str(value["face_score"]))
        elif np.isfinite(value["second_face_score"]):
            yield Dropped(image, "a second face", str(value["second_face_score"]))
        else:
            try:
                age = age_at(value["dob"], value["photo_taken"])
                x1, y1, x2, y2 = map(float, np.ravel(value["face_location"]))
            except (ValueError, OverflowError) as error:
                yield Dropped(image, "bad date or face location", str(error))
                continue
            gender = None if np.isnan(value["gender"]) else 1 - int(value["gender"])
            identity = int(value["celeb_id"]) if "celeb_id" in value else None
            yield FaceRecord(
                image, box=[x1 - 1, y1 - 1, x2, y2], age=age, gender=gender, identity=identity
            )


READER = Reader(
    name="imdb",
    title="IMDB",
    needs=NEEDS,
    rows=rows,
    trains={"age": None, "gender": None},
)
