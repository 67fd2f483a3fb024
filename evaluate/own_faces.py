"""Every task that labels of one's own faces can measure: figures, what stands beside, the worst.

Beside the model stand a constant answer and another model, such as the one that was fine-tuned.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Optional

import numpy as np

from allinone import dense, model, tasks
from allinone.errors import InputError
from allinone.record import FaceRecord
from evaluate import (
    answers,
    contact_sheets,
    curves,
    intervals,
    photographs,
    predictions,
    task_figures,
    worst_faces,
)
from evaluate.benchmark import Figure, Measured, Peer
from evaluate.contact_sheets import Entry
from evaluate.intervals import Interval
from evaluate.predictions import Annotated
from evaluate.run import Run

AP, RECALL, PRECISION = "ap", "recall", "precision"
LEAST_FACE = dense.SMALLEST  # pixels of height: smaller faces are not looked for
RULES = (
    f"a face is found at IoU > {photographs.OVERLAP}; faces under {LEAST_FACE} pixels of height "
    "are neither asked for nor false",
    "detection is measured on pictures whose faces all have a box",
    "all other tasks are measured on the given box, or on the surest face found in a picture whose "
    "only face has none",
    f"identity is measured on all pairs of {task_figures.MOST_FACES:,} faces at most, of whole "
    f"people up to {task_figures.MOST_OF_ONE} each where there are more",
    "95 %: Wilson's interval for shares; else resampled faces, for average precision pictures, for "
    "identity people",
)


def _scaled(task: tasks.Task) -> Figure:
    """Return the figure of a task as a benchmark has it."""
    means = f"{task.name}: {task.figure.means}"
    return Figure(task.name, means, task.figure.unit.strip(), task.figure.higher)


FIGURES = (
    Figure(AP, "detection: average precision at IoU 0.5", "%", True),
    Figure(RECALL, "detection: recall at the model's own score", "%", True),
    Figure(PRECISION, "detection: precision at the model's own score", "%", True),
    *(_scaled(task) for task in task_figures.OF_FACES),
)
UNITS = {figure.name: figure.unit for figure in FIGURES}


class Pair(NamedTuple):
    """A face: its labels and what a model says of it."""

    known: FaceRecord
    found: FaceRecord


@dataclass
class Answers:
    """What one model reaches."""

    figures: dict[str, Interval]  # {figure: value with interval}, shares from 0 to 1
    constant: dict[str, float]  # {figure: what the best constant answer reaches}
    pairs: list[Pair]
    not_found: int  # faces without a box for which no face was found
    reliability: dict[str, Any]  # {name: of evaluate.curves}


def pictures_of(run: Run) -> list[Annotated]:
    """Return the pictures of the part that is measured, without what nobody can tell apart.

    A face without a box beside others is left out.
    """
    found = []
    for image, faces in run.pictures:
        some = [face for face in faces if face.split == run.part and face.is_face()]
        some = [face for face in some if len(faces) == 1 or not face.lacks_box()]
        if some:
            found.append((image, some))
    return found


def scenes_of(run: Run) -> list[Annotated]:
    """Return the pictures that detection is measured on."""
    found = []
    for image, faces in run.pictures:
        of_part = all(face.split == run.part for face in faces)
        if of_part and photographs.knows_its_faces(faces):
            found.append((image, faces))
    return found


def detection(run: Run) -> tuple[dict[str, Interval], dict[str, Any]]:
    """Return (figures, reliability diagrams) of detection; none where no face has a box."""
    scenes = scenes_of(run)
    if not any(face.box is not None for _, faces in scenes for face in faces):
        return {}, {}
    said = replace(run, pictures=scenes).predict(answers.DETECT, stage=1)
    counts = []
    for picture, found in zip(scenes, photographs.found_by(said)):
        counts.append(photographs.count([picture], [found], LEAST_FACE))
    faces = sum(one.faces for one in counts)
    if not faces:
        return {}, {}
    score = model.open_model(run.finders()[0]).score
    hits = [hit for one in counts for hit, sure in zip(one.true, one.scores) if sure >= score]
    found = {
        AP: intervals.average_precision(counts),
        RECALL: intervals.share(np.arange(faces) < sum(hits)),
    }
    if hits:
        found[PRECISION] = intervals.share(hits)
    return found, reliability_of_detections(counts)


def reliability_of_detections(counts: list[photographs.Counted]) -> dict[str, Any]:
    """Return {name: the reliability diagram} of the detections of pictures; {} without any."""
    said = [score for one in counts for score in one.scores]
    true = [hit for one in counts for hit in one.true]
    name = curves.reliability_name(task_figures.DETECTION)
    return {name: curves.reliability(task_figures.DETECTION, said, true)} if said else {}


def described(run: Run) -> tuple[list[Pair], int]:
    """Return (labels and answers of the faces, how many in readable pictures were not found)."""
    pictures = pictures_of(run)
    part = replace(run, pictures=pictures)
    said = part.predict(answers.FACES, stage=2, descriptors=True)
    pairs = [Pair(*pair) for pair in predictions.pair_up(pictures, said)]
    rows = predictions.read_descriptors(os.path.join(run.out, answers.FACES))
    for pair, descriptor in zip(pairs, rows):
        pair.found.descriptor = descriptor
    readable = [faces for (_, faces), one in zip(pictures, said) if one.error is None]
    return pairs, sum(map(len, readable)) - len(pairs)


def answers_of(run: Run) -> Answers:
    """Return what a run's model reaches on every task that has labels."""
    (figures, reliability), constant = detection(run), {}
    pairs, not_found = described(run)
    for task in task_figures.OF_FACES:
        some = task_figures.labelled(task, pairs)
        if some is not None:
            figures[task.name] = task_figures.with_interval(some)
            constant[task.name] = task_figures.by_chance(some)[task.figure.metric]
        if some is not None and task.kind == tasks.PROBABILITY:
            diagram = curves.reliability(task, some.answers, some.truth())
            reliability[curves.reliability_name(task)] = diagram
    if not figures:
        raise InputError(
            f"{run.records}: no face of part {run.part} has a label; fill in columns of faces.csv"
        )
    return Answers(figures, constant, pairs, not_found, reliability)


