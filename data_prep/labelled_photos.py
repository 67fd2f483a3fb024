"""Small sets of real photographs, given as JSON lines, as folders that the reader `custom` reads.

A source folder holds <set>.jsonl of some of SETS, with a line for each picture: image (a path in
the folder), split (train, test), and any of gender, age, smile, identity (a number or a name), box,
landmarks (AFLW's 21, null where unknown) and pose; or `faces`, a list of such. Where there are no
landmarks, points of people stand for them: points5 (eyes, nose, corners of the mouth, from the
image's left) or points (left_eye, right_eye, nose, mouth). Nothing in it is changed: every set gets
a folder of its own with a link to the pictures and faces.jsonl. A share of the part for training is
kept back for validation, of pictures of one person whole people at a time.
"""

from __future__ import annotations

import collections
import os
import zlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Optional, TypedDict, Union

from msgspec import Meta

from allinone import files, folders, landmarks, partials, reading, record, tasks
from allinone.errors import InputError, writing
from allinone.record import Box, FaceRecord, Point
from data_prep.parts import PARTS, TEST, TRAIN, VAL

SETS = ("celeba", "utkface", "utkface2", "aaf", "mtfl", "ytf", "webfaces", "photos")
FACES = "faces.jsonl"  # in the folder of a set
COPIES = "near-copies left out"
# {set}.jsonl: faces in whole photographs that nobody marked, and that we saw (image, box).
UNMARKED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "unmarked")
KIND = folders.Kind("set of photographs", holds=(FACES, *SETS), is_marked=True)
HELD_BACK = 16  # our choice: of the training part one in so many is for validation
# our choice: people with fewer pictures for training have no identity there, since one picture
# teaches nothing of what stays the same.
LEAST_PICTURES = 2
# Places among the 21 landmarks of people's points: eyes, nose, corners of the mouth; or its middle.
FIVE = (7, 10, 14, 17, 19)
FOUR = dict(left_eye=7, right_eye=10, nose=14, mouth=18)
# Fields of a face that are taken as they are; landmarks bring the visibility with them.
OTHERS = (tasks.POINTS, tasks.VISIBILITY, tasks.DESCRIPTOR)
FIELDS = tuple(
    dict.fromkeys(["box"] + [task.label for task in tasks.TASKS if task.kind not in OTHERS])
)

Who = Union[int, str]  # a person, by number or by name


class Points(TypedDict, total=False):
    """Points of a face as people marked them."""

    left_eye: Point
    right_eye: Point
    nose: Point
    mouth: Point


class Labelled(TypedDict, total=False):
    """A face of a line; fields that `FaceRecord` has are checked with it."""

    identity: Optional[Who]
    landmarks: Optional[list[Any]]
    points5: Annotated[list[Point], Meta(min_length=5, max_length=5)]
    points: Points


class _Picture(TypedDict):
    image: str


class Unmarked(_Picture):
    """A face that nobody marked."""

    box: Box


class Line(_Picture, Labelled, total=False):
    """A picture: one face, or several in `faces`."""

    split: Optional[Literal[PARTS]]
    faces: list[Labelled]


def split_of(line: Line) -> str:
    """Return the part of a picture (train, val, test), the same for all pictures of a person."""
    split = line.get("split") or TEST
    who = line["image"] if line.get("identity") is None else str(line["identity"])
    return VAL if split == TRAIN and zlib.crc32(who.encode()) % HELD_BACK == 0 else split


def points_of(face: Labelled) -> Optional[list[Any]]:
    """Return the landmarks of a face, or the points of people in their places, None without any."""
    if face.get("landmarks") is not None:
        return face["landmarks"]
    points = dict(zip(FIVE, face.get("points5", ())))
    points.update((FOUR[name], point) for name, point in face.get("points", {}).items())
    return [points.get(place) for place in range(landmarks.COUNT)] if points else None


@dataclass(frozen=True)
class People:
    """Those of a set: the numbers of those who have a name, and who is rare."""

    numbers: dict[str, int] = field(default_factory=dict)
    rare: Collection[Who] = ()  # their identity is left out of the part for training

    def label(self, who: Optional[Who], split: str) -> dict[str, Any]:
        """Return the fields of a record that say who somebody is, {} where nobody shall know."""
        if who is None or (split == TRAIN and who in self.rare):
            return {}
        return (
            dict(identity=self.numbers[who], name=who) if who in self.numbers else {"identity": who}
        )


def people_of(pictures: Sequence[Line]) -> People:
    """Return the people of a set's pictures; names are numbered by the alphabet, behind numbers.

    Rare are those of whom there are fewer than LEAST_PICTURES.
    """
    faces = (face for line in pictures for face in line.get("faces", [line]))
    often = collections.Counter(face.get("identity") for face in faces)
    names = sorted(who for who in often if isinstance(who, str))
    rare = {who for who, number in often.items() if number < LEAST_PICTURES}
    first = max((who + 1 for who in often if isinstance(who, int)), default=0)
    return People({name: number for number, name in enumerate(names, first)}, rare)


