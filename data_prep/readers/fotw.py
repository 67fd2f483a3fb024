"""Faces of the World (Escalera et al. 2016): box, gender and smile, 6,171 and 3,086 faces.

The value 2 of either label, "not sure", is an unknown label. That gender 0 is male and 1 is female
is our choice: we found no statement of it. Compare the histogram in summary.json with the set's.
"""

import os

from allinone.record import FaceRecord
from data_prep.reader import Dropped, Reader
from data_prep.tables import numbers_of, table

LISTS = {"train": "smiles_trset/gender_fex_trset.csv", "val": "smiles_valset/gender_fex_valset.csv"}
BOX = ("bbox_x", "bbox_y", "bbox_width", "bbox_height")
COLUMNS = ("image_name", *BOX, "gender", "smile")
CODES = {"0": 0, "1": 1, "2": None}


def face(row, pictures, split):
    """Return the FaceRecord of a row; ValueError or KeyError where a field is malformed.

    pictures: the folder of the list.
    """
    x, y, width, height = numbers_of(row, BOX)
    return FaceRecord(
        f"{pictures}/{row['image_name']}",
        box=[x, y, x + width, y + height],
        gender=CODES[row["gender"]],
        smile=CODES[row["smile"]],
        split=split,
    )


def list_rows(path, pictures, split):
    """Yield the rows of a list."""
    for place, row in table(path, COLUMNS):
        if isinstance(row, Dropped):
            yield row
            continue
        try:
            found = face(row, pictures, split)
        except (ValueError, KeyError):
            fields = ", ".join(row[column] for column in COLUMNS[1:])
            yield Dropped(place, "box, gender or smile does not fit", fields)
            continue
        if found.gender is None and found.smile is None:
            yield Dropped(place, "no label", "not sure of both")
        else:
            yield found


def rows(folder):
    """Yield the rows of the lists that are there."""
    for split, name in LISTS.items():
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            yield from list_rows(path, os.path.dirname(name), split)


READER = Reader(
    name="fotw",
    title="Faces of the World",
    needs=(),
    rows=rows,
    any_of=tuple(LISTS.values()),
    tree="`smiles_trset/{gender_fex_trset.csv,*.jpg}`, "
    "`smiles_valset/{gender_fex_valset.csv,*.jpg}`",
    faces="6,171 and 3,086",
    ask="ChaLearn, Looking at People 2016, track 3",
    splits=tuple(LISTS),
    finetunes={"smile": ("train",), "gender": ("train",)},
)
