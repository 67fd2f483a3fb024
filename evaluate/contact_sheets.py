"""Contact sheets of what evaluate.real measured: each task's best and worst held-out results."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Optional

import cv2
import numpy as np

from allinone import boxes, draw, folders, pictures
from allinone.errors import InputError
from allinone.record import FaceRecord
from allinone.tasks import ANGLES, NUMBER, POINTS, PROBABILITY, Task
from evaluate import photographs, portraits, predictions, real_rows, task_figures

COUNT, COLUMNS, SIDE = 40, 10, 170  # pictures of a sheet, in a row, and their pixels
LEAST_HEIGHT = 120  # pixels of a face: a smaller one is enlarged
AROUND = 0.4  # share of a face's height that is shown around it
CAPTION = 12  # pixels
KIND = folders.Kind(
    "folder of contact sheets",
    holds=("*_best.jpg", "*_worst.jpg", "detection_right.jpg", "detection_wrong.jpg"),
    is_marked=True,
)
MISSED = 2.0  # error of a face that is not found: above those of all false detections, up to 1


class Entry(NamedTuple):
    """A picture on a sheet."""

    error: float  # the sheets show the least and the greatest
    path: str
    box: Sequence[float]  # of the face that is shown
    found: Optional[FaceRecord]  # what the model says of it, None: it did not find it
    text: str


def said_of(results: str, name: str) -> dict[str, predictions.Said]:
    """Return {picture: what the model said of it} of a set; InputError where nothing is there."""
    folder = os.path.join(results, name)
    lines = os.path.join(folder, predictions.LINES)
    if not os.path.isfile(lines):
        raise InputError(f"{lines}: no such file; run evaluate.real first")
    return {one.image: one for one in predictions.read(folder)}


def pictures_of(data: str, results: str, name: str):
    """Yield (path, records, what the model said) of the pictures of a set that were measured."""
    said = said_of(results, name)
    for image, faces in predictions.records_in(os.path.join(data, name, "records.jsonl")):
        if image in said:
            yield os.path.join(data, name, image), faces, said[image]


def task_entries(data: str, results: str, name: str) -> Iterator[tuple[Task, list[Entry]]]:
    """Yield (task, its entries) of a set of portraits, of the tasks that have labels there."""
    faces = []
    for path, known, said in pictures_of(data, results, name):
        some = zip(known, said.faces)
        faces += [(path, pair) for pair in some if pair[1] is not None]
    for task in task_figures.OF_FACES:
        entries = []
        for path, pair in faces:
            if real_rows.counted(name, task, [pair]):
                entries += entry_of(task, path, pair)
        if entries:
            yield task, entries


def entry_of(task: Task, path: str, pair: real_rows.Pair) -> list[Entry]:
    """Return the entry of a face, none where it has no label of the task, or nothing to show."""
    some = task_figures.labelled(task, [pair]) if task.kind in TEXTS else None
    if some is None:
        return []
    found, label = some.answers[0], some.truth()[0]
    error = float(task_figures.scores(some)[0])
    if task.kind == PROBABILITY:  # the further from the label, the worse
        error = abs(float(found) - float(label))
    return [Entry(error, path, pair[1].box, pair[1], TEXTS[task.kind](task, found, label, error))]


def _probability_text(task, found, label, error):
    return f"{task.answer_in_words(float(found))}, is {task.label_in_words(label)}"


def _number_text(task, found, label, error):
    return f"{found:.0f}, is {label:.0f}"


def _yaw_text(task, found, label, error):
    return f"{found[task_figures.YAW]:.0f}, is {label[task_figures.YAW]:.0f}"


def _error_text(task, found, label, error):
    return f"{error:.1%}"


# {kind: what stands below a face on its sheets}; other kinds have no sheet
TEXTS = {
    PROBABILITY: _probability_text,
    NUMBER: _number_text,
    POINTS: _error_text,
    ANGLES: _yaw_text,
}


def detection_entries(data: str, results: str) -> tuple[list[Entry], list[Entry]]:
    """Return (faces that were found, faces that were missed and false detections)."""
    return detection_entries_of(pictures_of(data, results, photographs.SET))


def detection_entries_of(
    pictures: Iterable, least: float = photographs.LEAST_FACE
) -> tuple[list[Entry], list[Entry]]:
    """Return the same of pictures (path, records, what the model said).

    least: pixels of height of a face that is asked for. A picture that cannot be read has none.
    """
    right, wrong = [], []
    for path, faces, said in pictures:
        if said.error:
            continue
        known = [face for face in faces if face.box is not None]
        overlaps = boxes.iou([face.box for face in known], [one.box for one in said.faces])
        for number, one in enumerate(said.faces):
            best = overlaps[:, number].max(initial=0)
            if best > photographs.OVERLAP:
                text = f"{one.score:.3f}, IoU {best:.2f}"
                right.append(Entry(-one.score, path, one.box, one, text))
            elif best < photographs.EXCUSED:
                wrong.append(Entry(one.score, path, one.box, one, f"false, {one.score:.3f}"))
        for number, face in enumerate(known):
            best = overlaps[number].max(initial=0)
            if photographs.is_asked_for(face, least) and best <= photographs.OVERLAP:
                wrong.append(Entry(MISSED, path, face.box, None, "missed"))
    return right, wrong


def tile(entry: Entry) -> np.ndarray:
    """Return the picture of an entry: the face with what the model says drawn, the text below."""
    image = pictures.read_image(entry.path)
    x1, y1, x2, y2 = entry.box
    room = AROUND * (y2 - y1)
    left, top = [int(max(edge - room, 0)) for edge in (x1, y1)]
    right, bottom = [int(edge + room) + 1 for edge in (x2, y2)]
    part = image[top:bottom, left:right]  # first: a whole photograph, enlarged, fills the memory
    scale = max(1.0, LEAST_HEIGHT / max(y2 - y1, x2 - x1, 1))
    part = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    points = seen = pose = None
    if entry.found is not None:
        pose = entry.found.pose
        if entry.found.landmarks is not None:
            points = (entry.found.landmark_array() - [left, top]) * scale
            seen = entry.found.visibility_array()
    box = (np.float32(entry.box) - [left, top, left, top]) * scale
    draw.face(part, box, points, seen, pose)
    return draw.titled(draw.tile(part, SIDE), entry.text, CAPTION)


def by_error(entry: Entry) -> float:
    """Return what entries are sorted by."""
    return entry.error


def write(path: str, entries: Sequence[Entry]) -> None:
    """Write a sheet of the first entries; where there are none, no earlier one stays."""
    if entries:
        tiles = [tile(entry) for entry in entries[:COUNT]]
        pictures.write_image(path, draw.grid(tiles, COLUMNS))
    else:
        with contextlib.suppress(FileNotFoundError):
            os.remove(path)


def write_all(data: str, results: str, out: str) -> None:
    """Write <task>_<set>_best.jpg and _worst.jpg, detection_right.jpg and detection_wrong.jpg."""
    with folders.only_one(out):
        folders.claim(out, KIND)
        _write_all(data, results, out)


def _write_all(data, results, out):
    for name in portraits.SETS:
        for task, entries in task_entries(data, results, name):
            entries.sort(key=by_error)
            write(os.path.join(out, f"{task.name}_{name}_best.jpg"), entries)
            write(os.path.join(out, f"{task.name}_{name}_worst.jpg"), entries[::-1])
    right, wrong = detection_entries(data, results)
    write(os.path.join(out, "detection_right.jpg"), sorted(right, key=by_error))
    write(os.path.join(out, "detection_wrong.jpg"), sorted(wrong, key=by_error, reverse=True))
