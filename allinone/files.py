"""Files: atomic writing, hashing, reading pictures with a sentence when it fails."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np

from allinone import partials
from allinone.errors import InputError, writing

JPEG = (".jpg", ".jpeg")


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
            with open(partial, mode, encoding=None if "b" in mode else "utf-8") as stream:
                yield stream
            os.replace(partial, place)
    finally:
        with contextlib.suppress(OSError):
            os.remove(partial)


@contextlib.contextmanager
def appending(path: str, mode: str = "a") -> Iterator:
    """Open a file that grows as a command goes on; InputError where it cannot be written."""
    with writing(path, path):
        with open(path, mode, encoding=None if "b" in mode else "utf-8") as stream:
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


def read_json(path: str, mend: str) -> Any:
    """Read a JSON file; InputError with the mend where it is missing or broken."""
    try:
        with open(path, encoding="utf-8") as stream:
            return json.load(stream)
    except OSError:
        raise InputError(f"{path}: no such file; {mend}") from None
    except ValueError as error:
        raise InputError(f"{path}: not JSON ({error}); {mend}") from None


def sha256(path: str) -> str:
    """Return the hex digest of a file's bytes."""
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def read_bytes(path: str) -> bytes:
    """Return the bytes of a file that somebody names; InputError where it cannot be read."""
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check the path") from None


def read_image(path: str) -> np.ndarray:
    """Return a picture as BGR uint8 (height, width, 3).

    InputError where it is missing, cut off or no picture.
    """
    return decode_image(read_bytes(path), path)


def decode_image(data: bytes, name: str) -> np.ndarray:
    """Return an encoded picture as BGR uint8 (height, width, 3); name: for the error's sentence."""
    data = bytes(data)
    # OpenCV fills what a cut JPEG lacks with grey.
    cut = data[:2] == b"\xff\xd8" and b"\xff\xd9" not in data[-4096:]
    image = None
    if data and not cut:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        what = "a JPEG that is cut off" if cut else "no picture that OpenCV can read"
        raise InputError(f"{name}: {what}; get the file again or remove it from the list")
    return image


def write_image(path: str, image: np.ndarray, quality: int = 92) -> None:
    """Write a picture, encoded by the name's extension, through a temporary name."""
    kind = os.path.splitext(path)[1]
    settings = [cv2.IMWRITE_JPEG_QUALITY, quality] if kind.lower() in JPEG else []
    try:
        ok, data = cv2.imencode(kind, image, settings)
    except cv2.error:  # of an extension that it does not know
        ok = False
    if not ok:
        raise InputError(f"{path}: OpenCV cannot write this kind of picture; use .jpg or .png")
    with replacing(path, "wb") as stream:
        stream.write(data.tobytes())
