"""FG-NET: 1,002 pictures of 82 people with ages from 0 to 69 and 68 points each.

Everything stands in the names: 001A02.JPG is person 1 at 2 years, a letter tells two of one age apart; points/001a02.pts.
Of the 68 points those are used whose meaning does not depend on the markup's order of sides: eye centres, mouth corners,
nose and chin, told left from right by where they lie. The splits are person_001 to person_082: leave one person out.
"""

import os
import re

import numpy as np

from allinone import landmarks
from allinone.record import FaceRecord
from data_prep import rough_boxes
from data_prep.reader import BY_TURNS, Dropped, Reader
from data_prep.tables import lines

PICTURES, POINTS = "images", "points"
NEEDS = (PICTURES, POINTS)
NAME = re.compile(r"(\d{3})a(\d{2})[a-z]?\.jpg", re.IGNORECASE)
PAIRS = (
    ((31, 36), (7, 10)),
    ((48, 54), (17, 19)),
)  # FG-NET's numbers from 0, AFLW's places: eye centres, mouth corners
SINGLE = ((67, 14), (7, 20))  # tip of the nose, chin


def read_points(path):
    """Return the 68 points of a .pts file; ValueError where they do not fit."""
    text = "\n".join(line for _, line in lines(path))
    inside = re.search(r"\{(.*)\}", text, re.DOTALL)
    points = np.array(inside.group(1).split() if inside else [], float).reshape(-1, 2)
    if len(points) != 68:
        raise ValueError(f"{len(points)} points instead of 68")
    return points


def to_aflw(points):
    """Return 21 landmarks, unknown ones NaN, of FG-NET's 68 points."""
    marks = np.full((landmarks.COUNT, 2), np.nan)
    for pair, places in PAIRS:
        marks[list(places)] = sorted(points[list(pair)].tolist())  # by x: left in the image first
    for number, place in SINGLE:
        marks[place] = points[number]
    return marks


def rows(folder):
    """Yield the records of all pictures by name."""
    points_files = {name.lower(): name for name in os.listdir(os.path.join(folder, POINTS))}
    for name in sorted(os.listdir(os.path.join(folder, PICTURES))):
        parts = NAME.fullmatch(name)
        if not parts:
            yield Dropped(f"{PICTURES}/{name}", "name does not tell person and age")
            continue
        found = points_files.get(f"{os.path.splitext(name)[0]}.pts".lower())
        try:
            if found is None:
                raise ValueError("no such file")
            marks = to_aflw(read_points(os.path.join(folder, POINTS, found)))
        except ValueError as error:
            yield Dropped(f"{PICTURES}/{name}", "points missing or do not fit", str(error))
            continue
        yield FaceRecord(
            f"{PICTURES}/{name}",
            box=rough_boxes.from_points(marks),
            landmarks=[p if np.isfinite(p[0]) else None for p in marks.tolist()],
            age=float(parts.group(2)),
            identity=int(parts.group(1)),
            split=f"person_{parts.group(1)}",
        )


READER = Reader(
    name="fgnet",
    title="FG-NET",
    needs=NEEDS,
    rows=rows,
    validates={"age": None},
    finetunes={"age": BY_TURNS},
)
