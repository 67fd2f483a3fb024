"""IMDB-WIKI (Rothe et al. 2015), the part of IMDB: age and gender of 460,723 pictures, in imdb.mat.

data_prep.readers.wiki reads the other part in the same way. Age is the middle of the year in which
the photo was taken minus the day of birth. Gender 1 is male there, 0 here. Kept are faces that the
set's own detector scored at least FACE_SCORE, in pictures where it found no second one (our choice;
it gives about as many as the paper's 224,840 pictures of both parts).
"""

import datetime
import os

import numpy as np

from allinone.errors import InputError
from allinone.record import FaceRecord
from data_prep.reader import Dropped, Reader
from data_prep.tables import form_of, matrix_file, text_of

FIELDS = (
    "dob",
    "photo_taken",
    "full_path",
    "gender",
    "face_location",
    "face_score",
    "second_face_score",
)
PEOPLE = "celeb_id"  # numbers of the people, in some versions of the file
FACE_SCORE = 1.0  # our choice
DAY_ZERO = 366  # Matlab counts days from the year 0, Python from the year 1
YEAR = 365.2425  # days


def age_at(birth, year):
    """Return the years from a Matlab day of birth to the middle of a year.

    ValueError or OverflowError where the day is none.
    """
    day = datetime.date.fromordinal(int(birth) - DAY_ZERO)
    return (datetime.date(int(year), 7, 1) - day).days / YEAR


def columns_of(path, name):
    """Return {field: 1-d array} of the struct `name` in a Matlab file.

    InputError where a field is missing or the fields differ in length.
    """
    struct = matrix_file(path, name)
    there = struct.dtype.names or ()
    missing = [field for field in FIELDS if field not in there]
    if missing:
        raise InputError(
            f"{path}: '{name}' has no field {', '.join(missing)}; is it the original file?"
        )
    wanted = [field for field in (*FIELDS, PEOPLE) if field in there]
    with form_of(path):
        columns = {field: np.ravel(struct[field][0, 0]) for field in wanted}
    lengths = {field: len(values) for field, values in columns.items()}
    if len(set(lengths.values())) != 1:
        raise InputError(
            f"{path}: the fields of '{name}' differ in length ({lengths}); get the file again"
        )
    return columns


def gender_of(number):
    """Return our gender of the set's, None of NaN; ValueError where it is none."""
    if np.isnan(number):
        return None
    if number not in (0, 1):
        raise ValueError(f"gender {number}")
    return 1 - int(number)


def face(value, place):
    """Return the FaceRecord of a picture, {field: value}, or a Dropped; place: of the entry."""
    image = text_of(value["full_path"])
    if not image:
        return Dropped(place, "no picture")
    try:
        if not value["face_score"] >= FACE_SCORE:  # -Inf where no face was found
            return Dropped(image, "no face, or an unsure one", str(value["face_score"]))
        if np.isfinite(value["second_face_score"]):
            return Dropped(image, "a second face", str(value["second_face_score"]))
        age = age_at(value["dob"], value["photo_taken"])
        x1, y1, x2, y2 = map(float, np.ravel(value["face_location"]))
        gender = gender_of(value["gender"])
        identity = int(value[PEOPLE]) if PEOPLE in value else None
    except (TypeError, ValueError, OverflowError):
        words = ", ".join(f"{name} {one}" for name, one in value.items() if name != "full_path")
        return Dropped(image, "bad date, face location, gender or person", words)
    box = [x1 - 1, y1 - 1, x2, y2]
    return FaceRecord(image, box=box, age=age, gender=gender, identity=identity)


def rows_of(folder, name):
    """Yield the rows of <name>.mat, imdb or wiki."""
    path = os.path.join(folder, f"{name}.mat")
    columns = columns_of(path, name)
    for number, values in enumerate(zip(*columns.values()), 1):
        yield face(dict(zip(columns, values)), f"{path}, entry {number}")


def rows(folder):
    """Yield the rows of imdb.mat."""
    return rows_of(folder, "imdb")


READER = Reader(
    name="imdb",
    title="IMDB",
    needs=("imdb.mat",),
    rows=rows,
    tree="`imdb.mat`, `00/` to `99/`",
    faces="460,723",
    ask="Computer Vision Lab, ETH Zürich",
    trains={"age": None, "gender": None},
)
