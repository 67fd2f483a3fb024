"""Aligned faces of records, as JPEG: what the processes that build databases do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Optional, Union

import cv2
import numpy as np

from allinone import align, pictures, record, tasks
from allinone.errors import InputError
from allinone.record import FaceRecord
from allinone.store import UNKNOWN
from data_prep.reader import Dropped
from data_prep.sources import Splits, image_path

JPEG_QUALITY = 92


class Label(NamedTuple):
    """What a tower learns of a face."""

    value: float  # as the record has it
    numbers: tuple[float, ...] = ()  # of a NUMBER: the value and its sigma, 0 = not given
    name: str = ""  # of a person, where it is known


class Aligned(NamedTuple):
    """What comes of a line of a records file."""

    labels: dict[str, Label]  # {tower: label}, of the towers that can learn from it
    face: Union[bytes, Dropped, None] = None  # JPEG; None where no tower can learn from it
    has_landmarks: bool = False
    group: tuple[int, int] = (UNKNOWN, UNKNOWN)  # age and gender, as store.GROUPS has them


def label_of(face: FaceRecord, tower: str) -> Optional[Label]:
    """Return what a tower of aligned faces learns of a face, or None where that is not known."""
    task = tasks.aligned_task(tower)
    value = getattr(face, task.label)
    if value is None:
        return None
    if task.kind == tasks.NUMBER:
        return Label(value, (value, getattr(face, f"{task.label}_sigma") or 0))
    return Label(value, name=face.name or "")


def group_of(face: FaceRecord) -> tuple[int, int]:
    """Return age in whole years and gender of a face, UNKNOWN where nobody has said it."""
    age = UNKNOWN if face.age is None else min(int(face.age), UNKNOWN - 1)
    return age, UNKNOWN if face.gender is None else int(face.gender)


def labels_of(face: FaceRecord, towers: Sequence[str], splits: Splits) -> dict[str, Label]:
    """Return {tower: label} of the towers that can learn from a face, none where its split is out.

    splits: those that are wanted.
    """
    if splits is not None and face.split not in splits:
        return {}
    found = {tower: label_of(face, tower) for tower in towers}
    return {tower: label for tower, label in found.items() if label is not None}


def align_lines(
    lines: Sequence[tuple[int, bytes]],
    records: str,
    size: int,
    towers: Sequence[str],
    splits: Splits,
    eyes: float,
) -> list[Aligned]:
    """Return what comes of lines (number, text) of a records file.

    size: of the aligned faces, pixels; towers, splits: those that are wanted; eyes: of
    align.in_pixels. InputError where a line is malformed.
    """
    faces = [record.parse(text, records, number) for number, text in lines]
    labels = [labels_of(face, towers, splits) for face in faces]
    useful = [face for face, some in zip(faces, labels) if some]
    pictures_in_order, found = pictures_of(useful, records, size, eyes), []
    for face, some in zip(faces, labels):
        picture = next(pictures_in_order) if some else None
        found.append(Aligned(some, picture, face.landmarks is not None, group_of(face)))
    return found


def pictures_of(
    faces: Sequence[FaceRecord], records: str, size: int, eyes: float
) -> Iterator[Union[bytes, Dropped]]:
    """Yield the aligned pictures of faces as JPEG, or why there is none; see `align_lines`."""
    if not faces:
        return
    # Together: one by one costs as much as decoding.
    units = align.similarities(
        [face.landmark_array() for face in faces], [face.visibility_array() for face in faces]
    )
    for face, matrix in zip(faces, align.in_pixels(units, size, align.MARGIN, eyes)):
        yield _align(face, records, matrix, size)


def _align(face, records, matrix, size):
    """Return a face's aligned picture as JPEG, or why there is none."""
    if face.landmarks is None:
        return Dropped(face.image, "no landmarks", "a model may find them: --landmarks-from")
    if np.isnan(matrix).any():
        return Dropped(face.image, "landmarks do not fit", align.UNFIT)
    try:
        image = pictures.read_image(image_path(records, face.image))
    except InputError as error:
        return Dropped(face.image, "unreadable picture", str(error))
    return encoded(align.warp_by(image, matrix, size))


def encoded(image: np.ndarray) -> bytes:
    """Return a picture as JPEG, as databases hold it."""
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()
