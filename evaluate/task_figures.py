"""What is measured of a task follows from its kind (allinone.tasks): its figures, and a constant's.

    kind          figure                                          beside it
    PROBABILITY   accuracy                                        -
    NUMBER        mae: mean absolute error                        -
    POINTS        nme: mean error of visible points / box size    -
    VISIBILITY    accuracy, over points                           -
    ANGLES        yaw_mae                                         roll_mae, pitch_mae
    DESCRIPTOR    auc: area under ROC over all pairs of faces     tar_at_far_0.01

Detection is measured on whole pictures and has a figure of its own (evaluate.metrics).
"""

from __future__ import annotations

import collections
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Optional

import numpy as np

from allinone import landmarks, tasks
from allinone.record import FaceRecord
from allinone.tasks import ANGLES, DESCRIPTOR, NUMBER, POINTS, PROBABILITY, VISIBILITY, Task
from evaluate import intervals, metrics

DETECTION = tasks.BY_NAME["detection"]
OF_FACES: tuple[Task, ...] = tuple(task for task in tasks.TASKS if task is not DETECTION)

METRICS = {PROBABILITY: "accuracy", NUMBER: "mae", POINTS: "nme", VISIBILITY: "accuracy"}
ANGLE_METRICS = ("roll_mae", "pitch_mae", "yaw_mae")  # in the order of a pose
YAW = 2  # place in a pose
FAR = 0.01  # our choice: false accept rate at which the true accept rate is given
# our choice: faces of which all pairs are compared, and of one person where there are more faces;
# memory and time grow with the square of the former
MOST_FACES, MOST_OF_ONE = 4000, 50
AREA, ACCEPTED = "auc", f"tar_at_far_{FAR}"


@dataclass(frozen=True)
class Labelled:
    """The faces that have a label of a task, and what was said of them."""

    task: Task
    records: list[FaceRecord]  # the labels
    answers: np.ndarray  # (n, ...)

    def truth(self) -> np.ndarray:
        """Return the labels (n, ...); NaN where a point or its visibility is unknown."""
        if self.task.kind == POINTS:
            return np.stack([record.landmark_array() for record in self.records])
        if self.task.kind == VISIBILITY:
            return np.stack([record.visibility_array() for record in self.records])
        return np.array([getattr(record, self.task.label) for record in self.records])

    def boxes(self) -> np.ndarray:
        """Return the true boxes (n, 4)."""
        return np.float32([record.box for record in self.records])

    def seen(self) -> np.ndarray:
        """Return the visibility of the landmarks (n, 21)."""
        return np.stack([record.visibility_array() for record in self.records])


def labelled(task: Task, pairs: Iterable[tuple[FaceRecord, Any]]) -> Optional[Labelled]:
    """Return the faces with a label and an answer of a task; None where nothing can be measured.

    pairs: (labels, answers) of faces; answers are `Face`s or the `FaceRecord`s of results. Of a
    DESCRIPTOR whole people are chosen where there are more than MOST_FACES.
    """
    known = [pair for pair in pairs if _has_label(task, pair[0])]
    known = [pair for pair in known if getattr(pair[1], task.field) is not None]
    if not known:
        return None
    if task.kind == DESCRIPTOR and len(known) > MOST_FACES:
        known = _some_people(known, task.label)
    records = [record for record, _ in known]
    some = Labelled(task, records, np.array([getattr(face, task.field) for _, face in known]))
    return some if _measurable(some) else None


def _some_people(pairs: list, label: str) -> list:
    """Return the faces of as many people as MOST_FACES allow, always the same ones."""
    faces_of = collections.defaultdict(list)
    for pair in pairs:
        faces_of[getattr(pair[0], label)].append(pair)
    chosen = []
    for person in sorted(faces_of, key=lambda person: (zlib.crc32(str(person).encode()), person)):
        if len(chosen) < MOST_FACES:
            chosen += faces_of[person][:MOST_OF_ONE]
    return chosen[:MOST_FACES]


def _has_label(task: Task, record: FaceRecord) -> bool:
    if task.kind == POINTS:  # their error is relative to the box
        return record.landmarks is not None and record.box is not None
    if task.kind == VISIBILITY:
        return record.landmarks is not None or record.visibility is not None
    return getattr(record, task.label) is not None