def faces_of(line: Line, people: People) -> Iterator[FaceRecord]:
    """Yield the records of a picture; one without any face gives one without a box."""
    split = split_of(line)
    for face in line.get("faces", [line]) or [{}]:
        labels = {name: face[name] for name in FIELDS if face.get(name) is not None}
        known = points_of(face)
        yield FaceRecord(
            line["image"],
            landmarks=known,
            visibility=known and [None if point is None else 1 for point in known],
            split=split,
            ignore=int(bool(face.get("ignore"))) or None,
            **people.label(face.get("identity"), split),
            **labels,
        )


def lines_of(path: str) -> Iterator[Line]:
    """Yield the pictures of a file of JSON lines; InputError with the line that is none."""
    return reading.json_lines(path, "mend or delete the line", Line)


class Counts(collections.Counter):
    """What a set holds: faces, pictures, faces of each part, labels, and what was left out."""

    def add(self, face: FaceRecord) -> None:
        """Count a face."""
        self.update(["faces", face.split, *(["ignored"] if face.ignore else [])])
        self.update(name for name in record.LABELS if getattr(face, name) is not None)

    def __str__(self) -> str:
        """Return it in words."""
        parts = ", ".join(f"{self[part]} {part}" for part in PARTS if self[part])
        more = ("ignored", *record.LABELS, COPIES)
        labels = ", ".join(f"{self[name]} {name}" for name in more if self[name])
        return (
            f"{self['faces']} faces in {self['pictures']} pictures: {parts}; {labels or 'no label'}"
        )


def unmarked_in(name: str) -> dict[str, list[Labelled]]:
    """Return {picture: the faces of a set that nobody marked}, each a box that is to be ignored."""
    path, found = os.path.join(UNMARKED, f"{name}.jsonl"), collections.defaultdict(list)
    if os.path.isfile(path):
        for line in reading.json_lines(path, "get the file again", Unmarked):
            found[line["image"]].append(dict(box=line["box"], ignore=True))
    return found


def source_of(real: str, name: str) -> str:
    """Return the path of the lines of a set; InputError where there are none."""
    path = os.path.join(real, f"{name}.jsonl")
    if not os.path.isfile(path):
        sources = ", ".join(f"{one}.jsonl" for one in SETS)
        raise InputError(f"{path}: no such file; REAL names the folder of {sources}")
    return path


def sets_in(real: str) -> list[str]:
    """Return the sets that a source folder holds; InputError where it holds none."""
    there = [name for name in SETS if os.path.isfile(os.path.join(real, f"{name}.jsonl"))]
    return there or [source_of(real, SETS[0])]


def pictures_of(real: str, name: str) -> Iterator[tuple[str, list[FaceRecord]]]:
    """Yield (picture, its records) of a set of a source folder, unmarked faces among them.

    InputError where there is no such set, or no picture in it, and where a line is malformed.
    """
    source, unmarked = source_of(real, name), unmarked_in(name)
    lines = list(lines_of(source))
    if not lines:
        raise InputError(f"{source}: is empty; give a line of JSON for each picture")
    people = people_of(lines)
    for line in lines:
        if "faces" in line:
            line = {**line, "faces": [*line["faces"], *unmarked.get(line["image"], ())]}
        faces = list(faces_of(line, people))
        for fault in filter(None, map(record.fault_of, faces)):
            raise InputError(f"{source}, {line['image']}: {fault}; mend the line")
        yield line["image"], faces


def write(real: str, name: str, out: str, copies: Collection[str] = ()) -> Counts:
    """Write the folder of a set into `out`; return what it holds.

    copies: pictures that are left out (data_prep.near_copies). InputError where the source folder
    `real` has no such set, or a line of it is malformed.
    """
    source, folder = source_of(real, name), os.path.join(out, name)
    folders.refuse_inputs(folder, [source, os.path.join(real, name)])
    with folders.only_one(folder):
        folders.claim(folder, KIND)
        _link(os.path.abspath(os.path.join(real, name)), os.path.join(folder, name))
        return _write_faces(os.path.join(folder, FACES), pictures_of(real, name), copies)


def _link(target, link):
    """Make a symbolic link, in place of one that is there."""
    partial = partials.path_for(link)
    with writing(link):
        os.symlink(target, partial)
        os.rename(partial, link)


def _write_faces(path, pictures, copies):
    """Write the faces of a set but of `copies`; return what they are."""
    counts = Counts()
    with files.replacing(path) as stream:
        for image, faces in pictures:
            if image in copies:
                counts[COPIES] += 1
                continue
            counts["pictures"] += 1
            for face in faces:
                stream.write(record.to_line(face))
                counts.add(face)
    return counts
