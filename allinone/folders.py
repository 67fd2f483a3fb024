"""Output folders: one process at a time, and nothing is destroyed that the kit did not make.

A folder is replaced only where it is absent, empty, or proven to be the kit's own of the same kind,
with nothing else in it. A folder that is added to keeps every file of somebody else's. What proves
it is a JSON file that such a folder always had, or a line of the file MARK.
"""

from __future__ import annotations

import contextlib
import fnmatch
import glob
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Union

import filelock

from allinone import partials, reading
from allinone.errors import InputError, writing

MARK = ".allinone"  # in a folder: the kinds of output that the kit writes there, one a line
LOCK = re.compile(r"\..+\.lock")  # names of the kit's locks
UNFINISHED = "unfinished"  # line of the MARK of a folder in the making, <name>.partial
FINISHED, BEFORE = ".allinone-new", ".allinone-old"  # endings of whole folders beside their place


Proof = Union[frozenset, str]


@dataclass(frozen=True)
class Kind:
    """A kind of output folder."""

    name: str  # "model"
    holds: Sequence[str]  # patterns of the names that the kit writes into it
    # {pattern of files: fields of a JSON object, or what a text begins with}: any file that fits
    # proves a folder to be of this kind
    proofs: Mapping[str, Proof] = field(default_factory=dict)
    is_marked: bool = False  # MARK proves it, since no such file is written first


def _fits(path: str, proof: Proof) -> bool:
    """Tell whether a file is a JSON object with some fields, or a text with some beginning."""
    if not os.path.isfile(path):  # a pipe would be waited for
        return False
    try:
        if isinstance(proof, str):
            with open(path, encoding="utf-8") as stream:
                return stream.read(len(proof)) == proof
        found = reading.read_json(path, "")
    except (OSError, ValueError, InputError):
        return False
    return isinstance(found, dict) and proof <= set(found)


def _marks(path: str) -> list[str]:
    """Return the lines of a folder's MARK."""
    if not os.path.isfile(os.path.join(path, MARK)):
        return []
    try:
        with open(os.path.join(path, MARK), encoding="utf-8") as stream:
            return stream.read().splitlines()
    except (OSError, ValueError):
        return []


def _mark(path: str, line: str) -> None:
    """Add a line to a folder's MARK."""
    with open(os.path.join(path, MARK), "a", encoding="utf-8") as stream:
        stream.write(f"{line}\n")


def is_own(path: str, kind: Kind) -> bool:
    """Tell whether a folder is proven to be an output of this kind."""
    for pattern, proof in kind.proofs.items():
        found = glob.iglob(os.path.join(glob.escape(path), pattern))
        if any(_fits(one, proof) for one in found):
            return True
    return kind.name in _marks(path)


def _entries(path: str) -> list[str]:
    """Return the names in a folder without the kit's locks; none where it is absent."""
    if not os.path.lexists(path):
        return []
    if not os.path.isdir(path):
        raise InputError(f"{path}: is a file, not a folder; give another name")
    with writing(path):
        names = sorted(os.listdir(path))
    return [name for name in names if not LOCK.fullmatch(name)]


def _is_of(name: str, kind: Kind) -> bool:
    """Tell whether the kit writes a file of this name into folders of this kind."""
    return name == MARK or any(fnmatch.fnmatchcase(name, pattern) for pattern in kind.holds)


def refuse_foreign(path: str, kind: Kind) -> None:
    """Raise InputError where a folder must not be replaced: what is in it would be lost."""
    here = os.getcwd()
    if os.path.commonpath([here, path]) == path:
        raise InputError(f"{path}: is or holds the working directory; give a folder of its own")
    names = _entries(path)
    foreign = [name for name in names if not _is_of(name, kind)]
    if names and not (foreign or is_own(path, kind)):
        foreign = names
    if foreign:
        raise InputError(
            f"{path}: would be replaced, but holds {foreign[0]!r}, which is no part of a "
            f"{kind.name} of this kit; give a new or an empty folder, or move what it holds "
            "(nothing was touched)"
        )


def claim(path: str, kind: Kind) -> None:
    """Make a folder that a command writes files into, or take one that is there.

    InputError where a file of somebody else's has a name that the command would write over.
    """
    path = os.path.realpath(path)
    taken = [name for name in _entries(path) if _is_of(name, kind) and name != MARK]
    if taken and not is_own(path, kind):
        raise InputError(
            f"{os.path.join(path, taken[0])}: would be written over, but {path} is no {kind.name} "
            "of this kit; give another folder, or move that file (nothing was touched)"
        )
    with writing(path):
        os.makedirs(path, exist_ok=True)
        if kind.is_marked and kind.name not in _marks(path):
            _mark(path, kind.name)


