"""Faces that are searched for in photographs or scenes: detections counted, and what they reach.

Faces that a record says to ignore, and faces of less than LEAST_FACE pixels, are neither asked for
nor false: a detection that fits such a face better than any other does not count.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import cv2
import numpy as np

from allinone import boxes
from allinone.errors import InputError
from allinone.model import open_model
from allinone.pictures import read_image
from allinone.record import FaceRecord
from allinone.searching import usual_proposals
from allinone.tasks import of_stage
from evaluate import answers, curves, intervals, metrics, predictions, task_figures
from evaluate.intervals import Interval
from evaluate.predictions import Annotated, Said
from evaluate.real_rows import FLOORS, error_row, rows_of
from evaluate.rows import Row

SET = "photos"
LEAST_FACE = 60  # pixels of height
OVERLAP = 0.5  # IoU above which a detection is a face
EXCUSED = 0.3  # IoU with an ignored face above which a detection does not count
PRECISION, STRICT = 0.85, 0.95  # at which recall is given
STRICT_FLOOR, RECALL_FLOOR, PRECISION_FLOOR = 0.94, 0.93, 0.95  # what the kit wants, see FLOORS
CASCADE = "haarcascade_frontalface_default.xml"
CASCADE_STEP, CASCADE_NEIGHBOURS, CASCADE_LEAST = 1.1, 3, (24, 24)


class Found(NamedTuple):
    """Detections of one picture."""

    boxes: np.ndarray  # (n, 4)
    scores: np.ndarray  # (n,)


class Searched(NamedTuple):
    """Pictures, and what a model finds in each of them."""

    pictures: list[Annotated]
    said: list[Said]


class Counted(NamedTuple):
    """Detections of all pictures, those that count, and how many faces were asked for."""

    scores: list[float]
    true: list[bool]
    faces: int


class Point(NamedTuple):
    """A point of the curve of precision over recall, and the score that leads to it."""

    recall: float
    precision: float
    score: float


def knows_its_faces(faces: Sequence[FaceRecord]) -> bool:
    """Tell whether every face of a picture has a box: only then a detection can be false."""
    return not any(face.lacks_box() for face in faces)


def search(
    model: str, records: str, out: str, engine: str, gpu: str, proposals: str | None = None
) -> Searched:
    """Search pictures for faces with a model; lines go to the folder `out`.

    model: its folder; records: path of the pictures' records; proposals: where to look, default as
    the model does.
    """
    pictures = predictions.records_in(records)
    pictures = [one for one in pictures if knows_its_faces(one[1])]
    models = dict.fromkeys({faces[0].split for _, faces in pictures}, model)
    settings = predictions.settings_of(
        records,
        models,
        kind=answers.DETECT,
        proposals=proposals or usual_proposals(open_model(model).has),
        score=answers.ALIGNED,
        stage=1,
        attributes=False,
    )
    folder = os.path.dirname(records)
    said = predictions.predict(out, folder, pictures, models, settings, engine, gpu=gpu)
    return Searched(pictures, said)


def found_by(said: Iterable[Said]) -> Iterator[Found]:
    """Yield the detections in each picture."""
    for one in said:
        places = np.float32([face.box for face in one.faces]).reshape(-1, 4)
        yield Found(places, np.array([face.score for face in one.faces], float))


def cascade(paths: Iterable[str]) -> Iterator[Found]:
    """Yield what OpenCV's cascade of Haar features finds in pictures."""
    detector = cv2.CascadeClassifier(os.path.join(cv2.data.haarcascades, CASCADE))
    for path in paths:
        try:
            grey = cv2.cvtColor(read_image(path), cv2.COLOR_BGR2GRAY)
        except InputError:  # nothing is found in it, as by the model
            yield Found(np.zeros((0, 4), np.float32), np.zeros(0))
            continue
        found, _, weights = detector.detectMultiScale3(
            grey,
            CASCADE_STEP,
            CASCADE_NEIGHBOURS,
            minSize=CASCADE_LEAST,
            outputRejectLevels=True,
        )
        found = np.float32(found).reshape(-1, 4)
        places = np.column_stack([found[:, :2], found[:, :2] + found[:, 2:]])
        yield Found(places, np.ravel(weights))


def is_asked_for(face: FaceRecord, least: float = LEAST_FACE) -> bool:
    """Tell whether a face with a box has to be found; least: pixels of height."""
    return not face.ignore and face.box[3] - face.box[1] >= least


def matched(
    found: Found, known: Sequence, ignored: Sequence[bool], overlap: float = OVERLAP
) -> tuple[list, list]:
    """Return (scores, true) of the detections of a picture that count.

    known: boxes of its faces; ignored: which of them are neither asked for nor false; overlap: IoU
    above which a detection is a face.
    """
    if not len(found.boxes):
        return [], []
    counts = np.ones(len(found.boxes), bool)
    if len(known):
        overlaps = boxes.iou(found.boxes, known)
        nearest = overlaps.argmax(axis=1)
        counts = ~(np.asarray(ignored)[nearest] & (overlaps.max(axis=1) > EXCUSED))
    asked = [box for box, out in zip(known, ignored) if not out]
    places, scores = np.asarray(found.boxes)[counts], np.asarray(found.scores)[counts]
    true = metrics.match_detections(places, scores, asked, overlap)
    return scores.tolist(), true.tolist()