def beside(run: Run) -> Optional[Run]:
    """Return the run of the model that stands beside, None where it is the measured one."""
    other = run.options.beside
    if not other or model.open_model(other).sha256 == model.open_model(run.options.model).sha256:
        return None
    options = type(run.options)(**{**vars(run.options), "model": other, "stage1": None})
    out, models = os.path.join(run.out, "beside"), dict.fromkeys(run.models, other)
    return replace(run, options=options, models=models, out=out)


def wrong_detections(run: Run) -> list[Entry]:
    """Return the faces that were missed and the false detections, of what `detection` has read."""
    lines = os.path.join(run.out, answers.DETECT)
    scenes = zip(scenes_of(run), predictions.read(lines))
    some = [(os.path.join(run.folder, image), faces, said) for (image, faces), said in scenes]
    return contact_sheets.detection_entries_of(some, LEAST_FACE)[1]


def shown(name: str, value: Optional[float]) -> Optional[float]:
    """Return a value in the unit of its figure: shares in percent."""
    return 100 * value if UNITS[name] == "%" and value is not None else value


def measure(run: Run) -> Measured:
    """Measure a model on every task that has labels, and what stands beside it."""
    other = beside(run)  # first: a folder that is no model is told at once
    own = answers_of(run)
    others = [_peer("a constant answer", own.constant, "")]
    if other:
        values = {name: one.value for name, one in answers_of(other).figures.items()}
        others.append(_peer(f"model {run.options.beside}", values, "measured here too"))
    names = {task.name: task.name for task in task_figures.OF_FACES}
    names[task_figures.DETECTION.name] = AP
    unlabelled = [task for task, name in names.items() if name not in own.figures]
    rules = []
    if unlabelled:
        rules.append(f"not measured, as too few labels are there: {', '.join(unlabelled)}")
    counts = dict(pictures=len(run.pictures), faces=len(own.pairs))
    if own.not_found:
        counts["faces without a box that were not found"] = own.not_found
    wrong = wrong_detections(run) if AP in own.figures else []  # else the lines are older ones
    return Measured(
        figures={name: shown(name, one.value) for name, one in own.figures.items()},
        counts=counts,
        rules=[f"part {run.part} of the set", *rules],
        curves=own.reliability,
        intervals={name: _plain(name, one) for name, one in own.figures.items()},
        others=others,
        failures=worst_faces.write(run.folder, run.out, own.pairs, wrong),
    )


def _plain(name: str, one: Interval) -> dict[str, Any]:
    return dict(low=shown(name, one.low), high=shown(name, one.high), samples=one.samples)


def _peer(method: str, values: dict[str, float], source: str) -> Peer:
    return Peer(method, {name: shown(name, value) for name, value in values.items()}, source)
