"""What a model answers about the faces of one picture: those it finds, or those annotated.

An answer is a `FaceRecord` with a field for each task of allinone.tasks that was asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

import numpy as np

from allinone import boxes, dense, tasks
from allinone.analyzer import FaceAnalyzer
from allinone.face import Face, rounded
from allinone.record import FaceRecord
from allinone.searching import DENSE, FAST

DETECT, FACES = "detect", "faces"  # kinds: the faces that are found; the annotated faces
MEAN_REGIONS, ALIGNED = "mean-regions", "aligned"  # --score of a benchmark
SCORES = (MEAN_REGIONS, ALIGNED)
# our choice: least detection score that is kept, of the net as it was trained; Iterative Region
# Proposals keeps none below it
SCORE = 0.3
# our choice: around a known face windows are looked at from this share of its height on
SMALLER = 0.7
DIGITS, DIGITS_OF_SHARES = 4, 6  # no figure notices more


def record_of(image: str, face: Face, regions: Optional[int] = None) -> FaceRecord:
    """Return the answers about a face as a record; regions: how many they are the mean of.

    The descriptor is left out, it stands in a file of its own.
    """
    answers = {}
    for task in tasks.TASKS:
        value = getattr(face, task.field)
        if value is not None and task.kind != tasks.DESCRIPTOR:
            digits = DIGITS_OF_SHARES if task.kind == tasks.PROBABILITY else DIGITS
            answers[task.field] = rounded(value, digits)
    return FaceRecord(image, box=rounded(face.box, DIGITS), regions=regions, **answers)


def stage1_faces(found: Mapping[str, np.ndarray]) -> list[Face]:
    """Return what stage 1 found, arrays by field, as faces without further answers."""
    fields = [task.field for task in tasks.TASKS if task.field in found]
    faces = []
    for place, box in enumerate(found["boxes"]):
        faces.append(Face(box=box, **{field: found[field][place] for field in fields}))
    return faces


def least_of(analyzer: FaceAnalyzer) -> float:
    """Return the least detection score that is kept."""
    return analyzer.backend.model.calibrated(SCORE)


def detected(analyzer: FaceAnalyzer, picture: np.ndarray, image: str) -> list[FaceRecord]:
    """Return the faces that the model finds in a picture, best first; image: its path."""
    (found,) = analyzer.find_many([picture], least_of(analyzer))
    return [record_of(image, face) for face in stage1_faces(found)]


def regions_around(
    analyzer: FaceAnalyzer, picture: np.ndarray, faces: Sequence[FaceRecord], proposals: str
) -> np.ndarray:
    """Return the regions (n, 4) of a picture over which the paper's means are taken.

    All proposals; those of the dense net are not thinned out, and stand for those of the proposal
    net, which are one of each face.
    """
    if proposals not in (FAST, DENSE):
        return analyzer.propose(picture)
    heights = [face.box[3] - face.box[1] for face in faces if face.box is not None]
    if not heights:
        return np.zeros((0, 4), np.float32)
    return dense.windows(analyzer.backend, picture, SMALLER * min(heights))[0]


def box_of(analyzer: FaceAnalyzer, picture: np.ndarray, face: FaceRecord) -> Optional[list[float]]:
    """Return the box of an annotated face, or of the best face found in its picture, or None."""
    if face.box is not None:
        return face.box
    (found,) = analyzer.find_many([picture], least_of(analyzer))
    return found["boxes"][0].tolist() if len(found["boxes"]) else None


def stage1_of(analyzer: FaceAnalyzer, picture: np.ndarray, box, near: np.ndarray):
    """Return what stage 1 says of a face, arrays by field with one row.

    The mean over the regions near (n, 4); where there are none the box itself, looked at twice.
    """
    if not len(near):
        return analyzer.look_closer([picture], [box])
    found = analyzer.look(picture, near)
    return {name: values.mean(axis=0, keepdims=True) for name, values in found.items()}


def _attributes(analyzer, picture, box, near) -> Face:
    """Return a face with the probabilities of stage 2 alone, means over the regions near."""
    means = analyzer.attributes_over_regions(picture, box, near)
    return Face(
        box=np.float32(box), **{tasks.BY_NAME[name].field: value for name, value in means.items()}
    )


def described(
    analyzer: FaceAnalyzer,
    picture: np.ndarray,
    image: str,
    faces: Sequence[FaceRecord],
    settings: Mapping[str, Any],
) -> tuple[list[FaceRecord], list[np.ndarray]]:
    """Return (a record for each annotated face of a picture, descriptors of those with a box).

    A face for which nothing was found gives a record without a box. settings: score, proposals,
    stage and attributes, see evaluate.predictions; descriptors: of stage 2 alone.
    """
    over_regions = settings["score"] == MEAN_REGIONS
    regions = np.zeros((0, 4), np.float32)
    if over_regions:
        regions = regions_around(analyzer, picture, faces, settings["proposals"])
    records, descriptors = [], []
    for face in faces:
        box = box_of(analyzer, picture, face)
        if box is None:
            records.append(FaceRecord(image))
            continue
        near = regions[boxes.iou(regions, [box])[:, 0] > tasks.POSITIVE_IOU]
        if over_regions and settings["attributes"] and len(near):
            answer = _attributes(analyzer, picture, box, near)
        else:
            found = stage1_of(analyzer, picture, box, near)
            both = settings["stage"] == 2
            (answer,) = analyzer.describe(picture, found) if both else stage1_faces(found)
        records.append(record_of(image, answer, len(near)))
        descriptors.append(answer.descriptor)
    return records, descriptors
