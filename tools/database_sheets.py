"""Contact sheets of databases: random samples with their labels, as the nets will see them.

Everything comes from the databases themselves: the pictures and labels as decoded from their Datum
records.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from allinone import draw, store, tasks
from allinone.record import FaceRecord
from allinone.stored_regions import StoredRegions

SAMPLES, COLUMNS, SIDE = 24, 6, 200  # pictures of a sheet, in a row, and their pixels
CAPTION = 14  # pixels
LABELS = ("pose", "landmarks", "visibility")  # of a scene's faces, that are drawn


def words_of(tower: str, datum, names: Sequence[str] = ()) -> str:
    """Return the label of an aligned face in words; names: of the database's people, if known."""
    task = tasks.aligned_task(tower)
    if task.kind == tasks.NUMBER:
        value, sigma = datum.float_data
        return task.label_in_words(value) + (f", sigma {sigma:g}" if sigma else "")
    if task.kind == tasks.DESCRIPTOR:  # people are numbered anew in every database
        name = names[datum.label] if datum.label < len(names) else ""
        return name or f"class {datum.label}"
    return task.label_in_words(datum.label)


def face_sheet(tower: str, reader: store.Reader, places: Sequence[int]) -> np.ndarray:
    """Return the sheet of a database of aligned faces."""
    tiles = []
    for place in places:
        datum = reader.datum(place)
        words = words_of(tower, datum, reader.manifest.get("names", ()))
        tiles.append(draw.titled(draw.tile(reader.image(datum), SIDE), words, CAPTION))
    return draw.grid(tiles, COLUMNS)


def varied_sheet(tower: str, folder: str, seed: int, kinds: Sequence[str]) -> np.ndarray:
    """Return the sheet of a mini-batch for training; kinds: of python_layers.variations."""
    from python_layers.face_data import FaceSampler  # here: it needs Caffe

    reader = store.Reader(folder)
    size = reader.manifest.get("input_size") or len(reader.image(reader.datum(0)))
    settings = dict(source=folder, batch=SAMPLES, size=size, seed=seed, vary=list(kinds))
    sampler, tiles = FaceSampler(settings), []
    for image, (_, place) in zip(sampler.batch(0)[0], sampler.records(0)):
        words = words_of(tower, reader.datum(place), reader.manifest.get("names", ()))
        tiles.append(draw.titled(draw.tile(image, SIDE), words, CAPTION))
    return draw.grid(tiles, COLUMNS)


def scene_sheet(folder: str, reader: store.Reader, places: Sequence[int]) -> np.ndarray:
    """Return the sheet of a database of scenes: boxes, landmarks, pose, how many regions it has."""
    tiles = []
    stored = StoredRegions(folder, LABELS, len(reader))
    for place in places:
        first, last = stored.face_start[place : place + 2]
        faces = [_face(stored.faces, number) for number in range(first, last)]
        image = reader.image(reader.datum(place))
        tile = draw.annotations(image, faces, SIDE / max(image.shape[:2]))
        regions = np.diff(stored.proposal_start[place : place + 2]).item()
        tiles.append(draw.titled(tile, f"faces {len(faces)}, regions {regions}", CAPTION))
    return draw.grid(tiles, COLUMNS)


def _face(data: Mapping[str, np.ndarray], number: int) -> FaceRecord:
    """Return a face of a database of scenes."""
    return FaceRecord(
        "",
        box=data["box"][number].tolist(),
        pose=_known(data["pose"][number]),
        landmarks=[_known(point) for point in data["landmarks"][number]],
        visibility=[_known(value) for value in data["visibility"][number]],
    )


def _known(values: np.ndarray):
    """Return numbers as plain ones, None where they are unknown."""
    return None if np.isnan(values).all() else values.tolist()


def sheet(
    tower: str, folder: str, seed: int, kinds: Sequence[str] | None = None
) -> tuple[np.ndarray, int, int]:
    """Return (sheet, how many samples it shows, how many there are) of a tower's database.

    kinds: of `varied_sheet`, None for the pictures as they are stored.
    """
    store.verify(folder)
    reader = store.Reader(folder)
    places = np.random.default_rng(seed).permutation(len(reader))[:SAMPLES].tolist()
    if tower == tasks.REGION_TOWER:
        return scene_sheet(folder, reader, places), len(places), len(reader)
    if kinds is not None:
        return varied_sheet(tower, folder, seed, kinds), SAMPLES, len(reader)
    return face_sheet(tower, reader, places), len(places), len(reader)
