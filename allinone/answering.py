"""What the outputs of a net say: the answers of the tasks, and faces that have them."""

from __future__ import annotations

import numpy as np

from allinone import landmarks, pose, tasks
from allinone.face import Face


def answer(task: tasks.Task, output: np.ndarray, regions=None) -> np.ndarray:
    """Return the answers of a task from what its layer gives for n faces (n, size).

    Probabilities and numbers are (n,), the rest (n, ...). regions (n, 4): where the faces stand,
    needed for landmarks, which the net gives relative to them.
    """
    if task.kind == tasks.PROBABILITY:
        return output[:, 1]
    if task.kind == tasks.NUMBER:
        return output[:, 0]
    if task.kind == tasks.POINTS:
        return landmarks.decode(output.reshape(-1, landmarks.COUNT, 2), regions)
    if task.kind == tasks.VISIBILITY:
        return output.clip(0, 1)
    if task.kind == tasks.ANGLES:
        return pose.decode_pose(output)
    return output


def faces(found: dict[str, np.ndarray], described: dict[str, np.ndarray]) -> list[Face]:
    """Return the faces of a picture: what stage 1 found, and the outputs of stage 2 for them.

    found: what FaceAnalyzer.look returns; described: {output: array with a row for each face}.
    """
    answers = {task.field: found[task.field] for task in tasks.of_stage(1)}
    for task in tasks.of_stage(2):
        if task.output in described:
            answers[task.field] = answer(task, described[task.output])
    for task in tasks.TASKS:
        if task.kind in (tasks.PROBABILITY, tasks.NUMBER) and task.field in answers:
            answers[task.field] = [float(value) for value in answers[task.field]]
    result = []
    for place, box in enumerate(found["boxes"]):
        result.append(Face(box=box, **{field: values[place] for field, values in answers.items()}))
    return result
