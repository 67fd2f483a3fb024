"""The score from which on a model's detections are right often enough, of scenes that it knows not.

The scenes are those of a records file, or of the detection database that a run is validated on.
"""

from __future__ import annotations

import tempfile
from typing import NamedTuple

import numpy as np

from allinone import store
from allinone.analyzer import FaceAnalyzer
from allinone.errors import InputError
from allinone.record import FaceRecord
from allinone.stored_regions import StoredRegions
from evaluate import answers, photographs
from evaluate.photographs import Counted, Point
from evaluate.predictions import Annotated, Said

MOST = 100  # our choice: scenes of a database that are searched
FEW = 20  # our choice: faces; fewer than so many tell little of one wrong detection in twenty
UNMEASURED = 0.5  # our choice: the score where nothing tells which is right: rather a face than not


class NothingFits(InputError):
    """Scenes by which no score can be chosen."""


class Choice(NamedTuple):
    """A score, and what it was found by."""

    point: Point
    counted: Counted


def of_records(
    model: str, records: str, precision: float, engine: str, gpu: str, proposals: str
) -> Choice:
    """Return the choice by the scenes of a records file; proposals: where faces are looked for."""
    with tempfile.TemporaryDirectory() as out:
        searched = photographs.search(model, records, out, engine, gpu, proposals)
    found = photographs.found_by(searched.said)
    return _choice(photographs.count(searched.pictures, found), records, precision)


def of_database(
    model: str, folder: str, precision: float, engine: str, gpu: str, proposals: str
) -> Choice:
    """Return the choice by the scenes of a detection database, MOST of them, evenly spread."""
    counted = counted_in(model, folder, engine, gpu, proposals)
    if 0 < counted.faces < FEW:
        raise NothingFits(
            f"{folder}: {counted.faces} faces of {photographs.LEAST_FACE} pixels and more are too "
            f"few to choose a score by; validate on {FEW} at least"
        )
    return _choice(counted, folder, precision)


def counted_in(model: str, folder: str, engine: str, gpu: str, proposals: str | None) -> Counted:
    """Return the detections in scenes of a detection database, MOST of them, evenly spread."""
    store.verify(folder)
    reader = store.Reader(folder)
    stored = StoredRegions(folder, [], len(reader))
    chosen = np.unique(np.linspace(0, len(reader) - 1, min(MOST, len(reader))).astype(int))
    device = gpu if gpu and engine != "caffe" else None
    analyzer = FaceAnalyzer(model, engine, device, proposals)
    pictures: list[Annotated] = []
    said: list[Said] = []
    for number in chosen.tolist():
        first, last = stored.face_start[number : number + 2]
        faces = [FaceRecord("", box=box.tolist()) for box in stored.faces["box"][first:last]]
        ignored = stored.ignored(number).tolist()
        faces += [FaceRecord("", box=box, ignore=1) for box in ignored]
        found = answers.detected(analyzer, reader.image(reader.datum(number)), "")
        pictures.append(("", faces))
        said.append(Said("", list(found)))
    return photographs.count(pictures, photographs.found_by(said))


def _choice(counted: Counted, source: str, precision: float) -> Choice:
    if not counted.faces:
        raise NothingFits(
            f"{source}: no face of {photographs.LEAST_FACE} pixels and more in it; name the "
            "records of scenes with larger faces"
        )
    point = photographs.greatest_recall(counted, precision)
    if not point.recall:
        raise NothingFits(
            f"{source}: at no score are {precision:.0%} of the detections faces; ask for less, or "
            "go on with the training"
        )
    return Choice(point, counted)
