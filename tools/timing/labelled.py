"""Pictures whose faces are known: photographs of a folder of labelled ones, and drawn scenes."""

from __future__ import annotations

import os
from typing import NamedTuple

import numpy as np

from allinone.pictures import read_image
from allinone.record import FaceRecord
from data_prep import labelled_photos
from evaluate.photographs import SET, knows_its_faces
from tools.timing import pictures


class Labelled(NamedTuple):
    """A picture and its faces, each of which has a box."""

    name: str
    image: np.ndarray
    faces: list[FaceRecord]


def photographs(real: str) -> list[Labelled]:
    """Return the photographs of a folder with photos.jsonl; none where it has none.

    One with a face without a box is left out: nobody could tell what is false in it.
    """
    path, found = os.path.join(real, f"{SET}.jsonl"), []
    if not os.path.isfile(path):
        return []
    for line in labelled_photos.lines_of(path):
        faces = list(labelled_photos.faces_of(line, labelled_photos.People()))
        if knows_its_faces(faces):
            image = read_image(os.path.join(real, line["image"]))
            known = [face for face in faces if face.box is not None]
            found.append(Labelled(line["image"], image, known))
    return found


def scenes(count: int) -> list[Labelled]:
    """Return drawn scenes that nothing has learnt from."""
    found = []
    for number, (image, faces) in enumerate(pictures.drawn_scenes(count)):
        name = f"scene {number}"
        found.append(Labelled(name, image, [FaceRecord(name, box=face["box"]) for face in faces]))
    return found
