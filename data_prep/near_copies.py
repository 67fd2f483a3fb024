"""Near-copies: pictures of one moment that stand in two sets, or twice in one, cut differently.

What is tested or validated on must not be learnt from. Two faces are near-copies where their
aligned faces, small, grey and normalized, correlate by LIKE or more, one of them mirrored or not.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import cv2
import numpy as np

from allinone import align, pictures
from allinone.errors import InputError
from allinone.parallel import in_order
from allinone.progress import Progress
from data_prep import labelled_photos
from data_prep.parts import PARTS, TRAIN

SIDE = 24  # our choice: pixels of a small face
# our choice: looked at on UTKFace, CelebA, All-Age-Faces and MTFL (docs/real_photographs.md)
LIKE = 0.97
CHUNK = 64  # faces that a process aligns at a time
ROWS = 1000  # faces that are compared together


class Place(NamedTuple):
    """A face of a set."""

    name: str  # of the set
    image: str
    part: str
    path: str  # of the picture
    points: np.ndarray  # (21, 2)
    seen: np.ndarray  # (21,)


class Pair(NamedTuple):
    """A face, and one of a part that is held back which it is a near-copy of."""

    face: Place
    held_back: Place
    likeness: float  # correlation, up to 1


def places_of(real: str, names: Sequence[str]) -> Iterator[Place]:
    """Yield the faces with landmarks of the sets of a source folder."""
    for name in names:
        for image, faces in labelled_photos.pictures_of(real, name):
            for face in faces:
                if face.landmarks is not None:
                    path = os.path.join(real, image)
                    points, seen = face.landmark_array(), face.visibility_array()
                    yield Place(name, image, face.split, path, points, seen)


def small_faces(places: Sequence[Place]) -> list[np.ndarray]:
    """Return a row (SIDE * SIDE,) of norm 1 for each face; NaN where it cannot be read."""
    rows = []
    for place in places:
        try:
            image = cv2.cvtColor(pictures.read_image(place.path), cv2.COLOR_BGR2GRAY)
            face = align.warp(image, place.points, 2 * SIDE, place.seen)
        except InputError:  # whoever builds a database names it
            rows.append(np.full(SIDE * SIDE, np.nan, np.float32))
            continue
        small = cv2.resize(face, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        row = small.ravel() - small.mean(dtype=np.float32)
        rows.append(np.float32(row / max(np.linalg.norm(row), 1e-6)))
    return rows


def _mirrored(rows):
    return rows.reshape(-1, SIDE, SIDE)[:, :, ::-1].reshape(-1, SIDE * SIDE)


def pairs_in(places: Sequence[Place], rows: np.ndarray) -> Iterator[Pair]:
    """Yield each face that is a near-copy of one of a later part (train, val, test), with that.

    rows: (n, SIDE * SIDE) of `small_faces`.
    """
    part = np.array([PARTS.index(place.part) for place in places])
    held = np.flatnonzero(part > PARTS.index(TRAIN))
    if not len(held):
        return
    both = np.concatenate([rows[held], _mirrored(rows[held])])
    progress = Progress("comparing faces", len(places))
    for start in range(0, len(places), ROWS):
        some = slice(start, start + ROWS)
        alike = np.nan_to_num(rows[some] @ both.T, nan=-1).reshape(-1, 2, len(held)).max(axis=1)
        alike[part[some, None] >= part[held]] = -1
        for row in np.flatnonzero(alike.max(axis=1, initial=-1) >= LIKE):
            best = int(alike[row].argmax())
            yield Pair(places[start + row], places[held[best]], float(alike[row, best]))
        progress.step(len(alike))


def find(real: str, names: Sequence[str]) -> list[Pair]:
    """Return the near-copies in the sets of a source folder, see `pairs_in`."""
    places, rows = [], []
    for place, row in in_order(small_faces, places_of(real, names), chunk=CHUNK):
        places.append(place)
        rows.append(row)
    return list(pairs_in(places, np.float32(rows).reshape(-1, SIDE * SIDE)))