def refuse_inputs(out: str, inputs: Iterable[str]) -> None:
    """Raise InputError where an input is, or lies in, what a command is to write or replace."""
    place = os.path.realpath(out)
    for one in inputs:
        if os.path.commonpath([os.path.realpath(one), place]) == place:
            raise InputError(f"{out}: {one} is read, and would be replaced; give another name")


def plain_name(name: str, option: str) -> str:
    """Return the name of a folder within another; InputError where it would leave that one."""
    separators = {os.sep, os.altsep or os.sep, "\0"}
    if not name or name.startswith(".") or separators & set(name):
        raise InputError(
            f"{option} {name!r}: must be a plain name, without / and not from a dot on"
        )
    return name


@contextlib.contextmanager
def only_one(path: str) -> Iterator[None]:
    """Let one process at a time write `path`: wait, and say so, while another one does."""
    place = os.path.realpath(path)
    folder, name = os.path.split(place)
    if os.path.isdir(place) and not os.access(folder, os.W_OK):
        folder = place  # the root of a disk, say
    lock = filelock.FileLock(_beside(os.path.join(folder, name), ".", ".lock"))
    with writing(path):
        os.makedirs(folder, exist_ok=True)
        _acquire(lock, path)
    try:
        yield
    finally:
        lock.release()


def _acquire(lock: filelock.FileLock, path: str) -> None:
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        print(f"  {path}: another process is still at work on it; waiting for its end", flush=True)
        lock.acquire()


@contextlib.contextmanager
def replacing(path: str, kind: Kind, inputs: Iterable[str] = ()) -> Iterator[str]:
    """Make a folder that takes the place of `path` when the block ends well; yield its path.

    inputs: what the block reads. InputError, before anything is made, where `path` may not be
    replaced, and where the folder cannot be written. A process that is killed at any moment leaves
    the folder that was there or the new one; the next call on the same path puts it in its place.
    """
    place = os.path.realpath(path)
    refuse_foreign(place, kind)  # before the lock's file is made
    refuse_inputs(path, inputs)
    unfinished = _beside(place, "", ".partial")
    with only_one(place):
        with writing(path):
            _settle(place, kind)
            os.makedirs(unfinished)
            _mark(unfinished, UNFINISHED)
        try:
            with writing(path, unfinished):
                yield unfinished
            with writing(path):
                os.rename(unfinished, _beside(place, ".", FINISHED))
                _settle(place, kind)
        finally:
            _remove_unfinished(unfinished)


def _beside(place: str, before: str, after: str) -> str:
    """Return the path beside `place` of its name with something before and after it.

    However long the name is, there is room for the rest.
    """
    folder, name = os.path.split(place)
    room = partials.LONGEST - len(before + after)
    return os.path.join(folder, before + partials.fitted(name, room) + after)


def _settle(place: str, kind: Kind) -> None:
    """Put the newest whole folder in its place, and remove what a killed process has left.

    Between the two renames nothing stands in the place: whoever is killed there leaves FINISHED,
    which is whole, since it has that name only when it is.
    """
    finished, before = _beside(place, ".", FINISHED), _beside(place, ".", BEFORE)
    if os.path.isdir(finished):
        refuse_foreign(place, kind)
        if os.path.isdir(place):
            _remove(before)
            os.rename(place, before)
        os.rename(finished, place)
    elif os.path.isdir(before) and not os.path.lexists(place):
        os.rename(before, place)
    _remove(before)
    if _marks(place) == [UNFINISHED]:
        _remove(os.path.join(place, MARK))
    _remove_unfinished(_beside(place, "", ".partial"))


def _remove_unfinished(folder: str) -> None:
    """Remove a folder that a killed process was making; InputError where it is somebody else's."""
    names = _entries(folder)
    if names and UNFINISHED not in _marks(folder):
        raise InputError(
            f"{folder}: is made by the kit on the way, but is there and not the kit's; move it, or "
            "give another name (nothing was touched)"
        )
    for name in names:
        if name != MARK:  # it is the last that goes, since this may be killed as well
            _remove(os.path.join(folder, name))
    _remove(folder)


def _remove(path: str) -> None:
    """Remove a file or folder of the kit's own, if it is there."""
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.remove(path)
