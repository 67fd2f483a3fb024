"""Files: atomic writing, hashing, reading pictures with a sentence when it fails."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterator

import cv2
import filelock
import numpy as np

from allinone.errors import InputError


@contextlib.contextmanager
def replacing(path, mode="w"):
    """Open a temporary file beside `path` and rename it to `path` when the block ends well; else remove it."""
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    partial = f"{path}.{os.getpid()}.partial"
    try:
        with open(partial, mode, encoding=None if "b" in mode else "utf-8") as stream:
            yield stream
        os.replace(partial, path)
    except OSError as error:
        raise InputError(
            f"{path}: cannot be written ({error.strerror or error}); "
            "free space or choose another folder, what was there before is untouched"
        ) from error
    finally:
        with contextlib.suppress(OSError):
            os.remove(partial)


@contextlib.contextmanager
def only_one(path: str) -> Iterator[None]:
    """Let one process at a time write `path`: wait, and say so, while another one does."""
    folder, name = os.path.split(os.path.abspath(path))
    os.makedirs(folder, exist_ok=True)
    lock = filelock.FileLock(os.path.join(folder, f".{name}.lock"))
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        print(f"  {path}: another process is still at work on it; waiting for its end", flush=True)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def replacing_folder(path):
    """Give a temporary folder beside `path` that takes its place when the block ends well; else remove it."""
    with only_one(path), _replacing_folder(path.rstrip("/")) as partial:
        yield partial


@contextlib.contextmanager
def _replacing_folder(path):
    partial = f"{path}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    try:
        os.makedirs(partial)
        yield partial
        shutil.rmtree(path, ignore_errors=True)
        os.replace(partial, path)
    except OSError as error:
        raise InputError(
            f"{path}: cannot be written ({error.strerror or error}); "
            "free space or choose another folder, what was there before is untouched"
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def whole_lines(path):
    """Return how many whole lines a stopped run has left in its file, and cut off what is not whole; 0 where there is no file."""
    if not os.path.isfile(path):
        return 0
    with open(path, "r+b") as stream:
        lines = end = 0
        for line in stream:
            if line.endswith(b"\n"):
                lines, end = lines + 1, end + len(line)
        stream.truncate(end)
    return lines


def write_json(path, data):
    """Write JSON, indented, through a temporary name."""
    with replacing(path) as stream:
        json.dump(data, stream, indent=1)
        stream.write("\n")


def read_json(path, mend):
    """Read a JSON file; InputError with the mend where it is missing or broken."""
    try:
        with open(path, encoding="utf-8") as stream:
            return json.load(stream)
    except OSError:
        raise InputError(f"{path}: no such file; {mend}") from None
    except ValueError as error:
        raise InputError(f"{path}: not JSON ({error}); {mend}") from None


def sha256(path):
    """Return the hex digest of a file's bytes."""
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def read_image(path):
    """Return a picture as BGR uint8 (height, width, 3); InputError where it is missing, cut off or no picture."""
    try:
        with open(path, "rb") as stream:
            data = stream.read()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check the path") from None
    return decode_image(data, path)


def decode_image(data, name):
    """Return the encoded picture `data` as BGR uint8; `name` is what the error calls it."""
    data = bytes(data)
    cut = (
        data[:2] == b"\xff\xd8" and b"\xff\xd9" not in data[-4096:]
    )  # OpenCV fills what a cut JPEG lacks with grey
    image = (
        None if cut or not data else cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    )
    if image is None:
        what = "a JPEG that is cut off" if cut else "no picture that OpenCV can read"
        raise InputError(f"{name}: {what}; get the file again or remove it from the list")
    return image


def write_image(path, image, quality=92):
    """Encode by the name's extension and write through a temporary name."""
    ok, data = cv2.imencode(os.path.splitext(path)[1], image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not ok:
        raise InputError(f"{path}: OpenCV cannot write this kind of picture; use .jpg or .png")
    with replacing(path, "wb") as stream:
        stream.write(data.tobytes())
