"""From a dataset's original files to records: what is the same for every set.

A reader (data_prep/reader.py) yields records and dropped rows. Here each is checked, counted and
written at once: records.jsonl, dropped.jsonl, the reader's side files and summary.json, all beside
the original files. Memory holds counts, and a number for each face to find one that is there twice.
"""

from __future__ import annotations

import collections
import contextlib
import glob
import json
import math
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Callable, Optional, Union

import numpy as np
from PIL import Image

from allinone import boxes, files, record, tasks
from allinone.errors import InputError
from allinone.record import FaceRecord
from data_prep import reader
from data_prep.reader import Dropped, Reader

RECORDS, DROPPED, SUMMARY = "records.jsonl", "dropped.jsonl", "summary.json"
OLDEST = 110  # our choice: years; a label above it is a mistake
LARGEST = {"age": OLDEST}  # {label of a number: its largest value}, for those that have one
SHOW_EVERY = 5.0  # seconds between lines of progress


def absent(folder: str, patterns: Iterable[str]) -> list[str]:
    """Return the patterns that no file in a folder fits."""
    root = glob.escape(folder)
    return [pattern for pattern in patterns if not glob.glob(os.path.join(root, pattern))]


def missing_files(folder: str, which: Reader) -> list[str]:
    """Return the files of a set that are absent and that its reader can do without.

    InputError that names every absent file where it cannot.
    """
    needed, missing = absent(folder, which.needs), absent(folder, which.any_of)
    if needed or (which.any_of and len(missing) == len(which.any_of)):
        raise InputError(
            f"{folder}: files of {which.title} are missing: {', '.join([*needed, *missing])}; "
            "data_prep/README.md shows the tree of the set and whom to ask for it"
        )
    return missing


# ---- Checks. Each returns what is wrong as (reason, detail), or None.
def _box_problem(box):
    if np.isfinite(box).all() and box[0] < box[2] and box[1] < box[3]:
        return None
    return "bad box", str(box)


def _number_problem(face, label, largest):
    value = getattr(face, label)
    if value is None or (math.isfinite(value) and 0 <= value <= largest):
        return None
    return f"bad {label.replace('_', ' ')}", str(value)


def _label_problem(face, task):
    """Check the label of one task."""
    value = getattr(face, task.label)
    if task.kind == tasks.NUMBER:
        largest = LARGEST.get(task.label, math.inf)
        return _number_problem(face, task.label, largest) or _number_problem(
            face, f"{task.label}_sigma", largest
        )
    if value is None or task.label in ("box", "identity"):
        return None
    if task.kind == tasks.PROBABILITY:
        good = value in (0, 1)
    else:
        known = [part for part in value if part is not None]
        good = not known or np.isfinite(known).all()
    return None if good else (f"bad {task.label}", str(value))


class Checker:
    """Checks records one after another; remembers them to find a face that is there twice."""

    def __init__(self, folder: str) -> None:
        """Check records whose pictures are named relative to a folder."""
        self.folder = folder
        self.image, self.size = None, None  # of the last picture: its size or what is wrong with it
        self.seen = set()

    def problem(self, face: FaceRecord) -> Optional[tuple[str, str]]:
        """Return (reason, detail) of what makes a record useless, or None."""
        found = _box_problem(face.box) if face.box is not None else None
        for task in tasks.TASKS:
            found = found or _label_problem(face, task)
        return found or self._twice(face) or self._picture_problem(face)

    def _twice(self, face):
        box = None if face.box is None else tuple(face.box)
        key = hash((face.image, box))  # a number takes less memory than the words
        if key in self.seen:
            return "there twice", ""
        self.seen.add(key)
        return None

    def _picture_problem(self, face):
        if face.image != self.image:
            self.image, self.size = face.image, self._size_of(face.image)
        if isinstance(self.size, str):
            return self.size, ""
        if face.box is not None and not boxes.area(boxes.clip(face.box, *self.size)) > 0:
            return "box outside", f"{face.box} in {self.size[0]}x{self.size[1]}"
        return None

    def _size_of(self, image):
        """Return (width, height) of a picture by its file's head, or what is wrong with it."""
        try:
            with Image.open(os.path.join(self.folder, image)) as picture:
                return picture.size
        except FileNotFoundError:
            return "missing picture"
        except (OSError, ValueError, Image.DecompressionBombError):
            return "unreadable picture"


# ---- Counts for summary.json. A record's labels are counted in bins that suit the kind of task.
def _decade(value):
    first = int(value) // 10 * 10
    return f"{first}-{first + 9}"


