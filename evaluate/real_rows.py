"""The figures of a task on a set of real faces, as rows: what is wanted, and a constant's answer.

Gender, age, smile and identity are people's labels; boxes, landmarks and pose to compare with are a
teacher model's.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Optional

import numpy as np

from allinone import embeddings
from allinone.record import FaceRecord
from allinone.tasks import DESCRIPTOR, POINTS, PROBABILITY, VISIBILITY, Task
from evaluate import calibration, curves, intervals, task_figures
from evaluate.intervals import Interval
from evaluate.rows import Row

ADULT = 16  # years: from here on UTKFace's gender counts
OLD = 50  # years: from here on faces are fewest, and hardest
# UTKFace's words and order, from its file names
ETHNICITIES = ("White", "Black", "Asian", "Indian", "other")
Pair = tuple[FaceRecord, FaceRecord]  # labels, answers

# {(set, task): what the kit wants its model to reach}
FLOORS = {
    ("photos", "detection"): 0.85,
    ("photos", "landmarks"): 0.04,
    ("photos", "pose"): 6.0,
    ("celeba", "smile"): 0.905,
    ("celeba", "gender"): 0.97,
    ("utkface", "gender"): 0.955,
    ("utkface", "age"): 5.5,
    ("celeba", "identity"): 0.93,
    ("mtfl", "gender"): 0.90,
    ("mtfl", "smile"): 0.85,
}
ACCEPTED_FLOOR = 0.42  # of CelebA's pairs of one person, at task_figures.FAR


def is_adult(face: FaceRecord) -> bool:
    """Tell whether a face is known to be a grown-up's."""
    return face.age is not None and face.age >= ADULT


def ethnicity(image: str) -> Optional[int]:
    """Return UTKFace's number of what it calls ethnicity, by the file name; None without one.

    The name is <age>_<gender>_<ethnicity>_<time>.
    """
    words = os.path.basename(image).split("_")
    return int(words[2]) if len(words) == 4 and words[2].isdigit() else None


def _is_called_black(face):
    return is_adult(face) and ethnicity(face.image) == ETHNICITIES.index("Black")


def _is_old(face):
    return face.age is not None and face.age >= OLD


@dataclass(frozen=True)
class Only:
    """The faces of a set that a task is measured on, where these are not all."""

    words: str
    wanted: Callable[[FaceRecord], bool]
    floor: Optional[float] = None  # where it is not that of FLOORS


ONLY = {("utkface", "gender"): Only(f"from {ADULT} years on", is_adult)}
# For whom a model is wrong most often: measured beside the whole.
BESIDE = {
    ("utkface", "gender"): Only(f"called Black, from {ADULT} years on", _is_called_black, 0.92),
    ("utkface", "age"): Only(f"from {OLD} years on", _is_old, 8.0),
}


def counted(name: str, task: Task, pairs: Sequence[Pair]) -> list[Pair]:
    """Return the faces of a set that a task is measured on."""
    only = ONLY.get((name, task.name))
    return [pair for pair in pairs if only.wanted(pair[0])] if only else list(pairs)


def rows_of(
    name: str, task: Task, pairs: Sequence[Pair], embedding: np.ndarray | None = None
) -> list[Row]:
    """Return the rows of a task on a set; none where the labels cannot measure it.

    embedding: W (size, 512) of the model's own TPE, which gives descriptors rows more. Rows of
    those whom BESIDE names come last.
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
        error = error_row(name, task, some.answers, some.truth())
        return [_row(name, some, words), error, *_rows_beside(name, task, pairs)]
    if task.kind != DESCRIPTOR:
        return [_row(name, some, words), *_rows_beside(name, task, pairs)]
    rows = [_row(name, some, f"{words}, cosine"), _accepted(name, some, "cosine")]
    if embedding is not None:
        mapped = replace(some, answers=embeddings.apply(embedding, some.answers))
        rows += [_row(name, mapped, f"{words}, by TPE"), _accepted(name, mapped, "by TPE")]
    return rows


def diagrams_of(name: str, pairs: Sequence[Pair]) -> dict[str, dict]:
    """Return {name: the reliability diagram} of the tasks of a set whose answers say how sure."""
    found = {}
    for task in task_figures.OF_FACES:
        some = task_figures.labelled(task, counted(name, task, pairs))
        if some is not None and task.kind == PROBABILITY:
            diagram = curves.reliability(task, some.answers, some.truth())
            found[f"{name}, {curves.reliability_name(task)}"] = diagram
    return found


def error_row(name: str, task: Task, said: Sequence[float], truth: Sequence[int]) -> Row:
    """Return the row of a task's expected calibration error on a set, see evaluate.calibration.

    said: probabilities (n,); truth: labels (n,).
    """
    error = calibration.expected_error(*calibration.judged(task, said, truth))
    words = f"expected calibration error, {calibration.BINS} bins"
    return Row(name, task.name, words, Interval(error, None, None, len(said)), "%")


def _rows_beside(name, task, pairs) -> list[Row]:
    """Return the row of those whom BESIDE names, if there are some."""
    beside = BESIDE.get((name, task.name))
    if beside is None:
        return []
    some = task_figures.labelled(task, [pair for pair in pairs if beside.wanted(pair[0])])
    if some is None:
        return []
    row = _row(name, some, f"{task.figure.means}, {beside.words}")
    return [replace(row, floor=beside.floor)]


def _accepted(name, some, by) -> Row:
    """Return the row of the pairs of one person that are accepted."""
    far = task_figures.FAR
    people = some.truth()
    return Row(
        name,
        some.task.name,
        f"pairs of one person accepted at {far:.0%} false accepts, {by}",
        intervals.person_tar(some.answers, people, far),
        "%",
        floor=ACCEPTED_FLOOR if (name, some.task.name) in FLOORS else None,
        baseline=far,
    )


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
