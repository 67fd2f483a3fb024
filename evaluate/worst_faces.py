"""The worst results on faces of one's own: a sheet for each task, and a few for the report.

People are called by their names, where the set has names.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from allinone import tasks
from data_prep.parts import who
from evaluate import contact_sheets, metrics, task_figures
from evaluate.contact_sheets import Entry
from evaluate.real_rows import Pair

SHEET = "{}_worst.jpg"
FEW = 3  # our choice: of each task, for the report


def write(
    folder: str, out: str, pairs: Sequence[Pair], wrong_detections: Sequence[Entry]
) -> list[dict[str, Any]]:
    """Write the sheets of what has labels into `out`; return the worst few of each task.

    folder: that the pictures' names are relative to; pairs: labels and answers of faces.
    """
    chosen = []
    for name, entries in _by_task(folder, pairs, wrong_detections):
        entries = sorted(entries, key=contact_sheets.by_error, reverse=True)
        contact_sheets.write(os.path.join(out, SHEET.format(name)), entries)
        for entry in entries[:FEW]:
            box = [round(float(edge), 1) for edge in entry.box]
            image = os.path.relpath(entry.path, folder)
            chosen.append(dict(image=image, box=box, text=f"{name}: {entry.text}"))
    return chosen


def _by_task(folder, pairs, wrong_detections) -> Iterable[tuple[str, list[Entry]]]:
    yield task_figures.DETECTION.name, list(wrong_detections)
    for task in task_figures.OF_FACES:
        if task.kind == tasks.DESCRIPTOR:
            yield task.name, people(folder, task, pairs)
            continue
        entries = []
        for known, found in pairs:
            path = os.path.join(folder, known.image)
            entries += contact_sheets.entry_of(task, path, (known, found))
        yield task.name, entries


def people(folder: str, task: tasks.Task, pairs: Sequence[Pair]) -> list[Entry]:
    """Return the faces that are more like another person's than like another one of their own."""
    some = task_figures.labelled(task, pairs)
    if some is None:
        return []
    found_of = {id(known): found for known, found in pairs}
    unit = metrics.unit_length(some.answers)
    alike, truth = unit @ unit.T, some.truth()
    np.fill_diagonal(alike, -np.inf)
    same = truth[:, None] == truth[None]
    own = np.where(same, alike, -np.inf).max(axis=1)
    others = np.where(same, -np.inf, alike)
    entries = []
    for number in np.flatnonzero(np.isfinite(own)).tolist():  # those with another picture
        face = some.records[number]
        nearest = int(others[number].argmax())
        gap = float(others[number, nearest] - own[number])
        if gap > 0:
            found = found_of[id(face)]
            text = f"{who(face)}, taken for {who(some.records[nearest])}"
            entries.append(Entry(gap, os.path.join(folder, face.image), found.box, found, text))
    return entries
