"""ChaLearn LAP 2015 (Escalera et al. 2015): the age that people saw in 2,476 + 1,136 + 1,079 pictures, with its standard deviation.

Each list has lines of picture, mean and standard deviation, with ";" or "," between them. Nothing tells where in a
picture the face is: data_prep.locate finds it.
"""

import os
import re

from allinone.record import FaceRecord
from data_prep.reader import Dropped, Reader
from data_prep.tables import lines

SPLITS = {
    "train": "Train",
    "val": "Validation",
    "test": "Test",
}  # a list <name>.csv and a folder each
NEEDS = ()
ANY_OF = tuple(f"{name}.csv" for name in SPLITS.values())


def rows(folder):
    """Yield the records of the lists that are there; the splits are train, val and test."""
    for split, name in SPLITS.items():
        path = os.path.join(folder, f"{name}.csv")
        for number, text in lines(path) if os.path.isfile(path) else ():
            parts = [part.strip() for part in re.split("[;,]", text)]
            if not any(parts):
                continue
            try:
                picture, age, sigma = parts[0], float(parts[1]), float(parts[2])
            except (ValueError, IndexError):
                if number > 1:  # the first line may name the columns
                    yield Dropped(
                        f"{path}, line {number}",
                        "not a picture, an age and a standard deviation",
                        text,
                    )
                continue
            yield FaceRecord(f"{name}/{picture}", age=age, age_sigma=sigma, split=split)


READER = Reader(
    name="lap2015",
    title="ChaLearn LAP 2015",
    needs=NEEDS,
    rows=rows,
    any_of=ANY_OF,
    finetunes={"age": ("train",)},
)
