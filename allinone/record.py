"""One schema of a face as a JSON line, for labels, results and predictions alike.

A line is one face of one picture. Only `image` must be there: a picture without any face is a line
without a box, a picture that cannot be read a line with `error`. Lines of one picture stand
together. docs/records.md describes every field; those of tasks come from allinone.tasks.
"""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable, Iterable, Iterator
from typing import Annotated, Any, Optional, Union

import msgspec
import numpy as np
from msgspec import Meta

from allinone import landmarks as points21
from allinone import reading, tasks
from allinone.errors import InputError

FURTHEST = 1e9  # our choice: no label, answer or pixel of a picture is further from 0
LARGEST = 2**31 - 1  # of whole numbers, as Caffe's records hold them
Number = Annotated[float, Meta(ge=-FURTHEST, le=FURTHEST)]
FromZero = Annotated[float, Meta(ge=0, le=FURTHEST)]
Count = Annotated[int, Meta(ge=0, le=LARGEST)]
Share = Annotated[float, Meta(ge=0, le=1)]
LabelOrShare = Union[Annotated[int, Meta(ge=0, le=1)], Share]  # 0 and 1 stay what they are
Box = Annotated[list[Number], Meta(min_length=4, max_length=4)]
Point = Annotated[list[Number], Meta(min_length=2, max_length=2)]
Points = Annotated[
    list[Optional[Point]], Meta(min_length=points21.COUNT, max_length=points21.COUNT)
]
Visibility = Annotated[
    list[Optional[Share]], Meta(min_length=points21.COUNT, max_length=points21.COUNT)
]
Angles = Annotated[list[Number], Meta(min_length=3, max_length=3)]

# {kind of task: type of its field in a record}
TYPES = {
    tasks.PROBABILITY: LabelOrShare,
    tasks.NUMBER: Number,  # of a label from 0 up; a net may answer less
    tasks.POINTS: Points,
    tasks.VISIBILITY: Visibility,
    tasks.ANGLES: Angles,
    tasks.DESCRIPTOR: list[Number],
}