def count(
    pictures: Sequence[Annotated],
    found: Iterable[Found],
    least: float = LEAST_FACE,
    overlap: float = OVERLAP,
) -> Counted:
    """Return the detections in pictures that count, true or false.

    least: pixels of height of a face that is asked for; overlap: as for `matched`.
    """
    scores, true, asked = [], [], 0
    for (_, faces), some in zip(pictures, found):
        faces = [face for face in faces if face.box is not None]
        ignored = [not is_asked_for(face, least) for face in faces]
        right = matched(some, [face.box for face in faces], ignored, overlap)
        scores, true = scores + right[0], true + right[1]
        asked += ignored.count(False)
    return Counted(scores, true, asked)


def greatest_recall(counted: Counted, precision: float = PRECISION) -> Point:
    """Return the point of greatest recall with at least this precision; (0, 0, 1) without any."""
    scores = np.asarray(counted.scores)
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(np.asarray(counted.true, bool)[order])
    precisions = hits / np.arange(1, len(order) + 1)
    good = np.flatnonzero(precisions >= precision)
    if not len(good):
        return Point(0.0, 0.0, 1.0)
    last = good[-1]
    recall = float(hits[last] / counted.faces)
    return Point(recall, float(precisions[last]), float(scores[order][last]))


def best_matches(searched: Searched) -> list[tuple[FaceRecord, FaceRecord]]:
    """Return (labels, the prediction that fits best) of the faces that are found."""
    pairs = []
    for (_, faces), one in zip(*searched):
        for face in faces:
            if one.faces and face.box is not None and is_asked_for(face):
                overlaps = boxes.iou([face.box], [other.box for other in one.faces])[0]
                if overlaps.max() > OVERLAP:
                    pairs.append((face, one.faces[int(overlaps.argmax())]))
    return pairs


def _share(part: int, whole: int) -> Interval:
    """Return a part of a whole with its interval; nothing of nothing is 0, up to 1."""
    return intervals.share(np.arange(whole) < part) if whole else Interval(0.0, 0.0, 1.0, 0)


def _detection_rows(own: Counted, theirs: Counted, score: float) -> list[Row]:
    """Return the rows of detection; own: the model's, theirs: the cascade's; score: its own."""
    ap, other_ap = [
        metrics.average_precision(some.true, some.scores, some.faces) for some in (own, theirs)
    ]
    hits = [true for true, one in zip(own.true, own.scores) if one >= score]
    precise = Interval(ap, None, None, own.faces)
    at_score = f"at the model's own score {score:g}"
    start = (SET, task_figures.DETECTION.name)
    recalled, right = _share(sum(hits), own.faces), _share(sum(hits), len(hits))
    found = [
        _recall_row(own, theirs, PRECISION, FLOORS[start]),
        _recall_row(own, theirs, STRICT, STRICT_FLOOR),
        Row(*start, "average precision", precise, "%", None, other_ap, "cascade"),
        Row(*start, f"recall {at_score}", recalled, "%", RECALL_FLOOR),
        Row(*start, f"precision {at_score}", right, "%", PRECISION_FLOOR),
    ]
    if own.scores:
        found.append(error_row(SET, task_figures.DETECTION, own.scores, own.true))
    return found


def diagrams(searched: Searched) -> dict[str, dict]:
    """Return {name: the reliability diagram} of the detections; {} without any."""
    found = count(searched.pictures, found_by(searched.said))
    if not found.scores:
        return {}
    name = f"{SET}, {curves.reliability_name(task_figures.DETECTION)}"
    return {name: curves.reliability(task_figures.DETECTION, found.scores, found.true)}


def _recall_row(own: Counted, theirs: Counted, precision: float, floor: float) -> Row:
    """Return the row of the greatest recall with at least some precision."""
    point, other = greatest_recall(own, precision), greatest_recall(theirs, precision)
    recalled = _share(round(point.recall * own.faces), own.faces)
    words = f"recall of faces from {LEAST_FACE} px at precision >= {precision:.0%}"
    name = task_figures.DETECTION.name
    return Row(SET, name, words, recalled, "%", floor, other.recall, "cascade")


def rows(folder: str, searched: Searched, score: float) -> tuple[list[Row], float]:
    """Return (rows, the score of PRECISION) of photographs in a folder.

    score: the model's own. Detection stands beside the cascade's; then come the other tasks of
    stage 1, of the faces that are found.
    """
    pictures = searched.pictures
    own = count(pictures, found_by(searched.said))
    if not own.faces:
        raise InputError(f"{folder}: no face of {LEAST_FACE} pixels and more to look for; add some")
    theirs = count(pictures, cascade(os.path.join(folder, image) for image, _ in pictures))
    found, pairs = _detection_rows(own, theirs, score), best_matches(searched)
    for task in of_stage(1):
        if task is not task_figures.DETECTION:
            found += rows_of(SET, task, pairs)
    return found, greatest_recall(own).score
