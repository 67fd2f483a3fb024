"""Pictures of one's own: a table (faces.csv) or JSON lines (faces.jsonl) of image, box and whatever labels there are.

Columns of the table: image, x1, y1, x2, y2, and any of gender (m, f, 0, 1), age, age_sigma, smile (0, 1), identity (any word),
roll, pitch, yaw (degrees), split, and <landmark>_x with <landmark>_y for AFLW's names, LeftEyeCenter_x and so on, in large or small letters. An empty field is unknown.
JSON lines are records as README has them; see allinone/record.py.
"""

import os

from allinone import landmarks, record, tasks
from allinone.errors import InputError
from allinone.record import FaceRecord
from data_prep.reader import Dropped, Reader
from data_prep.tables import GENDER_CODES, table

NEEDS = ("faces.*",)
BOX, POSE, NUMBERS = ("x1", "y1", "x2", "y2"), ("roll", "pitch", "yaw"), ("age", "age_sigma")
POINTS = tuple(f"{name}_{axis}".lower() for name in landmarks.NAMES for axis in "xy")
KNOWN = {"image", "gender", "smile", "identity", "split", *BOX, *POSE, *NUMBERS, *POINTS}


def _together(row, names):
    """Return the numbers of some columns, None where all are empty; ValueError where some are."""
    texts = [row.get(name, "") for name in names]
    return [float(text) for text in texts] if any(texts) else None


def face(row, people):
    """Return the FaceRecord of a table's row; people: {word: number} of identities, which grows. ValueError where a field does not fit."""
    numbers = {name: float(row[name]) for name in NUMBERS if row.get(name)}
    codes = {
        name: table_[row[name].lower()]
        for name, table_ in (("gender", GENDER_CODES), ("smile", {"0": 0, "1": 1}))
        if row.get(name)
    }
    marks = [_together(row, POINTS[place : place + 2]) for place in range(0, len(POINTS), 2)]
    who = people.setdefault(row["identity"], len(people)) if row.get("identity") else None
    return FaceRecord(
        row["image"],
        box=_together(row, BOX),
        pose=_together(row, POSE),
        landmarks=marks if any(marks) else None,
        identity=who,
        split=row.get("split") or None,
        **numbers,
        **codes,
    )


def rows(folder):
    """Yield the records of faces.csv, or of faces.jsonl where that stands there."""
    path, people = os.path.join(folder, "faces.csv"), {}
    if not os.path.isfile(path):
        yield from record.read(os.path.join(folder, "faces.jsonl"))
        return
    for place, row in table(path, ("image",)):
        if isinstance(row, Dropped):
            yield row
            continue
        unknown = sorted(set(row) - KNOWN)
        if unknown:
            raise InputError(
                f"{path}: unknown column {', '.join(unknown)}; known are {', '.join(sorted(KNOWN - set(POINTS)))} and <landmark>_x, <landmark>_y"
            )
        try:
            yield face(row, people)
        except (ValueError, KeyError) as error:
            yield Dropped(place, "a field does not fit", str(error))


READER = Reader(
    name="custom",
    title="custom",
    needs=NEEDS,
    rows=rows,
    if_named={tower: None for tower in tasks.TOWERS},
)
