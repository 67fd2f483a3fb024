"""Faces as rows of a CSV; the columns follow from the table of tasks."""

from __future__ import annotations

import csv
from typing import Any

from allinone import files, landmarks, record, tasks

PLAIN = ("image", "number", "frame", "time", "error")  # columns that say where a face was found
EDGES = ("x1", "y1", "x2", "y2")
ANGLE_NAMES = ("roll", "pitch", "yaw")


def _cells_of_task(task: tasks.Task, answer: Any) -> dict[str, Any]:
    """Return {column: value} of a task's answer; all columns, empty, where it is None."""
    if task.kind in (tasks.PROBABILITY, tasks.NUMBER):
        return {task.field: "" if answer is None else answer}
    if task.kind == tasks.ANGLES:
        return dict(zip(ANGLE_NAMES, answer or [""] * len(ANGLE_NAMES)))
    cells = {}
    if task.kind == tasks.POINTS:
        for name, point in zip(landmarks.NAMES, answer or [None] * landmarks.COUNT):
            cells[f"{name}_x"], cells[f"{name}_y"] = point or ("", "")
    if task.kind == tasks.VISIBILITY:
        for name, seen in zip(landmarks.NAMES, answer or [""] * landmarks.COUNT):
            cells[f"{name}_visibility"] = seen
    return cells  # a descriptor has no columns


def row_of(face: record.FaceRecord) -> dict[str, Any]:
    """Return {column: value} of a face, "" where nothing is said."""
    row = {name: getattr(face, name) for name in PLAIN}
    row = {name: "" if value is None else value for name, value in row.items()}
    row.update(zip(EDGES, face.box or [""] * len(EDGES)))
    for task in tasks.TASKS:
        row.update(_cells_of_task(task, getattr(face, task.field)))
    return row


def write(lines: str, table: str) -> None:
    """Write a file of results as CSV."""
    columns = list(row_of(record.FaceRecord("")))
    with files.replacing(table) as stream:
        writer = csv.DictWriter(stream, columns, lineterminator="\n")
        writer.writeheader()
        for face in record.read_results(lines):
            writer.writerow(row_of(face))
