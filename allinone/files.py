"""Files: atomic writing, locks, hashing, JSON with a sentence when it fails."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from allinone import partials
from allinone.errors import InputError, writing


def _text(mode: str) -> dict[str, str]:
    """Return how text is written: as UTF-8, and file names that are not UTF-8 as their bytes."""
    return {} if "b" in mode else dict(encoding="utf-8", errors="surrogateescape")


@contextlib.contextmanager
def replacing(path: str, mode: str = "w") -> Iterator:
    """Open a temporary file that takes the place of `path` when the block ends well.

    Else the temporary file is removed. InputError where it cannot be written, and where `path` is
    no plain file: a folder, a device.
    """
    place = os.path.realpath(path)
    if os.path.lexists(place) and not os.path.isfile(place):
        raise InputError(f"{path}: is no file that could be replaced; give another name")
    partial = partials.path_for(place)
    with writing(path):
        os.makedirs(os.path.dirname(place), exist_ok=True)
        partials.clear(place)
    try:
        with writing(path, partial):
            with open(partial, mode, **_text(mode)) as stream:
                yield stream
            os.replace(partial, place)
    finally:
        with contextlib.suppress(OSError):
            os.remove(partial)


@contextlib.contextmanager
def appending(path: str, mode: str = "a") -> Iterator:
    """Open a file that grows as a command goes on; InputError where it cannot be written."""
    with writing(path, path):
        with open(path, mode, **_text(mode)) as stream:
            yield stream


def refuse_without_room(path: str, size: int) -> None:
    """Raise InputError where there is no room on the disk for a file of `size` bytes.

    For what is written by a library that does not survive a full disk. The room is taken and given
    back, so that quotas count too.
    """
    with (
        writing(path),
        tempfile.TemporaryFile(dir=os.path.dirname(os.path.abspath(path))) as stream,
    ):
        os.posix_fallocate(stream.fileno(), 0, max(1, size))


def whole_lines(path: str) -> int:
    """Return how many whole lines a stopped run has left in its file; 0 where there is no file.

    A last line that is not whole is cut off.
    """
    if not os.path.isfile(path):
        return 0
    with open(path, "r+b") as stream:
        lines = end = 0
        for line in stream:
            if line.endswith(b"\n"):
                lines, end = lines + 1, end + len(line)
        stream.truncate(end)
    return lines


def write_json(path: str, data: Any) -> None:
    """Write JSON, indented, through a temporary name."""
    with replacing(path) as stream:
        json.dump(data, stream, indent=1)
        stream.write("\n")


def sha256(path: str) -> str:
    """Return the hex digest of a file's bytes."""
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
