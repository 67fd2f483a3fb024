"""A case: hostile input in a folder of its own, the command that gets it, and what would be wrong.

Every class of cases is a module of tools/fuzzing/classes with `CLASS`, a `FuzzClass`.
"""

from __future__ import annotations

import importlib
import pkgutil
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Optional

CLASSES = "tools.fuzzing.classes"


class Finished(NamedTuple):
    """How a command has ended."""

    code: Optional[int]  # exit code; None: a signal ended it
    signal: int  # 0: none
    hung: bool  # see child.LIMIT_S
    out: str
    err: str
    seconds: float  # that it has computed

    def says(self, *names: str) -> bool:
        """Tell whether what it has printed names one of some things."""
        return any(name in self.out or name in self.err for name in names)


def nothing_wrong(_: Finished) -> Optional[str]:
    """Return None: any answer is right."""
    return None


@dataclass
class Case:
    """Hostile input, and the command that gets it."""

    what: str  # what is hostile, in words
    argv: Sequence[str]  # module and arguments
    names: Sequence[str] = ()  # a refusal must name one of them; empty: any sentence will do
    # Returns why the answer is wrong, or None; only for commands that end with 0 or 2.
    wrong: Callable[[Finished], Optional[str]] = nothing_wrong
    writes: Sequence[str] = ()  # paths below the folder that the command may change
    is_ordinary: bool = False  # root, where it is the fuzzer's user, may do no more than others


@dataclass(frozen=True)
class FuzzClass:
    """A class of cases."""

    name: str
    about: str  # what is hostile
    oracle: str  # when an answer counts as silent, in words
    share: int  # of the cases; a relative number
    make: Callable[[Any, random.Random, str], Case] = field(repr=False)  # (world, rng, folder)


def load(name: str) -> FuzzClass:
    """Return a class by its name."""
    return importlib.import_module(f"{CLASSES}.{name}").CLASS


def names() -> list[str]:
    """Return the names of all classes."""
    package = importlib.import_module(CLASSES)
    return sorted(module.name for module in pkgutil.iter_modules(package.__path__))
