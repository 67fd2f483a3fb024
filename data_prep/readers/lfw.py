"""LFW (Huang et al. 2007): 6,000 pairs of faces, the same person or not, in ten folds.

Records are the pictures that pairs.txt names; the pairs themselves are written to pairs.jsonl. The pictures show what a face detector
found, with its box 2.2 times as large: the box is the middle of the picture.
"""

import json
import os

from allinone import files
from allinone.errors import InputError
from allinone.record import FaceRecord
from data_prep import rough_boxes
from data_prep.reader import Dropped, Reader
from data_prep.tables import lines

LIST, PICTURES, PAIRS = "pairs.txt", "lfw", "pairs.jsonl"
NEEDS = (LIST, PICTURES)
SHARE = 1 / 2.2


def picture(name, number):
    """Return the path of a person's n-th picture."""
    return f"{PICTURES}/{name}/{name}_{int(number):04d}.jpg"


def pairs(path):
    """Yield (fold from 1, same, first picture, second picture) of pairs.txt, or a Dropped; InputError where its head does not fit."""
    text = lines(path)
    try:
        folds, each = map(int, next(text)[1].split())
    except (ValueError, StopIteration):
        raise InputError(
            f"{path}, line 1: must hold the number of folds and of pairs; is it the original pairs.txt?"
        ) from None
    for number, line in text:
        words, fold = (
            line.split("\t") if "\t" in line else line.split(),
            (number - 2) // (2 * each) + 1,
        )
        try:
            if len(words) not in (3, 4) or fold > folds:
                raise ValueError
            first, second = (
                (words[0], words[1]),
                (words[-2] if len(words) == 4 else words[0], words[-1]),
            )
            yield fold, int(len(words) == 3), picture(*first), picture(*second)
        except ValueError:
            yield Dropped(f"{path}, line {number}", "not a pair", line)


def rows(folder):
    """Yield the records of all pictures of the pairs by name, people numbered by name; writes pairs.jsonl."""
    seen = set()
    with files.replacing(os.path.join(folder, PAIRS)) as stream:
        for pair in pairs(os.path.join(folder, LIST)):
            if isinstance(pair, Dropped):
                yield pair
                continue
            fold, same, first, second = pair
            seen |= {first, second}
            stream.write(json.dumps(dict(fold=fold, same=same, pictures=[first, second])) + "\n")
    people = {}
    for path in sorted(seen):
        who = people.setdefault(path.split("/")[1], len(people))
        yield FaceRecord(
            path, box=rough_boxes.middle(os.path.join(folder, path), SHARE), identity=who
        )


READER = Reader(
    name="lfw",
    title="LFW",
    needs=NEEDS,
    rows=rows,
    validates={"id": None},
)
