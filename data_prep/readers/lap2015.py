"""ChaLearn LAP 2015 (Escalera et al. 2015): the age that people saw in a picture, mean and sigma.

There are 2,476 + 1,136 + 1,079 pictures. Each list has lines of picture, mean and standard
deviation, separated by ";" or ",". Nothing says where in a picture the face is: data_prep.locate
finds it.
"""

import os
import re

from allinone.record import FaceRecord
from data_prep.reader import Dropped, Reader
from data_prep.tables import lines, number

SPLITS = {"train": "Train", "val": "Validation", "test": "Test"}  # {split: its list and its folder}


def list_rows(path, name, split):
    """Yield the rows of a list whose pictures are in the folder `name`."""
    for number_of_line, text in lines(path):
        parts = [part.strip() for part in re.split("[;,]", text)]
        if not any(parts):
            continue
        picture, *numbers = parts[0], *map(number, parts[1:3])
        if len(numbers) == 2 and None not in numbers:
            age, sigma = numbers
            yield FaceRecord(f"{name}/{picture}", age=age, age_sigma=sigma, split=split)
        elif number_of_line > 1 or "." in picture:  # the first line may name the columns
            place = f"{path}, line {number_of_line}"
            yield Dropped(place, "not a picture, an age and a standard deviation", text)


def rows(folder):
    """Yield the rows of the lists that are there."""
    for split, name in SPLITS.items():
        path = os.path.join(folder, f"{name}.csv")
        if os.path.isfile(path):
            yield from list_rows(path, name, split)


READER = Reader(
    name="lap2015",
    title="ChaLearn LAP 2015",
    needs=(),
    rows=rows,
    any_of=tuple(f"{name}.csv" for name in SPLITS.values()),
    tree="`Train.csv` (lines of picture; mean; standard deviation), `Train/*.jpg`; "
    "optional the same as `Validation` and `Test`",
    faces="2,476, 1,136, 1,079",
    ask="ChaLearn, Looking at People 2015, track 1",
    splits=tuple(SPLITS),
    finetunes={"age": ("train",)},
)