def _measurable(some: Labelled) -> bool:
    """Tell whether a label counts: of descriptors, a pair of one person and a pair of two."""
    truth = some.truth()
    if some.task.kind == DESCRIPTOR:
        return 1 < len(set(truth.tolist())) < len(truth)
    if some.task.kind == POINTS:
        return bool((np.isfinite(truth[..., 0]) & (np.nan_to_num(some.seen()) > 0)).any())
    return some.task.kind != VISIBILITY or bool(np.isfinite(truth).any())


def scores(some: Labelled) -> np.ndarray:
    """Return what the task's figure is the mean of: errors, or booleans where it is a share.

    (n,) for most kinds; POINTS: (faces with a visible point,); VISIBILITY: (known points,). A
    DESCRIPTOR has no score for a single face.
    """
    kind, truth = some.task.kind, some.truth()
    if kind == PROBABILITY:
        return (some.answers >= 0.5) == truth
    if kind == NUMBER:
        return np.abs(some.answers - truth)
    if kind == POINTS:
        errors = metrics.nme(some.answers, truth, some.seen(), metrics.box_size(some.boxes()))
        return errors[np.isfinite(errors)]
    if kind == VISIBILITY:
        return ((some.answers >= 0.5) == truth)[np.isfinite(truth)]
    return _angle_errors(some)[:, YAW]


def _angle_errors(some: Labelled) -> np.ndarray:
    """Return the absolute errors (n, 3) of roll, pitch and yaw."""
    return np.abs(some.answers - some.truth())


def measure(some: Labelled) -> dict[str, float]:
    """Return {metric: value} of a task: its figure and what stands beside it."""
    if some.task.kind == DESCRIPTOR:
        similarity, same = metrics.pair_similarities(some.answers, some.truth())
        accepted = metrics.tar_at_far(similarity, same, FAR)
        return {AREA: metrics.auc(similarity, same), ACCEPTED: accepted}
    if some.task.kind == ANGLES:
        return dict(zip(ANGLE_METRICS, _angle_errors(some).mean(axis=0).tolist()))
    return {METRICS[some.task.kind]: float(scores(some).mean())}


def by_chance(some: Labelled) -> dict[str, float]:
    """Return {metric: value} of the best constant answer for these labels."""
    if some.task.kind == DESCRIPTOR:
        return {AREA: 0.5, ACCEPTED: FAR}
    return measure(constant(some))


def constant(some: Labelled) -> Labelled:
    """Return the same faces with the best constant answer: majority, median or mean face."""
    kind, truth = some.task.kind, some.truth()
    if kind == POINTS:
        answers = _mean_face(some)
    elif kind == VISIBILITY:
        share = np.where(np.isfinite(truth).any(axis=0), truth, 0)
        answers = np.broadcast_to(np.nanmean(share, axis=0), truth.shape)
    else:
        middle = truth.mean() if kind == PROBABILITY else np.median(truth, axis=0)
        answers = np.broadcast_to(middle, truth.shape)
    return replace(some, answers=answers)


def _mean_face(some: Labelled) -> np.ndarray:
    """Return the mean of the visible points (n, 21, 2), relative to the box, set into each box."""
    relative = landmarks.encode(some.truth(), some.boxes())
    seen = np.where(some.seen()[..., None] > 0, relative, np.nan)
    ever = np.isfinite(seen).any(axis=0)  # a point that is never seen stands in the middle
    mean = np.nanmean(np.where(ever, seen, 0), axis=0)
    return landmarks.decode(np.broadcast_to(mean, relative.shape), some.boxes())


def with_interval(some: Labelled) -> intervals.Interval:
    """Return the task's figure with its 95 % interval and number of samples."""
    if some.task.kind == DESCRIPTOR:
        return intervals.person_auc(some.answers, some.truth())
    values = scores(some)
    return intervals.share(values) if values.dtype == bool else intervals.mean(values)


def of_all(pairs: Iterable[tuple[FaceRecord, Any]]) -> tuple[dict, dict]:
    """Return ({task: {metric: value}}, the same by chance) of every task that has labels."""
    pairs, found, chance = list(pairs), {}, {}
    for task in OF_FACES:
        some = labelled(task, pairs)
        if some is not None:
            found[task.name], chance[task.name] = measure(some), by_chance(some)
    return found, chance
