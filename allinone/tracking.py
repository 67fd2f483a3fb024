"""Faces followed from frame to frame: a number for each person, medians of what is said of them.

In each frame the faces are given to the people who were seen a moment before, by where they should
be now (IoU with the box, moved as it moved before) and by descriptor; who is left to people who
were seen earlier, by descriptor alone; the others are new. How well somebody who was away is known
again is therefore a matter of the model's descriptors.
"""

from __future__ import annotations

import bisect
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from allinone import boxes, tasks
from allinone.errors import InputError
from allinone.face import Face

# our choice: all below. By the shipped model, half of the strangers of one gender in the test part
# of CelebA have a cosine below 0.47, and 1 in 1000 one above 0.91; of two portraits of one person 1
# in 100 has one below 0.3.
LEAST_IOU = 0.2  # of a face and the place where a person should be
UNLIKE = 0.3  # cosine below which a face in that place is another's, as where a video is cut
SAME = 0.91  # least cosine by which somebody is known again wherever the face is
AWAY = 1.0  # seconds without a face after which nobody knows where a person should be
STEP = 0.5  # share of the newest step, and look, in what is expected next
MOST_KNOWN = 200  # people who can be known again, those seen last
NEVER = -1e6  # likeness of what is not the same, below all sums of likenesses

# What a person has once, and each frame says anew.
MEDIANS = tuple(
    task for task in tasks.of_stage(2) if task.kind in (tasks.PROBABILITY, tasks.NUMBER)
)


@dataclass(eq=False)
class Person:
    """Somebody who was seen."""

    number: int
    box: np.ndarray  # where last
    seconds: float  # when last
    speed: np.ndarray = field(default_factory=lambda: np.zeros(2))  # pixels a second
    look: np.ndarray | None = None  # mean of the last descriptors at length 1, None: there are none

    def expected(self, seconds: float) -> np.ndarray:
        """Return the box (4,) where the face should be at a time."""
        return self.box + np.tile(self.speed * (seconds - self.seconds), 2)

    def see(self, face: Face, seconds: float) -> None:
        """Take over where a face is, and its descriptor."""
        step = (face.box[:2] + face.box[2:] - self.box[:2] - self.box[2:]) / 2
        passed = seconds - self.seconds
        if 0 < passed <= AWAY:
            self.speed = self.speed + STEP * (step / passed - self.speed)
        elif passed:
            self.speed = np.zeros(2)
        self.box, self.seconds = np.float64(face.box), seconds
        if face.descriptor is not None:
            new = np.float64(face.unit_descriptor())
            self.look = new if self.look is None else self.look + STEP * (new - self.look)


class Tracker:
    """The people of a video, in the order of their coming."""

    def __init__(self) -> None:
        """Begin without anybody; InputError where SciPy is missing."""
        try:
            from scipy.optimize import linear_sum_assignment  # only videos need it
        except ImportError as error:
            raise InputError(f"videos: {error}; pip install 'allinone-face[videos]'") from None
        self.assign = linear_sum_assignment
        self.known: list[Person] = []  # those seen last at the end
        self.count = 0
        self.before = -np.inf  # seconds of the last frame
        self.values: list[dict[str, array]] = []  # of each person, {field: sorted answers}

    def follow(self, faces: Sequence[Face], seconds: float) -> list[int]:
        """Return the number, from 1, of the person of each face of the next frame."""
        found: dict[int, Person] = {}
        recent = [one for one in self.known if one.seconds >= min(self.before, seconds - AWAY)]
        self._match(_places(recent, faces, seconds), recent, faces, found)
        self._match(_likenesses(self.known, faces), self.known, faces, found)
        for place, face in enumerate(faces):
            if place not in found:
                self.count += 1
                found[place] = Person(self.count, np.float64(face.box), seconds)
                self.values.append({})
            found[place].see(face, seconds)
            self._note(found[place], face)
        seen = [found[place] for place in range(len(faces))]
        self.known = [one for one in self.known if one not in seen] + seen
        self.known = self.known[-MOST_KNOWN:]
        self.before = seconds
        return [one.number for one in seen]

    def medians(self, number: int) -> dict[str, float]:
        """Return {field: median so far} of what was said of a person."""
        found = {}
        for name, values in self.values[number - 1].items():
            middle = len(values) // 2
            found[name] = (values[middle] + values[~middle]) / 2
        return found

    def _match(self, likeness, people, faces, found) -> None:
        """Give the faces that are left to the people who are, so that all are as like as can be."""
        rows = [row for row, one in enumerate(people) if one not in found.values()]
        columns = [place for place in range(len(faces)) if place not in found]
        if not (rows and columns):
            return
        left = likeness[np.ix_(rows, columns)]
        for row, column in zip(*self.assign(left, maximize=True)):
            if left[row, column] > NEVER:
                found[columns[column]] = people[rows[row]]

    def _note(self, person: Person, face: Face) -> None:
        known = self.values[person.number - 1]
        for task in MEDIANS:
            value = getattr(face, task.field)
            if value is not None:
                bisect.insort(known.setdefault(task.field, array("d")), value)


def _cosines(people: Sequence[Person], faces: Sequence[Face]) -> np.ndarray:
    """Return the cosines (people, faces) of the descriptors, 0 where there are none."""
    found = np.zeros((len(people), len(faces)))
    if people and faces and people[0].look is not None:
        ours = np.stack([one.look for one in people])
        ours /= np.maximum(np.linalg.norm(ours, axis=1, keepdims=True), 1e-12)
        found = ours @ np.stack([np.float64(face.unit_descriptor()) for face in faces]).T
    return found


def _places(people: Sequence[Person], faces: Sequence[Face], seconds: float) -> np.ndarray:
    """Return how well faces are where people should be, and look like them; NEVER: they are not."""
    where = np.reshape([one.expected(seconds) for one in people], (-1, 4))
    overlap = boxes.iou(where, np.reshape([face.box for face in faces], (-1, 4)))
    cosines = _cosines(people, faces)
    has_looks = any(one.look is not None for one in people)
    fits = (overlap >= LEAST_IOU) & ((cosines >= UNLIKE) | (not has_looks))
    return np.where(fits, overlap + cosines, NEVER)


def _likenesses(people: Sequence[Person], faces: Sequence[Face]) -> np.ndarray:
    """Return how like faces look to people, wherever they are; NEVER: too little."""
    cosines = _cosines(people, faces)
    return np.where(cosines >= SAME, cosines, NEVER)