class _FaceRecord(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """The fields of a record that belong to no task, and what can be asked of one."""

    image: str  # path of the picture, relative to the folder of the file
    box: Optional[Box] = None  # [x1, y1, x2, y2], pixels, x2 and y2 exclusive
    identity: Optional[Count] = None  # number of the person
    name: Optional[str] = None  # of the person, for people
    split: Optional[str] = None  # part of its set: train, val, test, fold_03, ...
    ignore: Optional[Annotated[int, Meta(ge=0, le=1)]] = None  # 1: neither asked for nor false
    number: Optional[Count] = None  # of a face found in a picture, from 1: its drawing shows it
    frame: Optional[Count] = None  # of a video, from 0
    time: Optional[Number] = None  # seconds from the start of a video
    regions: Optional[Count] = None  # how many regions a prediction is the mean of
    error: Optional[str] = None  # why the picture could not be read

    def is_face(self) -> bool:
        """Tell whether this is a face: a box or any label says so."""
        return any(getattr(self, name) is not None for name in LABELS)

    def lacks_box(self) -> bool:
        """Tell whether this is a face of which nobody says where it is."""
        return self.box is None and self.is_face()

    def lacks_landmarks(self) -> bool:
        """Tell whether this is a face whose landmarks are not known."""
        return self.landmarks is None and self.is_face()

    def landmark_array(self) -> np.ndarray:
        """Return landmarks (21, 2), NaN where unknown."""
        if self.landmarks is None:
            return np.full((points21.COUNT, 2), np.nan, np.float32)
        return np.float32([[np.nan] * 2 if point is None else point for point in self.landmarks])

    def visibility_array(self) -> np.ndarray:
        """Return visibility (21,), NaN where unknown; a known point is seen unless said not to."""
        if self.visibility is None:
            seen = np.isfinite(self.landmark_array()[:, 0])
            return np.where(seen, np.float32(1), np.float32(np.nan))
        return np.float32([np.nan if value is None else value for value in self.visibility])


def _task_fields() -> dict[str, object]:
    """Return {name: type} of the fields that the tasks add, for answers and for labels."""
    added: dict[str, object] = {}
    for task in tasks.TASKS:
        for name in (task.field, task.label):
            if name not in _FaceRecord.__struct_fields__:
                added[name] = TYPES[task.kind]
    numbers = [task for task in tasks.TASKS if task.kind == tasks.NUMBER]
    return {**added, **{f"{task.label}_sigma": FromZero for task in numbers}}


FaceRecord = msgspec.defstruct(
    "FaceRecord",
    [(name, Optional[type_], None) for name, type_ in _task_fields().items()],
    bases=(_FaceRecord,),
    module=__name__,
)
FaceRecord.__doc__ = (
    "A face as a line of JSON: what is known or said of it; only `image` is needed."
)

FIELDS: tuple[str, ...] = FaceRecord.__struct_fields__
LABELS: tuple[str, ...] = tuple(task.label for task in tasks.TASKS)  # the box among them
# Fields that hold 0 or 1 in a label, and a probability in a result.
BINARY: tuple[str, ...] = tuple(
    task.label
    for task in tasks.TASKS
    if task.kind == tasks.PROBABILITY and task.label not in _FaceRecord.__struct_fields__
)
NUMBERS: tuple[str, ...] = tuple(task.label for task in tasks.TASKS if task.kind == tasks.NUMBER)

_DECODER = msgspec.json.Decoder(FaceRecord)
_ENCODER = msgspec.json.Encoder()


class GivenBox(msgspec.Struct):
    """A region that somebody else's detector has found; other fields of its line do not matter."""

    image: str
    box: Optional[Box] = None
    frame: Any = None  # of a video, where it is of one


_BOX_DECODER = msgspec.json.Decoder(GivenBox)


def is_name(text: str) -> bool:
    """Tell whether a text can be the name of a file; one that is not UTF-8 can."""
    try:
        return b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:  # half a letter
        return False


def _problem(face: FaceRecord) -> Optional[str]:
    """Return what the types alone do not tell is wrong with a record, or None."""
    if not is_name(face.image):
        return "'image' is no name of a file"
    box = face.box
    if box is not None and not (box[0] < box[2] and box[1] < box[3]):
        return f"'box' must be [x1, y1, x2, y2] with x1 < x2 and y1 < y2, is {box}"
    return None


def _label_problem(face: FaceRecord) -> Optional[str]:
    """Return which label is no label, though it could be a result, or None."""
    for name in BINARY:
        value = getattr(face, name)
        if value is not None and value not in (0, 1):
            return f"'{name}' must be 0 or 1 in a label, is {value}"
    for name in NUMBERS:
        value = getattr(face, name)
        if value is not None and value < 0:
            return f"'{name}' must be at least 0 in a label, is {value}"
    return None


def lines(
    path: str, seen: Optional[Callable[[bytes], object]] = None
) -> Iterator[tuple[int, bytes]]:
    """Yield (number, text) of the lines of a records file, unchecked, empty ones left out.

    seen: is called with every line, an empty one too, for instance to hash the file on the way.
    InputError where there is no such file.
    """
    if not os.path.exists(path):
        raise InputError(
            f"{path}: no such records file; make it first "
            "(python -m data_prep.convert writes records.jsonl)"
        )
    for number, line in reading.lines(path, "give a records file"):
        if seen:
            seen(line)
        if line.strip():
            yield number, line


def _decoded(decoder: msgspec.json.Decoder, text: bytes, path: str, number: int) -> Any:
    """Return what a line holds; InputError with file, line and mend where it is malformed."""
    try:
        if reading.HALF_A_LETTER.search(text):  # which msgspec's own parser refuses
            return msgspec.convert(reading.loads(text), decoder.type)
        return decoder.decode(text)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        reason = _in_words(error)
        raise InputError(f"{path}, line {number}: {reason}; mend or delete the line") from None


def _in_words(error: Exception) -> str:
    """Return what msgspec says is wrong with a line, the field first."""
    words, _, place = str(error).replace("`", "").partition(" - at $.")
    if "unknown field" in words:
        return f"{words}; known: {', '.join(FIELDS)}"
    if not isinstance(error, msgspec.ValidationError):
        return f"not JSON ({words})"
    return f"'{place}': {words}" if place else words


def parse(text: bytes, path: str, number: int, labels: bool = True) -> FaceRecord:
    """Return the `FaceRecord` of a line.

    labels: refuse a probability where a label must be 0 or 1. InputError with file, line number
    and mend where the line is malformed.
    """
    face = _decoded(_DECODER, text, path, number)
    problem = _problem(face) or (_label_problem(face) if labels else None)
    if problem:
        raise InputError(f"{path}, line {number}: {problem}; mend or delete the line")
    return face


def fault_of(face: FaceRecord) -> Optional[str]:
    """Return why a record would be refused once it is written, or None."""
    try:
        parse(to_line(face).encode(), "record", 1)
    except InputError as error:
        return str(error).partition(": ")[2].rpartition("; ")[0]
    except OverflowError:
        return "a number of too many digits"
    return None


def read(path: str, labels: bool = True) -> Iterator[FaceRecord]:
    """Yield the `FaceRecord`s of a file; InputError with file, line and mend on a bad line."""
    return (parse(text, path, number, labels) for number, text in lines(path))


def read_results(path: str) -> Iterator[FaceRecord]:
    """Yield the `FaceRecord`s of a file of results, where gender and smile are probabilities."""
    return read(path, labels=False)


def read_boxes(path: str) -> Iterator[GivenBox]:
    """Yield picture and box of each line of JSON; all other fields are left aside."""
    for number, text in lines(path):
        given = _decoded(_BOX_DECODER, text, path, number)
        problem = _problem(given)
        if problem:
            raise InputError(f"{path}, line {number}: {problem}; mend or delete the line")
        yield given


def to_line(face: FaceRecord) -> str:
    """Return the JSON line of a record, absent fields left out."""
    try:
        return _ENCODER.encode(face).decode() + "\n"
    except UnicodeEncodeError:  # a file name that is not UTF-8
        return json.dumps(msgspec.to_builtins(face), separators=(",", ":")) + "\n"


def by_picture(faces: Iterable[FaceRecord]) -> Iterator[tuple[str, list[FaceRecord]]]:
    """Yield (image, its records) for each run of records with the same image."""
    for image, some in itertools.groupby(faces, lambda face: face.image):
        yield image, list(some)


def faces_by_picture(faces: Iterable[FaceRecord]) -> Iterator[tuple[str, list[FaceRecord]]]:
    """Yield (image, its records that have a box) for each run of records with the same image."""
    for image, some in by_picture(faces):
        yield image, [face for face in some if face.box is not None]
