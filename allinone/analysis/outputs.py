"""What an analysis writes: lines of faces.jsonl, names of drawings."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence

from allinone import record
from allinone.analysis import inputs
from allinone.face import Face

# Bytes of a name without number and ending: file systems take 255, also of a file in the making.
LONGEST = 220


def drawn_name(path: str, taken: set[str], kind: str, numbers: dict[str, int]) -> str:
    """Return the file name of a drawing, different from all taken ones, which it joins.

    kind: its ending; numbers: {name: its last number}, so that names of many inputs of one name
    are found at once. A name that is too long for a number is cut.
    """
    stem = os.path.splitext(os.path.basename(path))[0]
    if len(os.fsencode(stem)) > LONGEST:
        stem = os.fsencode(stem)[:LONGEST].decode(errors="ignore")
    name = first = f"{stem}{kind}"
    number = numbers.get(first, 1)
    while name in taken:
        number += 1
        name = f"{stem}-{number}{kind}"
    numbers[first] = number
    taken.add(name)
    return name


def _in_folder(paths: Iterable[str], folder: str) -> set[str]:
    """Return those of some paths that lie in a folder itself, whatever it is called there."""
    paths, here = list(paths), os.path.realpath(folder)
    parents = {os.path.dirname(one) for one in paths}
    inside = {one for one in parents if os.path.realpath(one or ".") == here}
    return {one for one in paths if os.path.dirname(one) in inside}


def drawn_names(
    pictures: Sequence[str], videos: Sequence[str], out: str, earlier: Collection[str] = ()
) -> dict[str, str]:
    """Return {input: file name of its drawing}, the same whatever was done before.

    earlier: names of drawings of before, which are written over. No two inputs share a name, and
    no drawing gets that of an input, or of another file, that stands in `out`.
    """
    taken = {os.path.basename(one) for one in _in_folder((*pictures, *videos), out)}
    if os.path.isdir(out):
        taken.update(set(os.listdir(out)) - set(earlier))
    names: dict[str, str] = {}
    numbers: dict[str, int] = {}
    for path in pictures:
        names[path] = drawn_name(path, taken, ".png", numbers)
    for source in videos:
        stem = f"camera{source}" if inputs.is_camera(source) else source
        names[source] = drawn_name(stem, taken, ".mp4", numbers)
    return names


def without_drawings(
    found: Sequence[str], asked: Collection[str], out: str, earlier: Collection[str]
) -> list[str]:
    """Return inputs without the drawings of before that a folder or a pattern has brought.

    asked: what the user has named, which stays.
    """
    inside, drawn = _in_folder(found, out), set(earlier)
    kept = []
    for one in found:
        is_drawing = one in inside and os.path.basename(one) in drawn
        if one in asked or not is_drawing:
            kept.append(one)
    return kept


def lines_of(
    faces: Sequence[Face], descriptor: str, image: str, numbers: Sequence[int] = (), **where
) -> str:
    """Return the lines of a picture's faces.

    numbers: of the faces, default from 1 on; where: frame and time in a video.
    """
    found = []
    for number, face in zip(numbers or range(1, len(faces) + 1), faces):
        found.append(face.to_record(image, descriptor, number=number, **where))
    found = found or [record.FaceRecord(image, **where)]
    return "".join(record.to_line(one) for one in found)
