"""LFW (Huang et al. 2007): 6,000 pairs of faces, of one person or of two, in ten folds.

Records are the pictures that pairs.txt names. The pairs are the side file pairs.jsonl: fold from 1,
same (1 for one person, 0 for two) and the two pictures. The pictures were cut around the box of a
face detector, 2.2 times as large: the box is the middle of the picture.
"""

import os

from allinone.errors import InputError
from allinone.record import FaceRecord
from data_prep import rough_boxes
from data_prep.reader import Dropped, Reader
from data_prep.tables import lines

LIST, PICTURES = "pairs.txt", "lfw"
SHARE = 1 / 2.2  # of a picture's width and height: the detector's box


def picture(name, number):
    """Return the path of a person's n-th picture."""
    return f"{PICTURES}/{name}/{name}_{int(number):04d}.jpg"


def pictures_of(words):
    """Return the two pictures of a line, ValueError where it is no pair.

    words: (name, n, n) of one person or (name, n, name, n) of two.
    """
    if len(words) == 3:
        name, first, second = words
        return picture(name, first), picture(name, second)
    if len(words) == 4:
        return picture(*words[:2]), picture(*words[2:])
    raise ValueError(f"{len(words)} words")


def pairs(path):
    """Yield (fold from 1, same, first picture, second picture) of the lines, or a Dropped.

    InputError where the first line does not give the numbers of folds and of pairs.
    """
    text = lines(path)
    try:
        folds, each = map(int, next(text)[1].split())
        if each < 1:
            raise ValueError(f"{each} pairs")
    except (ValueError, StopIteration):
        raise InputError(
            f"{path}, line 1: must hold the number of folds and of pairs; "
            "is it the original pairs.txt?"
        ) from None
    for number, line in text:
        words = line.split("\t") if "\t" in line else line.split()
        fold = (number - 2) // (2 * each) + 1
        try:
            if fold > folds:
                raise ValueError(f"more than {folds} folds")
            yield (fold, int(len(words) == 3), *pictures_of(words))
        except ValueError:
            yield Dropped(f"{path}, line {number}", "not a pair", line)


def rows(folder):
    """Yield the pictures of all pairs by name; people are numbered by name."""
    seen, people = set(), {}
    for pair in pairs(os.path.join(folder, LIST)):
        if isinstance(pair, Dropped):
            yield pair
        else:
            seen.update(pair[2:])
    for path in sorted(seen):
        person = path.split("/")[1]
        yield FaceRecord(
            path,
            box=rough_boxes.middle(os.path.join(folder, path), SHARE),
            identity=people.setdefault(person, len(people)),
        )


def pair_lines(folder):
    """Yield the pairs."""
    for pair in pairs(os.path.join(folder, LIST)):
        if not isinstance(pair, Dropped):  # rows() names it
            fold, same, first, second = pair
            yield dict(fold=fold, same=same, pictures=[first, second])


READER = Reader(
    name="lfw",
    title="LFW",
    needs=(LIST, PICTURES),
    rows=rows,
    tree="`pairs.txt`, `lfw/<name>/<name>_0001.jpg`, ...",
    faces="6,000 pairs",
    ask="University of Massachusetts",
    validates={"id": None},
    side_files={"pairs.jsonl": pair_lines},
)
