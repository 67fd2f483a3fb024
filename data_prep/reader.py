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

Splits = Optional[tuple[str, ...]]  # the parts of a set that a tower learns from; None: all


@dataclass
class Dropped:
    """A row that gives no record."""

    where: str  # the picture, or file and line
    reason: str  # a few words, the same for all rows of one kind: rows are counted by it
    detail: str = ""  # what is special about this row


@dataclass(frozen=True)
class Reader:
    """How the files of one dataset become records.

    `rows(folder)` yields a `FaceRecord` for each face and a `Dropped` for each row that gives none.
    Pictures are named relative to the folder, and the records of one picture stand together. It
    holds one face at a time in memory where it can, and writes no file. A malformed row never ends
    it; a file that is not the set's raises `InputError`.

    `side_files` are what evaluation needs beside the records. Each is a function(folder) that
    yields dicts, which become JSON lines, or texts, which become lines. The caller writes them,
    together with the records: either all are replaced or none.
    """

    name: str  # the module's name: what stands in commands, and the folder in data/
    title: str  # for people
    needs: tuple[str, ...]  # files that must be there, as patterns relative to the folder
    rows: Callable[[str], Iterator[Union[FaceRecord, Dropped]]]
    any_of: tuple[str, ...] = ()  # files of which one must be there: a set is read as far as it is
    optional: tuple[str, ...] = ()  # files that are read where they are there
    tree: str = ""  # Markdown: what stands in the folder
    faces: str = ""  # how many faces or people there are, as the set's own page or list states
    ask: str = ""  # whose set it is
    splits: tuple[str, ...] = ()  # values of FaceRecord.split; () where the set has no parts
    # Databases: {tower: the splits that it learns from, None for all}.
    trains: Mapping[str, Splits] = field(default_factory=dict)  # as in the paper's Table I
    validates: Mapping[str, Splits] = field(default_factory=dict)  # looked at while training
    finetunes: Mapping[str, Union[tuple[str, ...], str]] = field(
        default_factory=dict
    )  # or BY_TURNS
    if_named: Mapping[str, Splits] = field(default_factory=dict)  # learnt from if the user says so
    side_files: Mapping[str, Callable[[str], Iterator[Union[dict, str]]]] = field(
        default_factory=dict
    )


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
    """Return all readers, by name."""
    return [load(name) for name in names()]


def _by_tower(choose: Callable[[Reader], Mapping[str, Splits]]) -> dict[str, dict[str, Splits]]:
    found: dict[str, dict[str, Splits]] = {tower: {} for tower in tasks.TOWERS}
    for reader in readers():
        for tower, splits in choose(reader).items():
            found[tower][reader.name] = splits
    return found


def training_sets() -> dict[str, dict[str, Splits]]:
    """Return {tower: {set: splits, None for all}}: what each tower learns from, as in Table I.

    Every tower of the table of tasks is there, the ones without a set with {}.
    """
    return _by_tower(lambda reader: reader.trains)


def validation_sets() -> dict[str, dict[str, Splits]]:
    """Return {tower: {set: splits}} like `training_sets`: what a running training looks at."""
    return _by_tower(lambda reader: reader.validates)
