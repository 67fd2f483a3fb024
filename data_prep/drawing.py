"""Drawn face sets: pictures of people that do not exist, with all labels, from a seed.

The same arguments give the same files, whatever the number of processes. A run that was stopped
goes on where it was.
"""

from __future__ import annotations

import functools
import glob
import hashlib
import os

import numpy as np

from allinone import closure, files, folders, pictures, reading, record
from allinone.errors import InputError
from allinone.parallel import in_order
from allinone.progress import Progress
from data_prep import head, scene
from data_prep.head import Identity

KINDS = ("portraits", "scenes")
PORTRAIT_SIDE = 176  # pixels
SCENE_WIDTHS = (240, 320)  # pixels: room for the largest face, quick enough for selective search
SCENE_HEIGHTS = (210, 290)
PLAN = "set.json"  # what a folder's set is drawn with
IMAGES, PARTS, RECORDS = "images", "parts", "records.jsonl"  # what a set consists of
KIND = folders.Kind(
    "drawn set",
    holds=(PLAN, IMAGES, PARTS, RECORDS, "sheet.jpg"),
    proofs={PLAN: frozenset({"kind", "seed", "identities", "first_identity", "count"})},
)
NEW = folders.Kind("set in another layout", holds=())  # nothing proves one: none is replaced
PART = 25  # our choice: pictures that a process draws at a time
DIGITS = "[0-9]" * 6  # pattern of a picture's number
STREAMS = dict(portraits=1, scenes=2, identities=3)  # keeps the random streams of a seed apart


def person(seed: int, number: int) -> Identity:
    """Return the person of this number in the set of this seed."""
    rng = np.random.default_rng([seed, STREAMS["identities"], number])
    return head.draw_identity(number, rng)


def draw_one(
    index: int, kind: str, seed: int, identities: int, first_identity: int, folder: str
) -> str:
    """Draw and write picture `index` of a set; return its record lines."""
    rng = np.random.default_rng([seed, STREAMS[kind], index])

    def somebody():
        return person(seed, first_identity + int(rng.integers(identities)))

    if kind == "portraits":
        who = person(seed, first_identity + index % identities)
        image, faces = scene.portrait(rng, who, PORTRAIT_SIDE)
    else:
        width, height = int(rng.integers(*SCENE_WIDTHS)), int(rng.integers(*SCENE_HEIGHTS))
        image, faces = scene.scene(rng, somebody, width, height)
    name = f"{IMAGES}/{index:06d}.jpg"
    pictures.write_image(os.path.join(folder, name), image, quality=int(rng.integers(70, 96)))
    return "".join(record.to_line(face) for face in scene.records_of(name, faces))


def _draw_part(part, **arguments):
    """Draw a part, a range of pictures; return its record lines."""
    return "".join(draw_one(index, **arguments) for index in part)


def _draw_parts(parts, **arguments):
    """Draw some parts; return the record lines of each."""
    return [_draw_part(part, **arguments) for part in parts]


def _sealed(lines):
    """Return the text of a part's file: its hash, then the lines of its records."""
    return hashlib.sha256(lines.encode()).hexdigest() + "\n" + lines


def _part_lines(path):
    """Return the lines of the records in a part's file, None where it is missing or damaged."""
    try:
        text = reading.read_text(path, "draw it again")
    except InputError:
        return None
    lines = text.partition("\n")[2]
    return lines if text == _sealed(lines) else None


def _part_path(out, part):
    return os.path.join(out, PARTS, f"{part.start:06d}.jsonl")


def _start(out, plan):
    """Prepare a folder to be drawn into: what belongs to another plan goes, what is foreign stays.

    InputError where the folder holds files that are no drawn set's.
    """
    path = os.path.join(out, PLAN)
    if folders.is_own(out, KIND):
        if reading.read_json(path, "delete it") != plan:
            _remove_drawn(out)
    elif os.path.isdir(out) and os.listdir(out):
        raise InputError(f"{out}: holds other files; give an empty or a new folder")
    files.write_json(path, plan)


def _remove_drawn(out):
    """Remove the pictures and parts of a set; files with names of somebody else's stay."""
    for pattern in (f"{IMAGES}/{DIGITS}.jpg", f"{PARTS}/{DIGITS}.jsonl"):
        for path in glob.iglob(os.path.join(glob.escape(out), pattern)):
            os.remove(path)


def draw_set(
    out: str,
    kind: str,
    count: int,
    identities: int,
    seed: int,
    first_identity: int = 0,
    workers: int | None = None,
) -> None:
    """Draw a set into a folder; parts that an earlier, stopped run has finished are kept.

    kind: of KINDS; count: pictures; identities: different people, numbered from first_identity.
    InputError where the folder holds other files, or nothing is to be drawn.
    """
    if count < 1 or identities < 1:
        raise InputError(
            f"--count {count} --identities {identities}: both must be at least 1, "
            "a set of 0 faces trains nothing"
        )
    settings = dict(kind=kind, seed=seed, identities=identities, first_identity=first_identity)
    with folders.only_one(out):
        _draw_set(out, count, workers, settings)


def _draw_set(out, count, workers, settings):
    _start(out, dict(settings, count=count, code=closure.hashes([__name__])))
    parts = [range(start, min(start + PART, count)) for start in range(0, count, PART)]
    missing = [part for part in parts if _part_lines(_part_path(out, part)) is None]
    work = functools.partial(_draw_parts, folder=out, **settings)
    with Progress(f"drawing {settings['kind']}", count) as progress:
        progress.step(count - sum(map(len, missing)))
        for part, lines in in_order(work, missing, workers):
            with files.replacing(_part_path(out, part)) as stream:
                stream.write(_sealed(lines))
            progress.step(len(part))
    with files.replacing(os.path.join(out, RECORDS)) as stream:
        for part in parts:
            stream.write(_part_lines(_part_path(out, part)))
