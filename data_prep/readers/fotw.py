"""Faces of the World (Escalera et al. 2016): boxes, gender and smile of 6,171 faces for training and 3,086 for validation.

A third value of either label, "not sure", is an unknown label. That 0 is male, 1 is female is our choice: it is stated nowhere
that we could read. Where a set's list says otherwise, the histogram of summary.json shows it.
"""

import os

from allinone.record import FaceRecord
from data_prep.reader import Dropped, Reader
from data_prep.tables import table

LISTS = {"train": "smiles_trset/gender_fex_trset.csv", "val": "smiles_valset/gender_fex_valset.csv"}
NEEDS = ()
ANY_OF = tuple(LISTS.values())
BOX = ("bbox_x", "bbox_y", "bbox_width", "bbox_height")
COLUMNS = ("image_name", *BOX, "gender", "smile")
CODES = {"0": 0, "1": 1, "2": None}


def rows(folder):
    """Yield the records of the lists that are there; the splits are train and val."""
    for split, name in LISTS.items():
        path = os.path.join(folder, name)
        for place, row in table(path, COLUMNS) if os.path.isfile(path) else ():
            if isinstance(row, Dropped):
                yield row
                continue
            try:
                x, y, width, height = (float(row[column]) for column in BOX)
                gender, smile = CODES[row["gender"]], CODES[row["smile"]]
            except (ValueError, KeyError):
                yield Dropped(
                    place,
                    "box, gender or smile does not fit",
                    ", ".join(row[column] for column in COLUMNS[1:]),
                )
                continue
            if gender is None and smile is None:
                yield Dropped(place, "no label", "not sure of both")
                continue
            yield FaceRecord(
                f"{os.path.dirname(name)}/{row['image_name']}",
                box=[x, y, x + width, y + height],
                gender=gender,
                smile=smile,
                split=split,
            )


READER = Reader(
    name="fotw",
    title="Faces of the World",
    needs=NEEDS,
    rows=rows,
    any_of=ANY_OF,
    finetunes={"smile": ("train",), "gender": ("train",)},
)
