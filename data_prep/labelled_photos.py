"""Small sets of real photographs, given as JSON lines, as folders that the reader `custom` reads.

A source folder holds celeba.jsonl, utkface.jsonl and photos.jsonl, with a line for each picture:
image (a path in the folder), split (train, test), and any of gender, age, smile, identity, box,
landmarks (AFLW's 21, null where unknown) and pose; or `faces`, a list of such. Nothing in it is
changed: every set gets a folder of its own with a link to the pictures and faces.jsonl. A share of
the part for training is kept back for validation, whole people at a time.
"""

from __future__ import annotations

import collections
import os
import zlib
from collections.abc import Collection, Iterator
from typing import Any, Optional, TypedDict

from allinone import files, folders, partials, reading, record, tasks
from allinone.errors import InputError, writing
from allinone.record import FaceRecord
from data_prep.parts import TEST, TRAIN, VAL

SETS = ("celeba", "utkface", "photos")
FACES = "faces.jsonl"  # in the folder of a set
KIND = folders.Kind("set of photographs", holds=(FACES, *SETS), is_marked=True)
HELD_BACK = 16  # our choice: of the training part one in so many is for validation
# our choice: people with fewer pictures for training have no identity there, since one picture
# teaches nothing of what stays the same.
LEAST_PICTURES = 2
# Fields of a face that are taken as they are; landmarks bring the visibility with them.
FIELDS = tuple(
    dict.fromkeys(
        ["box", "identity"]
        + [task.label for task in tasks.TASKS if task.kind not in (tasks.POINTS, tasks.VISIBILITY)]
    )
)


class Labelled(TypedDict, total=False):
    """A face of a line; fields that `FaceRecord` has are checked with it."""

    identity: Optional[int]
    landmarks: Optional[list[Any]]


class _Picture(TypedDict):
    image: str


class Line(_Picture, Labelled, total=False):
    """A picture: one face, or several in `faces`."""

    split: Optional[str]
    faces: list[Labelled]


def split_of(line: Line) -> str:
    """Return the part of a picture (train, val, test), the same for all pictures of a person."""
    split = line.get("split") or TEST
    who = str(line.get("identity", line["image"]))
    return VAL if split == TRAIN and zlib.crc32(who.encode()) % HELD_BACK == 0 else split


def faces_of(line: Line, rare: Collection[int]) -> Iterator[FaceRecord]:
    """Yield the records of a picture; one without any face gives one without a box.

    rare: people whose identity is left out of the training part.
    """
    for face in line.get("faces", [line]) or [{}]:
        labels = {name: face[name] for name in FIELDS if face.get(name) is not None}
        if split_of(line) == TRAIN and face.get("identity") in rare:
            labels.pop("identity", None)
        known = face.get("landmarks")
        yield FaceRecord(
            line["image"],
            landmarks=known,
            visibility=known and [None if point is None else 1 for point in known],
            split=split_of(line),
            ignore=int(bool(face.get("ignore"))) or None,
            **labels,
        )


def lines_of(path: str) -> Iterator[Line]:
    """Yield the pictures of a file of JSON lines; InputError with the line that is none."""
    return reading.json_lines(path, "mend or delete the line", Line)


def _rare(pictures):
    """Return the people of whom there are fewer than LEAST_PICTURES."""
    often = collections.Counter(line.get("identity") for line in pictures)
    return {who for who, number in often.items() if number < LEAST_PICTURES}


def write(real: str, name: str, out: str) -> int:
    """Write the folder of a set into `out`; return how many faces it has.

    InputError where the source folder `real` has no such set, or a line of it is malformed.
    """
    source, folder = os.path.join(real, f"{name}.jsonl"), os.path.join(out, name)
    if not os.path.isfile(source):
        sources = ", ".join(f"{one}.jsonl" for one in SETS)
        raise InputError(f"{source}: no such file; REAL names the folder of {sources}")
    folders.refuse_inputs(folder, [source, os.path.join(real, name)])
    with folders.only_one(folder):
        link = os.path.join(folder, name)
        if not os.path.islink(link):  # it stands there in a set of ours alone
            folders.claim(folder, KIND)
        _link(os.path.abspath(os.path.join(real, name)), link)
        return _write_faces(source, folder)


def _link(target, link):
    """Make a symbolic link, in place of one that is there."""
    partial = partials.path_for(link)
    with writing(link):
        os.symlink(target, partial)
        os.rename(partial, link)


def _write_faces(source, folder):
    """Write the faces of a set; return how many they are."""
    pictures, count = list(lines_of(source)), 0
    rare = _rare(pictures)
    with files.replacing(os.path.join(folder, FACES)) as stream:
        for line in pictures:
            for face in faces_of(line, rare):
                fault = record.fault_of(face)
                if fault:
                    raise InputError(f"{source}, {line['image']}: {fault}; mend the line")
                stream.write(record.to_line(face))
                count += 1
    return count
