"""What an analysis writes: lines of faces.jsonl, names of drawings, what a stopped run has left."""

from __future__ import annotations

import os
from collections.abc import Sequence

from allinone import record
from allinone.face import Face
from tools.analysis import inputs


def drawn_name(path: str, taken: set[str], kind: str = ".png") -> str:
    """Return the file name of a drawing, different from all taken ones, which it joins."""
    stem, number = os.path.splitext(os.path.basename(path))[0], 1
    name = f"{stem}{kind}"
    while name in taken:
        number += 1
        name = f"{stem}-{number}{kind}"
    taken.add(name)
    return name


def drawn_names(pictures: Sequence[str], videos: Sequence[str], out: str) -> dict[str, str]:
    """Return {input: file name of its drawing}, the same whatever was done before.

    No two inputs share a name, and no drawing gets the name of an input that stands in `out`.
    """
    here = os.path.realpath(out)
    inputs_here = [
        one for one in (*pictures, *videos) if os.path.realpath(os.path.dirname(one) or ".") == here
    ]
    taken, names = {os.path.basename(one) for one in inputs_here}, {}
    for path in pictures:
        names[path] = drawn_name(path, taken)
    for source in videos:
        stem = f"camera{source}" if inputs.is_camera(source) else source
        names[source] = drawn_name(stem, taken, ".mp4")
    return names


def lines_of(faces: Sequence[Face], descriptor: str, image: str, **where) -> str:
    """Return the lines of a picture's faces; where: frame and time in a video."""
    found = [face.to_record(image, descriptor, **where) for face in faces]
    found = found or [record.FaceRecord(image, **where)]
    return "".join(record.to_line(one) for one in found)


def done_before(path: str) -> set[str]:
    """Return the pictures that a stopped run has finished.

    The lines of the last one are cut off, since some may be missing.
    """
    if not os.path.isfile(path):
        return set()
    done, end, start, last = [], 0, 0, None
    with open(path, "r+b") as stream:
        for number, line in enumerate(stream, 1):
            if not line.endswith(b"\n"):
                break
            image = record.parse(line, path, number, labels=False).image
            if image != last:
                done.append(image)
                last, start = image, end
            end += len(line)
        stream.truncate(start)
    return set(done[:-1])
