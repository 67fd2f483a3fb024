"""MORPH II (Ricanek and Tesafaye 2006): age and gender of 55,608 mug shots, from its csv.

Pictures are named Album2/<id>_<n><M|F><age>.JPG; a row that lacks the id, age or gender takes it
from the name. A face has no box: it fills the picture, and its box is the middle (our choice).
"""

import glob
import os
import re

from allinone.record import FaceRecord
from data_prep import rough_boxes
from data_prep.reader import Dropped, Reader
from data_prep.tables import number, table

TABLE, PICTURES = "*.csv", "Album2"
COLUMNS = ("id_num", "gender", "age", "photo")
NAME = re.compile(r"(?P<person>\d+)_\d+(?P<gender>[MF])(?P<age>\d+)\.JPG", re.IGNORECASE)
GENDERS = {"M": 0, "F": 1}


def face(folder, row):
    """Return the FaceRecord of a row, or None where the photo, id, age or gender is unknown."""
    name = os.path.basename(row["photo"])
    parts = NAME.fullmatch(name)
    named = parts.groupdict() if parts else dict(person="", gender="", age="")
    person = row["id_num"] or named["person"]
    gender = GENDERS.get((row["gender"] or named["gender"]).upper())
    age = number(row["age"] or named["age"])
    if not name or age is None or gender is None or not person.isdecimal():
        return None
    image = f"{PICTURES}/{name}"
    return FaceRecord(
        image,
        box=rough_boxes.middle(os.path.join(folder, image)),
        age=age,
        gender=gender,
        identity=int(person),
    )


def rows(folder):
    """Yield the rows of the csv; the people keep their numbers."""
    for path in sorted(glob.glob(os.path.join(glob.escape(folder), TABLE))):
        for place, row in table(path, COLUMNS):
            if isinstance(row, Dropped):
                yield row
                continue
            fields = ", ".join(repr(row[column]) for column in ("photo", "id_num", "age", "gender"))
            yield face(folder, row) or Dropped(place, "no photo, id, age or gender", fields)


READER = Reader(
    name="morph",
    title="MORPH II",
    needs=(TABLE, PICTURES),
    rows=rows,
    tree="`*.csv`, `Album2/*.JPG`",
    faces="55,608",
    ask="University of North Carolina Wilmington",
    trains={"age": None, "gender": None},
)
