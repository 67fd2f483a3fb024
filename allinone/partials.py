"""Unfinished files, <name>.<process>.partial beside their place; those of dead processes go."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import re

LONGEST = 255  # bytes of a file's name on the usual file systems
HASHED = 16  # our choice: hex digits that tell names apart which are cut
PARTIAL = re.compile(r"(.+)\.([0-9]+)\.partial", re.DOTALL)


def fitted(name: str, room: int) -> str:
    """Return a name of at most `room` bytes: a longer one is cut, and ends with a hash of it.

    A name that no file can have is returned as it is, so that its first use fails.
    """
    raw = os.fsencode(name)
    if len(raw) <= room or len(raw) > LONGEST:
        return name
    return raw[: room - HASHED].decode(errors="ignore") + hashlib.sha256(raw).hexdigest()[:HASHED]


def _stem(name: str) -> str:
    """Return what the names of unfinished files of `name` begin with."""
    return fitted(name, LONGEST - len(f".{2**32}.partial"))


def path_for(place: str) -> str:
    """Return the path of this process's unfinished form of a file."""
    folder, name = os.path.split(place)
    return os.path.join(folder, f"{_stem(name)}.{os.getpid()}.partial")


def _is_alive(process: int) -> bool:
    """Tell whether a process of this number runs on this machine."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # of somebody else; no number of a process
        return True
    return True


@functools.lru_cache(maxsize=64)
def _dead_in(folder: str, process: int) -> dict[str, list[str]]:
    """Return {stem: unfinished files of dead processes} of a folder, listed once by a process."""
    found: dict[str, list[str]] = {}
    for name in os.listdir(folder):
        match = PARTIAL.fullmatch(name)
        if match and not _is_alive(int(match[2])):
            found.setdefault(match[1], []).append(os.path.join(folder, name))
    return found


def clear(place: str) -> None:
    """Remove the unfinished forms of a file that processes have left that are dead now."""
    folder, name = os.path.split(place)
    for path in _dead_in(folder, os.getpid()).pop(_stem(name), []):
        with contextlib.suppress(OSError):
            os.remove(path)
