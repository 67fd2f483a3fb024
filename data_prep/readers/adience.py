"""Adience (Eidinger et al. 2014): age bands and gender of 19,370 faces, in five folds by person.

The pictures show the face in their middle, with as much again around it. Age: the middle of its band; sigma: half of half
its width, at least 3 years (our choice); years given singly have no sigma.
"""

import os
import re

from allinone.record import FaceRecord
from allinone.tasks import AGE_SIGMA
from data_prep import rough_boxes
from data_prep.reader import Dropped, Reader
from data_prep.tables import table

FOLDS = tuple(f"fold_{number}_data.txt" for number in range(5))
NEEDS = FOLDS + ("faces",)
COLUMNS = ("user_id", "original_image", "face_id", "age", "gender")


def age_of(text):
    """Return (age, sigma) of "(25, 32)", "35" or "None"; (None, None) for none; ValueError for anything else."""
    band = re.fullmatch(r"\((\d+), *(\d+)\)", text)
    if band:
        first, last = sorted(
            map(int, band.groups())
        )  # the lists have some bands the wrong way round
        return (first + last) / 2, max((last - first) / 4, AGE_SIGMA)
    return (None, None) if text in ("None", "") else (float(int(text)), None)


def rows(folder):
    """Yield the records of the five folds; the splits are fold_0 to fold_4, the people numbered as they come."""
    people = {}
    for name in FOLDS:
        for place, row in table(os.path.join(folder, name), COLUMNS, delimiter="\t"):
            if isinstance(row, Dropped):
                yield row
                continue
            try:
                age, sigma = age_of(row["age"])
                gender = {"m": 0, "f": 1, "u": None, "": None}[row["gender"]]
            except (ValueError, KeyError):
                yield Dropped(
                    place, "age or gender does not fit", f"{row['age']!r}, {row['gender']!r}"
                )
                continue
            if age is None and gender is None:
                yield Dropped(place, "no label")
                continue
            image = f"faces/{row['user_id']}/coarse_tilt_aligned_face.{row['face_id']}.{row['original_image']}"
            yield FaceRecord(
                image,
                box=rough_boxes.middle(os.path.join(folder, image)),
                age=age,
                age_sigma=sigma,
                gender=gender,
                identity=people.setdefault(row["user_id"], len(people)),
                split=name.split("_data")[0],
            )


READER = Reader(
    name="adience",
    title="Adience",
    needs=NEEDS,
    rows=rows,
    trains={"age": None},
)
