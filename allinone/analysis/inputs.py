"""Pictures, folders, patterns, videos and cameras that a command is given."""

from __future__ import annotations

import contextlib
import glob
import hashlib
import os
from collections.abc import Sequence

from allinone.errors import InputError

PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")  # looked for in folders
VIDEOS = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v")
MOST_FOLLOWED = 10  # our choice: frames from one search to the next, which are in memory together
CAMERA_DIGITS = 9  # of the number of a camera, which OpenCV takes as 32 bits


def pictures_in(folder: str) -> list[str]:
    """Return the paths of the pictures in a folder, sorted."""
    names = sorted(name for name in os.listdir(folder) if name.lower().endswith(PICTURES))
    return [os.path.join(folder, name) for name in names]


def is_camera(item: str) -> bool:
    """Tell whether an input is the number of a camera."""
    number = item.isascii() and item.isdigit() and len(item) <= CAMERA_DIGITS
    return number and not os.path.exists(item)


def _fitting(pattern: str) -> list[str]:
    """Return the paths that fit a pattern; a folder that is there may have brackets in its name."""
    folder, name = os.path.split(pattern)
    if os.path.isdir(folder):
        pattern = os.path.join(glob.escape(folder), name)
    return sorted(glob.glob(pattern))


def is_there(item: str) -> bool:
    """Tell whether an input names a file, a folder, a pattern that something fits, or a camera."""
    return os.path.lexists(item) or is_camera(item) or bool(glob.has_magic(item) and _fitting(item))


def _paths_of(item: str) -> list[str]:
    """Return the paths that one input stands for; InputError where there is none."""
    if os.path.isdir(item):
        found = pictures_in(item)
        why = f"no picture in this folder (looked for {', '.join(PICTURES)})"
    elif os.path.exists(item) or not glob.has_magic(item):
        found, why = [item], ""
    else:
        found, why = _fitting(item), "no file fits this pattern"
    if not found:
        raise InputError(f"{item}: {why}")
    return found


def expand(items: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return (pictures, videos) of files, folders, patterns and numbers of cameras, each once."""
    pictures, videos, each_once = [], [], {}  # each_once: by its whole path, as it was given
    paths = [path for item in items for path in _paths_of(item)]
    for path in paths:
        each_once.setdefault(os.path.abspath(path), path)
    for path in each_once.values():
        moves = path.lower().endswith(VIDEOS) or is_camera(path)
        (videos if moves else pictures).append(path)
    return pictures, videos


def hash_of(paths: Sequence[str]) -> str:
    """Return one digest of the names, sizes and times of pictures and videos, in their order."""
    digest = hashlib.sha256()
    for path in paths:
        known = ()
        with contextlib.suppress(OSError, ValueError):  # of one that is not there, or a camera
            about = os.stat(path)
            known = about.st_size, about.st_mtime_ns
        digest.update(repr((path, known)).encode("utf-8", "surrogateescape"))
    return digest.hexdigest()
