"""What the analyzer says of one face: a box, and an answer for each task of allinone.tasks."""

from __future__ import annotations

import os
from dataclasses import field, make_dataclass
from typing import Any, Optional

import numpy as np

from allinone import tasks
from allinone.errors import InputError
from allinone.record import FaceRecord

# {kind of task: (type of its answer, digits that are written)}
ANSWERS = {
    tasks.PROBABILITY: (float, 4),
    tasks.NUMBER: (float, 2),
    tasks.POINTS: (np.ndarray, 2),
    tasks.VISIBILITY: (np.ndarray, 3),
    tasks.ANGLES: (np.ndarray, 2),
    tasks.DESCRIPTOR: (np.ndarray, 6),
}
RAW, UNIT = "raw", "unit"  # how a descriptor is written: as the net gives it, or at length 1


class _Face:
    """What can be asked of a face beside its fields."""

    def unit_descriptor(self) -> np.ndarray:
        """Return the descriptor at length 1, so that the product of two is their cosine.

        InputError where the face has none.
        """
        self._refuse_no_descriptor()
        return self.descriptor / max(float(np.linalg.norm(self.descriptor)), 1e-12)

    def to_record(self, image: str | os.PathLike, descriptor: str = "", **where: Any) -> FaceRecord:
        """Return the face as a line of results.

        image: path of its picture; descriptor: RAW, UNIT or "" for none of it; where: further
        fields that say where it was found, as frame and time in a video. InputError where a
        descriptor is wanted and the face has none.
        """
        answers = {}
        for task in tasks.TASKS:
            value = getattr(self, task.field)
            if task.kind != tasks.DESCRIPTOR and value is not None:
                answers[task.field] = rounded(value, ANSWERS[task.kind][1])
        if descriptor:
            self._refuse_no_descriptor()
            numbers = self.unit_descriptor() if descriptor == UNIT else self.descriptor
            answers["descriptor"] = rounded(numbers, ANSWERS[tasks.DESCRIPTOR][1])
        return FaceRecord(os.fspath(image), box=rounded(self.box, 2), **where, **answers)

    def _refuse_no_descriptor(self) -> None:
        if self.descriptor is None:
            raise InputError("the model gives no descriptor of a face; use one with tower id")


def rounded(values, digits: int):
    """Return a number, or numbers of any shape, as plain floats with so many digits."""
    return np.round(np.asarray(values, np.float64), digits).tolist()


def _task_fields() -> list[tuple]:
    """Return (name, type, default) of the fields that the tasks add."""
    types = {task.field: ANSWERS[task.kind][0] for task in tasks.TASKS}
    return [(name, Optional[type_], field(default=None)) for name, type_ in types.items()]


Face = make_dataclass(
    "Face",
    [("box", np.ndarray), *_task_fields()],
    bases=(_Face,),
    eq=False,  # two faces are the same if they are one object: arrays have no single answer
)
Face.__module__ = __name__
Face.__doc__ = """What the analyzer says of one face; plain floats and float32 arrays.

box: (4,) x1, y1, x2, y2 in pixels, x2 and y2 exclusive, may leave the picture; score: probability
that it is a face; landmarks: (21, 2) pixels in AFLW's order; visibility: (21,) 0 to 1; pose: (3,)
roll, pitch, yaw in degrees; smile: probability; gender: probability of female; age: years;
descriptor: (512,) as the net gives it. Further tasks of allinone.tasks add further fields.
"""
