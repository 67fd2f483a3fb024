"""FG-NET: 1,002 pictures of 82 people with ages from 0 to 69 and 68 points each.

Person and age stand in the names: 001A02.JPG is person 1 at 2 years, with points/001a02.pts. A
letter distinguishes two pictures of one age. Of the 68 points those are used whose meaning does not
depend on the markup's order of sides: eye centres, mouth corners, nose and chin. Left and right are
told apart by where the points lie. Each person is a split, to leave one person out.
Where there is no folder of points, nothing says where the faces are: data_prep.locate finds them.
"""

import os
import re

import numpy as np

from allinone import landmarks
from allinone.errors import InputError
from allinone.record import FaceRecord
from data_prep import rough_boxes
from data_prep.reader import BY_TURNS, Dropped, Reader
from data_prep.tables import lines, number

PICTURES, POINTS = "images", "points"
NAME = re.compile(r"(\d{3})a(\d{2})[a-z]?\.jpg", re.IGNORECASE)
COUNT = 68  # points of a face
# (FG-NET's points from 0, places among the 21 landmarks): eye centres, mouth corners
PAIRS = (((31, 36), (7, 10)), ((48, 54), (17, 19)))
SINGLE = ((67, 14), (7, 20))  # tip of the nose, chin


def read_points(path):
    """Return the points (68, 2) of a .pts file; ValueError where it is malformed."""
    text = "\n".join(line for _, line in lines(path))
    inside = re.search(r"\{(.*)\}", text, re.DOTALL)
    numbers = [number(word) for word in (inside.group(1).split() if inside else ())]
    if len(numbers) != 2 * COUNT:
        raise ValueError(f"{len(numbers)} coordinates instead of {2 * COUNT}")
    if None in numbers:
        raise ValueError(f"coordinate {numbers.index(None) + 1} is no number")
    return np.reshape(numbers, (COUNT, 2))


def to_aflw(points):
    """Return landmarks (21, 2), NaN where unknown, of FG-NET's points (68, 2)."""
    marks = np.full((landmarks.COUNT, 2), np.nan)
    for pair, places in PAIRS:
        marks[list(places)] = sorted(points[list(pair)].tolist())  # by x: left in the image first
    for which, place in SINGLE:
        marks[place] = points[which]
    return marks


def face(folder, name, points_files):
    """Return the FaceRecord of a picture, or a Dropped.

    points_files: {name of a file of points in small letters: its name}, None where there are none.
    """
    image, parts = f"{PICTURES}/{name}", NAME.fullmatch(name)
    if not parts:
        return Dropped(image, "name does not tell person and age")
    person, age = parts.groups()
    said = dict(age=float(age), identity=int(person), split=f"person_{person}")
    if points_files is None:
        return FaceRecord(image, **said)
    found = points_files.get(f"{os.path.splitext(name)[0]}.pts".lower())
    if found is None:
        return Dropped(image, "points missing or do not fit", "no such file")
    try:
        marks = to_aflw(read_points(os.path.join(folder, POINTS, found)))
        box = rough_boxes.from_points(marks)
    except (ValueError, InputError) as error:
        return Dropped(image, "points missing or do not fit", str(error))
    known = [point if np.isfinite(point[0]) else None for point in marks.tolist()]
    return FaceRecord(image, box=box, landmarks=known, **said)


def rows(folder):
    """Yield the pictures by name."""
    place, points_files = os.path.join(folder, POINTS), None
    if os.path.isdir(place):
        points_files = {name.lower(): name for name in os.listdir(place)}
    for name in sorted(os.listdir(os.path.join(folder, PICTURES))):
        yield face(folder, name, points_files)


READER = Reader(
    name="fgnet",
    title="FG-NET",
    needs=(PICTURES,),
    rows=rows,
    optional=(POINTS,),
    tree="`images/001A02.JPG`, ...; optional `points/001a02.pts`, ...",
    faces="1,002 of 82 people",
    ask="the FG-NET consortium",
    splits=tuple(f"person_{number:03d}" for number in range(1, 83)),
    validates={"age": None},
    finetunes={"age": BY_TURNS},
)
