"""Boxes of faces that somebody else's detector has found: JSON lines or CSV."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, Optional

from allinone import reading, record
from allinone.errors import InputError

EDGES = ("x1", "y1", "x2", "y2")


class _Line(NamedTuple):
    """What a line says."""

    image: str
    box: list[float]  # [] of a picture without a face
    frame: Any  # of a video; None or "": of none


def _from_csv(path: str) -> Iterator[_Line]:
    """Yield the rows of a CSV with the columns image, x1, y1, x2, y2."""
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
                box = _box_of(row, f"{path}, line {reader.line_num}")
                yield _Line(row["image"], box, row.get("frame"))
        except csv.Error as error:
            place = f"{path}, line {reader.line_num + 1}"
            raise InputError(f"{place}: {error}; mend or delete the line") from None


def _box_of(row: Mapping[str, Optional[str]], place: str) -> list[float]:
    """Return the box of a row, [] of a picture without a face."""
    if not row["image"] or not record.is_name(row["image"]):
        raise InputError(f"{place}: no picture in it; mend or delete the line")
    if not any(row[edge] for edge in EDGES):
        return []
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
    return box


def _from_json_lines(path: str) -> Iterator[_Line]:
    for given in record.read_boxes(path):
        yield _Line(given.image, given.box or [], given.frame)


def read(path: str, videos: Iterable[str] = ()) -> dict[str, list[list[float]]]:
    """Return {absolute path of a picture: its boxes} of a file.

    A picture's path is relative to the folder of the file or, if it does not exist there, to the
    working directory. A file that ends in .csv is a table, any other JSON lines; fields other than
    image and box are ignored. InputError with file, line and mend where a line is malformed, and
    with file and frame where one is of a single frame of one of the videos.
    """
    if not os.path.isfile(path):
        raise InputError(f"{path}: no such file of boxes; check the path")
    lines = _from_csv(path) if path.lower().endswith(".csv") else _from_json_lines(path)
    found: dict[str, list[list[float]]] = {}
    moving = {os.path.abspath(video) for video in videos}
    for image, box, frame in lines:
        beside = os.path.join(os.path.dirname(os.path.abspath(path)), image)
        place = os.path.abspath(beside if os.path.exists(beside) else image)
        if place in moving and frame not in (None, ""):
            raise InputError(
                f"{path}: has a box of frame {frame} of {image}, but boxes are described in every "
                "frame of a video; leave the video out, or 'frame' where they are of all frames"
            )
        found.setdefault(place, [])
        if box:
            found[place].append(box)
    return found
