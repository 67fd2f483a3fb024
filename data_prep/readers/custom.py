"""Pictures of one's own: faces.csv or faces.jsonl with picture, box and whatever labels are known.

faces.csv has the column image and any of: x1, y1, x2, y2; split; identity (any word); gender (m, f,
male, female, 0, 1) and the other yes-or-no tasks of allinone.tasks (0, 1 or the task's words); age
and age_sigma; roll, pitch, yaw in degrees; <landmark>_x, <landmark>_y and <landmark>_visibility for
the landmarks' names in allinone.landmarks. Column names may be in large or small letters. An empty
field is unknown. faces.jsonl holds records (allinone/record.py), and is read where there is no
faces.csv.
"""

import os

from allinone import landmarks, record, tasks
from allinone.errors import InputError
from allinone.record import FaceRecord
from data_prep.reader import Dropped, Reader
from data_prep.tables import codes_of, numbers_of, table

TABLE, LINES = "faces.csv", "faces.jsonl"
BOX, POSE = ("x1", "y1", "x2", "y2"), ("roll", "pitch", "yaw")
NAMES = tuple(name.lower() for name in landmarks.NAMES)


def columns_of(task):
    """Return the columns of the table that hold a task's label."""
    if task.kind == tasks.NUMBER:
        return (task.label, f"{task.label}_sigma")
    if task.kind == tasks.POINTS:
        return tuple(f"{name}_{axis}" for name in NAMES for axis in "xy")
    if task.kind == tasks.VISIBILITY:
        return tuple(f"{name}_visibility" for name in NAMES)
    if task.kind == tasks.ANGLES:
        return POSE
    return BOX if task.label == "box" else (task.label,)


def known_columns():
    """Return all columns that a table may have, those of landmarks last."""
    some = ("image", "split")
    for task in sorted(tasks.TASKS, key=lambda task: task.kind in (tasks.POINTS, tasks.VISIBILITY)):
        some += columns_of(task)
    return some


def _numbers(row, columns):
    """Return the numbers in some columns; None where all are empty; ValueError where some are."""
    return numbers_of(row, columns) if any(row.get(column) for column in columns) else None


def _points(row, columns):
    """Return [[x, y] or None] of columns x, y, x, y, ...; None where all are empty."""
    points = [_numbers(row, columns[at : at + 2]) for at in range(0, len(columns), 2)]
    return points if any(points) else None


def _code(text, task):
    """Return 0 or 1; ValueError where the text is no class of a task."""
    codes = codes_of(task)
    if text.lower() not in codes:
        raise ValueError(f"{task.label} must be one of {', '.join(codes)}, is '{text}'")
    return codes[text.lower()]


def labels_of(row, task, people):
    """Return {field of FaceRecord: value} of one task's columns; ValueError where one is malformed.

    row: {column: text}. people: {word: number} of the identities, which grows.
    """
    columns = columns_of(task)
    if not any(row.get(column) for column in columns):
        return {}
    if task.kind == tasks.NUMBER:
        known = [column for column in columns if row.get(column)]
        return dict(zip(known, numbers_of(row, known)))
    if task.kind == tasks.POINTS:
        return {task.label: _points(row, columns)}
    if task.kind == tasks.VISIBILITY:
        shares = [_numbers(row, (column,)) for column in columns]
        return {task.label: [share[0] if share else None for share in shares]}
    if task.kind == tasks.DESCRIPTOR:
        return {task.label: people.setdefault(row[task.label], len(people))}
    if len(columns) > 1:  # the box or the angles
        return {task.label: _numbers(row, columns)}
    return {task.label: _code(row[task.label], task)}


def face(row, people):
    """Return the FaceRecord of a row of the table; ValueError where a field is malformed."""
    labels = {}
    for task in tasks.TASKS:
        labels.update(labels_of(row, task, people))
    return FaceRecord(row["image"], split=row.get("split") or None, **labels)


def refuse_unknown(columns, path):
    """Raise InputError where a table has columns that are no label: a typing error loses labels."""
    known = known_columns()
    unknown = sorted(set(columns) - set(known))
    if unknown:
        points = {f"{name}_{part}" for name in NAMES for part in ("x", "y", "visibility")}
        some = ", ".join(column for column in known if column not in points)
        raise InputError(
            f"{path}: unknown column {', '.join(unknown)}; known are {some} and <landmark>_x, "
            "<landmark>_y, <landmark>_visibility; rename or delete the column"
        )


def records_in(path):
    """Yield the records of faces.jsonl, and a Dropped for each line that is none."""
    for number, text in record.lines(path):
        try:
            yield record.parse(text, path, number)
        except InputError as error:
            yield Dropped(f"{path}, line {number}", "not a record", str(error))


def rows(folder):
    """Yield the rows of faces.csv, or of faces.jsonl where there is no faces.csv."""
    path, people = os.path.join(folder, TABLE), {}
    if not os.path.isfile(path):
        yield from records_in(os.path.join(folder, LINES))
        return
    for place, row in table(path, ("image",)):
        if isinstance(row, Dropped):
            yield row
            continue
        refuse_unknown(row, path)
        try:
            yield face(row, people)
        except ValueError as error:
            yield Dropped(place, "a field does not fit", str(error))


READER = Reader(
    name="custom",
    title="a set of your own",
    needs=("faces.*",),
    rows=rows,
    tree="`faces.csv` or `faces.jsonl`, and the pictures that they name",
    faces="yours",
    if_named=dict.fromkeys(tasks.TOWERS),
)