def _third(angles):
    first = min(int(abs(angles[2]) // 30) * 30, 90)
    return f"{first}-{first + 30}"


def histogram_of(task: tasks.Task) -> Optional[tuple[str, Callable[[object], str]]]:
    """Return (name of a task's histogram, function from a label to its bin).

    None for the box and the visibility, which are counted with the faces and the landmarks.
    """
    if task.kind == tasks.PROBABILITY and task.label == task.field:
        return task.label, str
    return {
        tasks.NUMBER: (task.label, _decade),
        tasks.ANGLES: ("|yaw|", _third),
        tasks.POINTS: (task.label, lambda value: "faces with some"),
        tasks.DESCRIPTOR: (task.label, lambda value: "faces with one"),
    }.get(task.kind)


def _about(face):
    if face.box is not None:
        return "with a box"
    return "with labels and no box" if face.lacks_landmarks() else "none in the picture"


def count_labels(labels: Mapping[str, collections.Counter], face: FaceRecord) -> None:
    """Add a record to {histogram: Counter}."""
    labels["faces"][_about(face)] += 1
    if face.split is not None:
        labels["split"][face.split] += 1
    for task in tasks.TASKS:
        value, histogram = getattr(face, task.label), histogram_of(task)
        if histogram and value is not None:
            name, bin_of = histogram
            labels[name][bin_of(value)] += 1


# ---- Conversion.
def _as_line(item):
    return item + "\n" if isinstance(item, str) else json.dumps(item) + "\n"


class _Writer:
    """Writes rows as records or dropped rows, and counts them."""

    def __init__(self, folder, name, records, dropped):
        self.name, self.records, self.dropped = name, records, dropped
        self.checker = Checker(folder)
        self.reasons = collections.Counter()
        self.labels = collections.defaultdict(collections.Counter)
        self.read = self.kept = self.pictures = 0
        self.image, self.shown = None, time.monotonic()

    def add(self, row):
        """Write a row."""
        self.read += 1
        if not isinstance(row, Dropped):
            problem = self.checker.problem(row)
            if problem is None:
                self._keep(row)
            else:
                row = Dropped(row.image, *problem)
        if isinstance(row, Dropped):
            self.reasons[row.reason] += 1
            self.dropped.write(json.dumps(asdict(row)) + "\n")
        if time.monotonic() - self.shown > SHOW_EVERY:
            self.shown = time.monotonic()
            print(f"  {self.name}: {self.read} rows read, {self.kept} kept", flush=True)

    def _keep(self, face):
        self.pictures += face.image != self.image
        self.image = face.image
        self.kept += 1
        count_labels(self.labels, face)
        self.records.write(record.to_line(face))

    def summary(self, missing):
        """Return what goes into summary.json."""
        return dict(
            set=self.name,
            rows=self.read,
            kept=self.kept,
            pictures=self.pictures,
            dropped=dict(self.reasons),
            missing=list(missing),
            labels={label: dict(sorted(counts.items())) for label, counts in self.labels.items()},
        )


def _words(counts):
    return ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))


def convert(
    rows: Iterable[Union[FaceRecord, Dropped]],
    folder: str,
    name: str,
    missing: Iterable[str] = (),
    side_files: Optional[Mapping[str, Callable[[str], Iterator[Union[dict, str]]]]] = None,
) -> dict:
    """Write records.jsonl, dropped.jsonl, side files and summary.json into a folder.

    missing: files that the reader did without. side_files: {file: function(folder) that yields its
    lines}. Return the summary. InputError where no row gives a record; nothing is replaced then.
    """
    with contextlib.ExitStack() as stack:
        outputs = [
            stack.enter_context(files.replacing(os.path.join(folder, file)))
            for file in (RECORDS, DROPPED)
        ]
        writer = _Writer(folder, name, *outputs)
        for row in rows:
            writer.add(row)
        if not writer.kept:
            raise InputError(
                f"{folder}: none of {writer.read} rows gives a record "
                f"({_words(writer.reasons) or 'there is no row'}); is it the set {name}, whole?"
            )
        for file, lines_of in (side_files or {}).items():
            stream = stack.enter_context(files.replacing(os.path.join(folder, file)))
            stream.writelines(map(_as_line, lines_of(folder)))
    summary = writer.summary(missing)
    files.write_json(os.path.join(folder, SUMMARY), summary)
    return summary


def convert_set(name: str, folder: str) -> None:
    """Turn the original files of a set in a folder into records, and print the summary."""
    which = reader.load(name)
    missing = missing_files(folder, which)
    if missing:
        print(f"  {folder}: done without these files: {', '.join(missing)}")
    summary = convert(which.rows(folder), folder, name, missing, which.side_files)
    print(f"{folder}/{RECORDS}: {summary['kept']} records of {summary['pictures']} pictures")
    for label, counts in summary["labels"].items():
        print(f"  {label}: {_words(counts)}")
    if summary["dropped"]:
        print(f"  dropped: {_words(summary['dropped'])}; each is named in {folder}/{DROPPED}")
