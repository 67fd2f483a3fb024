"""The figures of a task on a set of real faces, as rows: what is wanted, and a constant's answer.

Gender, age, smile and identity are people's labels; boxes, landmarks and pose to compare with are a
teacher model's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from allinone import embeddings
from allinone.record import FaceRecord
from allinone.tasks import DESCRIPTOR, POINTS, PROBABILITY, VISIBILITY, Task
from evaluate import calibration, curves, task_figures
from evaluate.intervals import Interval
from evaluate.rows import Row

ADULT = 16  # years: from here on UTKFace's gender counts
Pair = tuple[FaceRecord, FaceRecord]  # labels, answers

# {(set, task): what the kit wants its model to reach}
FLOORS = {
    ("photos", "detection"): 0.85,
    ("photos", "landmarks"): 0.07,
    ("photos", "pose"): 9.0,
    ("celeba", "smile"): 0.88,
    ("celeba", "gender"): 0.95,
    ("utkface", "gender"): 0.94,
    ("utkface", "age"): 7.0,
    ("celeba", "identity"): 0.80,
}


def is_adult(face: FaceRecord) -> bool:
    """Tell whether a face is known to be a grown-up's."""
    return face.age is not None and face.age >= ADULT


@dataclass(frozen=True)
class Only:
    """The faces of a set that a task is measured on, where these are not all."""

    words: str
    wanted: Callable[[FaceRecord], bool]


ONLY = {("utkface", "gender"): Only(f"from {ADULT} years on", is_adult)}


def counted(name: str, task: Task, pairs: Sequence[Pair]) -> list[Pair]:
    """Return the faces of a set that a task is measured on."""
    only = ONLY.get((name, task.name))
    return [pair for pair in pairs if only.wanted(pair[0])] if only else list(pairs)


def rows_of(
    name: str, task: Task, pairs: Sequence[Pair], embedding: np.ndarray | None = None
) -> list[Row]:
    """Return the rows of a task on a set; none where the labels cannot measure it.

    embedding: W (size, 512) of the model's own TPE, which gives descriptors a second row.
    """
    some = task_figures.labelled(task, counted(name, task, pairs))
    if some is None or (task.kind == VISIBILITY and not _tells_hidden_from_seen(some)):
        return []
    words = task.figure.means
    if task.stage == 1:
        words += ", against the teacher's"
    if (name, task.name) in ONLY:
        words += f", {ONLY[name, task.name].words}"
    if task.kind == PROBABILITY:
        judged = calibration.judged(task, some.answers, some.truth())
        return [_row(name, some, words), error_row(name, task, *judged)]
    if task.kind != DESCRIPTOR:
        return [_row(name, some, words)]
    rows = [_row(name, some, f"{words}, cosine")]
    if embedding is not None:
        mapped = replace(some, answers=embeddings.apply(embedding, some.answers))
        rows.append(_row(name, mapped, f"{words}, by TPE"))
    return rows


def diagrams_of(name: str, pairs: Sequence[Pair]) -> dict[str, dict]:
    """Return {name: the reliability diagram} of the tasks of a set whose answers say how sure."""
    found = {}
    for task in task_figures.OF_FACES:
        some = task_figures.labelled(task, counted(name, task, pairs))
        if some is not None and task.kind == PROBABILITY:
            judged = calibration.judged(task, some.answers, some.truth())
            found[f"{name}, {curves.error_of(task)}"] = curves.reliability(*judged)
    return found


def error_row(name: str, task: Task, confidence: Sequence[float], right: Sequence[bool]) -> Row:
    """Return the row of a task's expected calibration error on a set, see evaluate.calibration."""
    error = calibration.expected_error(confidence, right)
    words = f"expected calibration error, {calibration.BINS} bins"
    return Row(name, task.name, words, Interval(error, None, None, len(right)), "%")


def _tells_hidden_from_seen(some: task_figures.Labelled) -> bool:
    """Tell whether the labels know hidden points as well as seen ones."""
    truth = some.truth()
    return bool((truth < 0.5).any() and (truth >= 0.5).any())


def _row(name: str, some: task_figures.Labelled, words: str) -> Row:
    task = some.task
    return Row(
        name,
        task.name,
        words,
        task_figures.with_interval(some),
        task.figure.unit,
        floor=FLOORS.get((name, task.name)),
        baseline=task_figures.by_chance(some)[task.figure.metric],
        baseline_by="mean face in the true box" if task.kind == POINTS else "constant",
    )
