"""What a reader is, and the registry that finds the readers.

A reader turns the original files of one dataset into records. It is a module of the package
data_prep/readers, named like the set, with READER, a `Reader`. Nothing else lists the readers:
commands, make targets, the table of sets and the towers' training sets ask this registry.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Callable, Optional, Union

from allinone import tasks
from allinone.errors import InputError
from allinone.record import FaceRecord

PACKAGE = "data_prep.readers"
BY_TURNS = "by turns"  # in Reader.finetunes: for each split a database of all the other splits
TURNS_AND_WHOLE = "by turns, and whole"  # the same, and a database of the whole set
WHOLE = "all"  # the folder of that one, beside fold_01, ...

Splits = Optional[tuple[str, ...]]  # the parts of a set that a tower learns from; None: all
SideFile = Callable[[str], Iterator[Union[dict, str]]]


@dataclass
class Dropped:
    """A row that gives no record."""

    where: str  # the picture, or file and line
    reason: str  # a few words, the same for all rows of one kind: rows are counted by it
    detail: str = ""  # what is special about this row


@dataclass(frozen=True)
class Reader:
    """How the files of one dataset become records.

    Patterns of files are relative to the set's folder, and as the module `glob` takes them.

    `rows(folder)` yields a `FaceRecord` for each face and a `Dropped` for each row that gives none.
    Pictures are named relative to the folder. Records of one picture stand together; one of a
    picture without a face has no box. Numbers are Python's, not NumPy's. The generator writes no
    file, and holds one face at a time in memory where it can. A malformed row never ends it; a file
    that is not the set's raises `InputError`. Whether labels are in range and pictures readable is
    checked for all sets alike (data_prep/conversion.py).

    `side_files` are what else evaluation needs, beside the records: {file: function(folder)}. The
    function yields dicts, written as JSON lines, or texts, written as lines. data_prep.conversion
    writes them, where all rows could be read.
    """

    name: str  # the module's name: it stands in commands, and is the folder in data/
    title: str  # for people
    needs: tuple[str, ...]  # patterns of files that must all be there
    rows: Callable[[str], Iterator[Union[FaceRecord, Dropped]]]
    any_of: tuple[str, ...] = ()  # patterns of files of which one must be there
    optional: tuple[str, ...] = ()  # patterns of files that are read if they are there
    tree: str = ""  # Markdown: what is in the folder
    faces: str = ""  # how many there are, as the set's own page or list states
    ask: str = ""  # whom to ask for the set
    by_hand: bool = False  # its files are users' own: they are read again when they have changed
    splits: tuple[str, ...] = ()  # what FaceRecord.split can be; () where the set has no parts

    # What towers learn from the set: {tower: splits, None for the whole set}.
    trains: Mapping[str, Splits] = field(default_factory=dict)  # Table I of the paper
    if_named: Mapping[str, Splits] = field(default_factory=dict)  # only if the user names the set
    # Splits, BY_TURNS or TURNS_AND_WHOLE:
    finetunes: Mapping[str, Union[Splits, str]] = field(default_factory=dict)
    validates: Mapping[str, Splits] = field(default_factory=dict)  # measured while training
    # The same, only if the user names the set, and no other that is named validates the tower:
    validates_if_named: Mapping[str, Splits] = field(default_factory=dict)

    side_files: Mapping[str, SideFile] = field(default_factory=dict)


@functools.cache
def names() -> tuple[str, ...]:
    """Return the names of all sets that have a reader, sorted."""
    package = importlib.import_module(PACKAGE)
    return tuple(sorted(module.name for module in pkgutil.iter_modules(package.__path__)))


def load(name: str) -> Reader:
    """Return the reader of a set; InputError where there is none of that name."""
    if name not in names():
        raise InputError(f"no reader for '{name}'; there are {', '.join(names())}")
    found = importlib.import_module(f"{PACKAGE}.{name}").READER
    if found.name != name:
        raise ValueError(f"{PACKAGE}.{name}: READER.name must be '{name}', is '{found.name}'")
    return found


def readers() -> list[Reader]:
    """Return all readers, sorted by name."""
    return [load(name) for name in names()]


def _by_tower(part: str) -> dict[str, dict[str, Splits]]:
    """Return {tower: {set: splits}} of a field of all readers."""
    found: dict[str, dict[str, Splits]] = {tower: {} for tower in tasks.TOWERS}
    for reader in readers():
        for tower, splits in getattr(reader, part).items():
            found[tower][reader.name] = splits
    return found


def training_sets() -> dict[str, dict[str, Splits]]:
    """Return {tower: {set: splits, None for all}}: what each tower learns from, as in Table I.

    Every tower of allinone.tasks is there, one that no set trains with {}.
    """
    return _by_tower("trains")


def validation_sets() -> dict[str, dict[str, Splits]]:
    """Return {tower: {set: splits, None for all}}: what is measured while a tower trains."""
    return _by_tower("validates")
