"""Boxes of faces that somebody else's detector has found: JSON lines or CSV."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Mapping
from typing import Optional

from allinone import reading, record
from allinone.errors import InputError

EDGES = ("x1", "y1", "x2", "y2")


def _from_csv(path: str) -> Iterator[tuple[str, list[float]]]:
    """Yield (image, box) of the rows of a CSV with the columns image, x1, y1, x2, y2."""
    data = reading.opened(path, "check the path")
    with io.TextIOWrapper(data, "utf-8-sig", "surrogateescape", newline="") as stream:
        reader = csv.DictReader(stream)
        try:
            missing = [name for name in ("image", *EDGES) if name not in (reader.fieldnames or ())]
            if missing:
                raise InputError(
                    f"{path}: no column {', '.join(missing)}; --boxes takes a CSV with the columns "
                    f"image, {', '.join(EDGES)}, or JSON lines with image and box"
                )
            for row in reader:
                yield _row(row, f"{path}, line {reader.line_num}")
        except csv.Error as error:
            place = f"{path}, line {reader.line_num + 1}"
            raise InputError(f"{place}: {error}; mend or delete the line") from None


def _row(row: Mapping[str, Optional[str]], place: str) -> tuple[str, list[float]]:
    """Return (image, box) of a row; the box is [] of a picture without a face."""
    if not row["image"] or not record.is_name(row["image"]):
        raise InputError(f"{place}: no picture in it; mend or delete the line")
    if not any(row[edge] for edge in EDGES):
        return row["image"], []
    try:
        box = [float(row[edge]) for edge in EDGES]
    except (TypeError, ValueError):
        box = []
    fits = box and all(abs(edge) <= record.FURTHEST for edge in box)
    if not fits or not (box[0] < box[2] and box[1] < box[3]):
        raise InputError(
            f"{place}: x1, y1, x2, y2 must be numbers with x1 < x2 and y1 < y2; mend or delete "
            "the line"
        )
    return row["image"], box


def _from_json_lines(path: str) -> Iterator[tuple[str, list[float]]]:
    for given in record.read_boxes(path):
        yield given.image, given.box or []


def read(path: str) -> dict[str, list[list[float]]]:
    """Return {absolute path of a picture: its boxes} of a file.

    A picture's path is relative to the folder of the file or, if it does not exist there, to the
    working directory. A file that ends in .csv is a table, any other JSON lines; fields other than
    image and box are ignored. InputError with file, line and mend where a line is malformed.
    """
    if not os.path.isfile(path):
        raise InputError(f"{path}: no such file of boxes; check the path")
    pairs = _from_csv(path) if path.lower().endswith(".csv") else _from_json_lines(path)
    found: dict[str, list[list[float]]] = {}
    for image, box in pairs:
        beside = os.path.join(os.path.dirname(os.path.abspath(path)), image)
        place = os.path.abspath(beside if os.path.exists(beside) else image)
        found.setdefault(place, [])
        if box:
            found[place].append(box)
    return found
