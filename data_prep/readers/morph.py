"""MORPH II (Ricanek and Tesafaye 2006): age and gender of 55,608 mug shots, from its csv.

A row without a photo's name, age or gender takes them from the rest of it: names are Album2/<id>_<n><M|F><age>.JPG. A face
has no box: it fills the pictures, and its box is their middle (our choice).
"""

import glob
import os
import re

from allinone.record import FaceRecord
from data_prep import rough_boxes
from data_prep.reader import Dropped, Reader
from data_prep.tables import number, table

NEEDS = ("*.csv", "Album2")
COLUMNS = ("id_num", "gender", "age", "photo")
NAME = re.compile(r"(\d+)_(\d+)([MF])(\d+)\.JPG", re.IGNORECASE)


def rows(folder):
    """Yield the records of the csv; the people keep their numbers."""
    for path in sorted(glob.glob(os.path.join(glob.escape(folder), NEEDS[0]))):
        for place, row in table(path, COLUMNS):
            if isinstance(row, Dropped):
                yield row
                continue
            name = os.path.basename(row["photo"])
            parts = NAME.fullmatch(name)
            age = number(row["age"]) if row["age"] else parts and float(parts.group(4))
            gender = {"M": 0, "F": 1}.get(
                (row["gender"] or (parts.group(3) if parts else "")).upper()
            )
            person = row["id_num"] or (parts.group(1) if parts else "")
            if not name or age is None or gender is None or not person.isdigit():
                yield Dropped(
                    place,
                    "no photo, id, age or gender",
                    f"{row['photo']!r}, {row['id_num']!r}, {row['age']!r}, {row['gender']!r}",
                )
                continue
            image = f"Album2/{name}"
            yield FaceRecord(
                image,
                box=rough_boxes.middle(os.path.join(folder, image)),
                age=age,
                gender=gender,
                identity=int(person),
            )


READER = Reader(
    name="morph",
    title="MORPH II",
    needs=NEEDS,
    rows=rows,
    trains={"age": None, "gender": None},
)
