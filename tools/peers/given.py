"""What all get, as files: pictures made of one photograph, photographs whose faces are known."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

import cv2
import numpy as np

from allinone import files
from allinone.record import FaceRecord
from tools.timing import labelled, search

LONGEST = 640  # our choice: pixels of a photograph's longer side, at most
REPEATS = 3  # calls of a round that are timed, of a made picture
ONCE = 1  # of a photograph, of which there are many
LEFT_OUT = (search.MANY, search.LARGE, search.VIDEO)  # some peers take minutes for the first two


@dataclass(frozen=True)
class Given:
    """A picture, how often it is timed in a round, and its faces where they are known."""

    name: str
    image: np.ndarray
    repeats: int
    faces: list[FaceRecord] = field(default_factory=list)


def made() -> list[Given]:
    """Return the pictures that tools.timing.search makes, but those LEFT_OUT."""
    some = [case for case in search.cases() if case.name not in LEFT_OUT]
    return [Given(case.name, case.images[0], REPEATS) for case in some]


def photographs(real: str) -> list[Given]:
    """Return the labelled photographs of a folder, shrunk to LONGEST, and their faces with them."""
    return [_shrunk(one) for one in labelled.photographs(real)]


def _shrunk(one):
    """Return a labelled photograph that is no larger than LONGEST."""
    scale, image = min(1.0, LONGEST / max(one.image.shape[:2])), one.image
    if scale < 1:
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    faces = []
    for face in one.faces:
        box = (np.float64(face.box) * scale).tolist()
        faces.append(FaceRecord(one.name, box=box, ignore=face.ignore))
    return Given(one.name, image, ONCE, faces)


def write(given: list[Given], folder: str) -> dict[str, str]:
    """Write pictures, PNG and raw RGB, and lists of them; return {kind: path of the list}."""
    os.makedirs(folder, exist_ok=True)
    listed: dict[str, list] = {"png": [], "rgb": []}
    for number, one in enumerate(given):
        place = os.path.join(os.path.abspath(folder), str(number))
        cv2.imwrite(f"{place}.png", one.image)
        with files.replacing(f"{place}.rgb", "wb") as stream:
            stream.write(cv2.cvtColor(one.image, cv2.COLOR_BGR2RGB).tobytes())
        about = dict(width=one.image.shape[1], height=one.image.shape[0], repeats=one.repeats)
        for kind, some in listed.items():
            some.append(dict(name=one.name, path=f"{place}.{kind}", **about))
    paths = {}
    for kind, some in listed.items():
        paths[kind] = os.path.join(os.path.abspath(folder), f"{kind}.json")
        files.write_json(paths[kind], some)
    return paths
