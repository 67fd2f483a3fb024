"""The scales of a model's probabilities, found on data that it has not learnt from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from allinone import store, tasks
from allinone.backend import Backend
from allinone.checked import TOGETHER
from allinone.model import Calibration, open_model
from allinone.searching import usual_proposals
from allinone.tasks import PROBABILITY, Task
from evaluate import aligned_faces, calibration, operating_score
from evaluate.task_figures import DETECTION


class Held(NamedTuple):
    """What a model says of held-out faces: probabilities (n, k) of yes, and labels (n,)."""

    said: np.ndarray
    truth: np.ndarray


def tasks_of(folder: str) -> list[Task]:
    """Return the tasks of a model whose answers are probabilities of two classes."""
    about = open_model(folder).about
    answered = {output for some in about.stages.values() for output in some}
    return [task for task in tasks.TASKS if task.kind == PROBABILITY and task.output in answered]


def held_out(folder: str, task: Task, database: str, engine: str, gpu: str) -> Held:
    """Return what a model says of the faces, or the scenes, of a folder of databases.

    Of scenes the detections count, and whether they are faces.
    """
    if task is DETECTION:
        ways = usual_proposals(open_model(folder).has)
        counted = operating_score.counted_in(folder, database, engine, gpu, ways)
        return Held(np.array(counted.scores)[:, None], np.array(counted.true, int))
    net, said, truth = Backend(folder, engine, gpu, TOGETHER, stage=2), [], []
    for place in store.databases(database):
        for some, *both in aligned_faces.answers(net, aligned_faces.opened(place, net)):
            said.append(np.stack([found[task.output][:, 1] for found in both], axis=1))
            truth += [datum.label for datum in some]
    return Held(np.concatenate(said), np.array(truth))


def scale_of(task: Task, held: Held, **source) -> Calibration | None:
    """Return by what a task's answers are to be scaled; None where too few are held out.

    source: what they are of, for the model's history.
    """
    shifted = task is DETECTION
    scale = calibration.fit(held.said, held.truth, shifted)
    if scale is None:
        return None
    both = held.said, scale.applied(held.said)
    errors = [error(task, said.mean(axis=1), held.truth) for said in both]
    found_by = dict(answers=len(held.truth), error_before=errors[0], error=errors[1], **source)
    return Calibration(scale.factor, scale.shift, found_by)


def error(task: Task, said, truth) -> float:
    """Return the expected calibration error of answers: probabilities (n,), labels (n,)."""
    return round(calibration.expected_error(*calibration.judged(task, said, truth)), 6)
