"""Landmarks of faces that a dataset gives none of, found by a trained net.

The paper does so with HyperFace (section III-C). Beside the records appears
located_<weights>_<records>.jsonl, the same lines with landmarks and visibility; the name has the
hashes of both, so that what was found once is used again. A run that was stopped goes on behind its
last whole batch (allinone.growing); one of other code starts anew.
"""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from allinone import closure, engines, folders, landmarks, pictures, record
from allinone.analyzer import FaceAnalyzer
from allinone.errors import InputError
from allinone.growing import ITEMS, Growing
from allinone.model import open_model
from allinone.own_analyzer import OwnAnalyzer, models_in
from allinone.parallel import Workers, elsewhere
from allinone.record import FaceRecord
from data_prep.sources import Reading, image_path, survey

BATCH = 64  # our choice: faces that the net sees together
PARTIAL = ".partial"  # ends the name of the lines that a stopped run leaves
SCORE = 0.3  # our choice: least score of a face that must be somewhere, since it has a label
SEEN = 0.5  # our choice: least visibility of a point that counts as seen


def path_of(records: str, model: str) -> str:
    """Return the path of the records with the landmarks that a model finds.

    InputError where there is no model, or the records are missing or malformed.
    """
    weights, lines = open_model(model).sha256[:12], survey(records).sha256[:12]
    return os.path.join(os.path.dirname(records), f"located_{weights}_{lines}.jsonl")


def region_of(analyzer: FaceAnalyzer, image: np.ndarray, face: FaceRecord):
    """Return the region (4,) of a face: its box, or else the best face in the picture, or None."""
    if face.box is not None:
        return face.box
    (found,) = analyzer.find_many([image], analyzer.backend.model.calibrated(SCORE))
    return found["boxes"][0] if len(found["boxes"]) else None


def _wanted(analyzer, faces, records):
    """Yield (place, picture, region) of the faces whose landmarks can be looked for.

    Of several faces in a picture nobody knows which one has no box.
    """
    shared = survey(records).shared
    for place, face in enumerate(faces):
        if face.lacks_landmarks() and not (face.lacks_box() and face.image in shared):
            try:
                image = pictures.read_image(image_path(records, face.image))
            except InputError:  # whoever builds a database names it
                continue
            region = region_of(analyzer, image, face)
            if region is not None:
                yield place, image, region


def located(analyzer: FaceAnalyzer, faces: Sequence[FaceRecord], records: str) -> list[FaceRecord]:
    """Return records with their landmarks.

    One whose picture cannot be read, or holds no face, comes back as it is.
    """
    wanted, result = list(_wanted(analyzer, faces, records)), list(faces)
    if not wanted:
        return result
    places, images, regions = zip(*wanted)
    found = analyzer.look_closer(images, regions)
    boxes = landmarks.face_rectangle(found["landmarks"])
    for place, points, seen, box in zip(places, found["landmarks"], found["visibility"], boxes):
        result[place] = msgspec.structs.replace(
            faces[place],
            landmarks=points.round(2).tolist(),
            visibility=(seen >= SEEN).astype(int).tolist(),
            box=faces[place].box or box.round(2).tolist(),
        )
    return result


@dataclass
class Locating(OwnAnalyzer):
    """What is done with batches of lines (number, text) of a records file."""

    records: str = ""

    def __call__(self, batches: Iterable[Sequence[tuple[int, bytes]]]) -> Iterator[str]:
        """Yield the lines of each batch with what is found."""
        for some in batches:
            faces = [record.parse(text, self.records, number) for number, text in some]
            found = located(self.analyzer, faces, self.records)
            yield "".join(map(record.to_line, found))


def locate(records: str, model: str, workers: Workers = None) -> str:
    """Find the landmarks of records with a model's folder, where that was not done before.

    workers: the address of a dask scheduler, whose workers do it; else it is done in this process.
    Return the path of the records that have them.
    """
    path = path_of(records, model)
    with folders.only_one(path):
        if not os.path.isfile(path):
            _locate(records, model, path, workers)
        # Always: a command may have been stopped just before.
        with contextlib.suppress(FileNotFoundError):
            os.remove(f"{path}{PARTIAL}{ITEMS}")
    return path


def _locate(records, model, path, workers):
    partial, reading = f"{path}{PARTIAL}", Reading(records)
    lines = reading.lines()
    work = Locating(dict(model_dir=model, engine=engines.CAFFE), models_in(model), records)
    with Growing(partial, None, {"code": closure.hash_of([__name__])}) as growing:
        with reading.progress("finding landmarks") as progress:
            done = itertools.islice(lines, growing.done * BATCH)
            progress.step(sum(len(text) for _, text in done))
            batches = iter(lambda: list(itertools.islice(lines, BATCH)), [])
            for some, found in _found(work, batches, workers):
                growing.write(found)
                growing.end_item()
                progress.step(sum(len(text) for _, text in some))
    os.replace(partial, path)


def _found(work, batches, workers):
    """Yield each batch with its lines, found on a cluster where one is named, else here."""
    if isinstance(workers, str):
        yield from elsewhere(work, batches, workers)
        return
    for some in batches:
        yield some, next(work([some]))
