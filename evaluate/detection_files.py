"""Files of detections in the formats that the face-eval toolbox reads; the extension says which.

.txt           picture, score, x1, y1, x2, y2 in each line
.csv           Picasa's table, without scores
.mat           ids, BB (4, n), and confidence or sc; what `del` marks is left out
.ramananmat    the same
.shenmat       DetectionResults: a struct for each picture
"""

from __future__ import annotations

import math
import os
from typing import NamedTuple

import numpy as np

from allinone.errors import InputError
from allinone.record import FURTHEST
from data_prep.tables import fields_of, form_of, lines, matrix_file, variable, variables_of
from evaluate.face_eval import Detections, stem

PICASA_IMAGE, PICASA_BOX = 2, (7, 8, 9, 10)  # columns, from 0; left, top, width, height


class Row(NamedTuple):
    """One detection as a file has it."""

    place: str  # in the file, for people
    image: str
    score: float
    box: tuple[float, ...]  # x1, y1, x2, y2


def read(path: str) -> Detections:
    """Return the detections of a file; InputError where it is missing or does not fit."""
    reader = READERS.get(os.path.splitext(path)[1].lower())
    if reader is None:
        raise InputError(f"{path}: detections must be one of {', '.join(READERS)}")
    if not os.path.isfile(path):
        raise InputError(f"{path}: no such file of detections")
    with form_of(path):
        rows = reader(path)
    for row in rows:
        if not math.isfinite(row.score) or not all(abs(edge) <= FURTHEST for edge in row.box):
            raise InputError(
                f"{path}, {row.place}: score and edges must be finite numbers, are {row.score:g} "
                f"and {', '.join(f'{edge:g}' for edge in row.box)}; mend or delete the detection"
            )
    return Detections(
        np.array([stem(str(np.ravel(row.image)[0])) for row in rows], str),
        np.float64([row.score for row in rows]),
        np.float64([row.box for row in rows]).reshape(-1, 4),
    )


def read_lines(path: str) -> list[Row]:
    """Return the rows of a text file."""
    rows = []
    for number, line in lines(path):
        if line.strip():
            words = line.split()
            try:
                name, score, x1, y1, x2, y2 = words[0], *map(float, words[1:6])
            except ValueError:
                raise InputError(
                    f"{path}, line {number}: must hold a picture, a score and four edges, is "
                    f"'{line.strip()[:100]}'"
                ) from None
            rows.append(Row(f"line {number}", name, score, (x1, y1, x2, y2)))
    return rows


def read_picasa(path: str) -> list[Row]:
    """Return the rows of Picasa's table: semicolons, a header, fixed columns; all score 1."""
    rows = []
    for number, line in lines(path):
        if number == 1 or not line:
            continue
        try:
            fields = fields_of(line, ";")
            x, y, width, height = (float(fields[column]) for column in PICASA_BOX)
            box = x, y, x + width, y + height
            rows.append(Row(f"line {number}", fields[PICASA_IMAGE], 1.0, box))
        except (ValueError, IndexError):
            raise InputError(
                f"{path}, line {number}: must hold the picture in field 3 and left, top, "
                "width, height in fields 8 to 11"
            ) from None
    return rows


def read_columns(path: str) -> list[Row]:
    """Return the rows of a Matlab file of columns; without scores all count 1."""
    there = variables_of(path)
    ids = np.ravel(variable(there, "ids", path))
    corners = np.asarray(variable(there, "BB", path), np.float64)
    scores = np.ones(len(ids))
    named = [name for name in ("confidence", "sc") if name in there]
    if named:
        scores = np.asarray(np.ravel(there[named[0]]), np.float64)
    is_out = np.zeros(len(ids), bool)
    if "del" in there:
        is_out = np.ravel(there["del"]) == 1
    if corners.shape != (4, len(ids)) or len(scores) != len(ids) or len(is_out) != len(ids):
        raise InputError(
            f"{path}: ids, BB and scores do not fit each other: {len(ids)}, {corners.shape}, "
            f"{len(scores)}"
        )
    rows = []
    for number, (name, score, box, out) in enumerate(zip(ids, scores, corners.T, is_out), 1):
        if not out:
            rows.append(Row(f"detection {number}", np.ravel(name)[0], score, tuple(box)))
    return rows


def read_structs(path: str) -> list[Row]:
    """Return the rows of a Matlab file with a struct for each picture.

    It has filename and faces (left, top, width, height, score).
    """
    rows = []
    for cell in np.ravel(matrix_file(path, "DetectionResults")):
        entry = np.ravel(cell)[0] if cell.dtype.names is None else cell
        faces = entry["faces"]
        if faces.dtype == object:
            faces = np.ravel(faces)[0]
        for x, y, width, height, score in np.asarray(faces, np.float64).reshape(-1, 5):
            name = np.ravel(entry["filename"])[0]
            box = x, y, x + width, y + height
            rows.append(Row(f"detection {len(rows) + 1}", name, score, box))
    return rows


READERS = {
    ".txt": read_lines,
    ".csv": read_picasa,
    ".mat": read_columns,
    ".ramananmat": read_columns,
    ".shenmat": read_structs,
}
