"""What makes a record useless: labels out of range, a box or picture that is none, a repetition.

Labels are checked by the kinds of allinone.tasks, so that a task of the table needs nothing here.
"""

from __future__ import annotations

import math
import os
from typing import Optional, Union

import numpy as np

from allinone import boxes, pictures, record, tasks
from allinone.errors import InputError
from allinone.record import FaceRecord

OLDEST = 110  # our choice: years; a label above it is a mistake
LARGEST = {"age": OLDEST}  # {label: largest value} of the NUMBER tasks that have one

Problem = Optional[tuple[str, str]]  # (reason, detail), or None where there is none


def box_problem(box: Optional[list[float]]) -> Problem:
    """Return what is wrong with a box."""
    if box is None or (np.isfinite(box).all() and box[0] < box[2] and box[1] < box[3]):
        return None
    return "bad box", str(box)


def number_problem(name: str, value: Optional[float], largest: float) -> Problem:
    """Return what is wrong with a number that must lie between 0 and `largest`."""
    if value is None or (math.isfinite(value) and 0 <= value <= largest):
        return None
    return f"bad {name.replace('_', ' ')}", str(value)


def label_problem(face: FaceRecord, task: tasks.Task) -> Problem:
    """Return what is wrong with a record's label of a task."""
    label = task.label
    value = getattr(face, label)
    if label == "box":
        return box_problem(value)
    if task.kind == tasks.NUMBER:
        largest, sigma = LARGEST.get(label, math.inf), f"{label}_sigma"
        return number_problem(label, value, largest) or number_problem(
            sigma, getattr(face, sigma), largest
        )
    if value is None or task.kind == tasks.DESCRIPTOR:  # any number is a person
        return None
    if task.kind == tasks.PROBABILITY:
        good = value in (0, 1)
    else:
        good = np.isfinite([part for part in value if part is not None]).all()
    return None if good else (f"bad {label}", str(value))


def form_problem(face: FaceRecord) -> Problem:
    """Return what of a record is of no form that is read again, such as a number of 400 digits."""
    fault = record.fault_of(face)
    return ("not a record", fault) if fault else None


def size_of(path: str) -> Union[tuple[int, int], str]:
    """Return (width, height) of a picture, or why it has none; reads the head of its file alone."""
    if not os.path.exists(path):
        return "missing picture"
    try:
        return pictures.shown_size(path)
    except InputError:
        return "unreadable picture"


class Checker:
    """Checks the records of a set, one after another."""

    def __init__(self, folder: str) -> None:
        """Check records whose pictures are named relative to a folder."""
        self.folder = folder
        self.seen = set()  # of all records so far; numbers, which take less memory than the words
        self.image, self.size = None, None  # the last picture and its size_of

    def problem(self, face: FaceRecord) -> Problem:
        """Return (reason, detail) of what makes a record useless, or None."""
        for task in tasks.TASKS:
            found = label_problem(face, task)
            if found:
                return found
        return self._repetition(face) or form_problem(face) or self._picture_problem(face)

    def _repetition(self, face):
        # Several faces of a picture may have no box.
        key = hash(record.to_line(face) if face.box is None else (face.image, *face.box))
        if key in self.seen:
            return "there twice", f"box {face.box}" if face.box else "the same labels"
        self.seen.add(key)
        return None

    def _picture_problem(self, face):
        if face.image != self.image:
            self.image = face.image
            self.size = size_of(os.path.join(self.folder, face.image))
        if isinstance(self.size, str):
            return self.size, ""
        if face.box is not None and not boxes.area(boxes.clip(face.box, *self.size)) > 0:
            return "box outside", f"{face.box} in {self.size[0]}x{self.size[1]}"
        return None
