"""The command line: wrong arguments are a sentence, and numbers that make no sense are refused."""

from __future__ import annotations

import argparse
import math
import os
import re
import shlex
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NoReturn

from allinone.errors import InputError

LARGEST = 2**31 - 1  # what Caffe's solver files can hold; Caffe aborts at a larger number
MOST_WORDS = 30  # our choice: of a path
SHOWN = 40  # our choice: letters of a wrong number that a sentence repeats


class Parser(argparse.ArgumentParser):
    """A parser whose errors are sentences like all others of a command."""

    def error(self, message: str) -> NoReturn:
        """Raise InputError."""
        what = re.sub(r"^argument ([^:]+): ", r"\1 ", message)
        raise InputError(f"{what}; --help says what the command takes")


def several(values: Iterable[str], is_there: Callable[[str], bool] = os.path.exists) -> list[str]:
    """Return the paths that arguments name: one that holds blanks may be several paths.

    That is how make hands on IN="my photos/a b.jpg c.jpg". What is there as a whole is one path;
    else the longest words are taken that are; else blanks, quotes and backslashes count as in a
    shell. An argument of which nothing is there stays whole. is_there: tells whether a path is.
    """
    found = []
    for value in values:
        ways = ([value], _longest_there(value.split(" "), is_there), _as_in_a_shell(value))
        whole = [way for way in ways if way and all(map(is_there, way))]
        some = [way for way in ways if any(map(is_there, way))]
        found += [*whole, *some, [value]][0]
    return found


def _longest_there(words: Sequence[str], is_there: Callable[[str], bool]) -> list[str]:
    found, start = [], 0
    while start < len(words):
        ends = range(min(len(words), start + MOST_WORDS), start, -1)
        names = [" ".join(words[start:end]) for end in ends]
        name = next(filter(is_there, names), names[-1])
        found += [name] if name else []
        start += name.count(" ") + 1
    return found


def _as_in_a_shell(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:  # a quote that is not closed: part of a name
        return []


def _refusal(text: str, must: str) -> argparse.ArgumentTypeError:
    shown = text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
    return argparse.ArgumentTypeError(f"{shown}: {must}")


def name(text: str) -> str:
    """Return a name of a file or folder; ArgumentTypeError where it is empty.

    As "$MODEL" is where the variable is not set: a default must not take its place in silence.
    """
    if not text:
        raise argparse.ArgumentTypeError("is empty; give a name, or leave the option out")
    return text


@dataclass(frozen=True)
class Whole:
    """Whole numbers from `least` up to `most`."""

    least: int
    most: int = LARGEST

    @property
    def must(self) -> str:
        """Return in words what a number must be."""
        return f"must be a whole number from {self.least} up to {self.most}"

    def holds(self, value: int) -> bool:
        """Tell whether a number is one of them."""
        return self.least <= value <= self.most

    def __call__(self, text: str) -> int:
        """Return the number that a text holds; ArgumentTypeError where it is none of them."""
        try:
            value = int(text)
        except ValueError:
            raise _refusal(text, self.must) from None
        if not self.holds(value):
            raise _refusal(text, self.must)
        return value


@dataclass(frozen=True)
class Real:
    """Finite numbers from `least` up to `most`, or above `above`."""

    least: float = -math.inf
    most: float = math.inf
    above: float = -math.inf
    hint: str = ""  # what is usual

    @property
    def must(self) -> str:
        """Return in words what a number must be."""
        limits = ""
        if self.above > -math.inf:
            limits += f" above {self.above:g}"
        if self.least > -math.inf:
            limits += f" from {self.least:g}"
        if self.most < math.inf:
            limits += f" up to {self.most:g}"
        return f"must be a number{limits or ', and finite'}{f'; {self.hint}' if self.hint else ''}"

    def holds(self, value: float) -> bool:
        """Tell whether a number is one of them."""
        within = self.above < value and self.least <= value <= self.most
        return within and math.isfinite(value)

    def __call__(self, text: str) -> float:
        """Return the number that a text holds; ArgumentTypeError where it is none of them."""
        try:
            value = float(text)
        except ValueError:
            raise _refusal(text, self.must) from None
        if not self.holds(value):
            raise _refusal(text, self.must)
        return value


WORKERS = Whole(1, 1024)  # processes; our choice: more are a typing error
SEED = Whole(0)
SHARE = Real(least=0, most=1)


def add_workers(parser: argparse.ArgumentParser, default: str = "one a core") -> None:
    """Add --workers and --dask, of which one may be given; both set `workers`."""
    either = parser.add_mutually_exclusive_group()
    help_ = f"processes; default: {default}"
    either.add_argument("--workers", type=WORKERS, metavar="N", help=help_)
    add_dask(either)


def add_dask(parser) -> None:
    """Add --dask, which sets `workers` to the address of a scheduler (allinone.parallel)."""
    parser.add_argument(
        "--dask",
        dest="workers",
        metavar="ADDRESS",
        help="let the workers of a dask scheduler do it, such as tcp://host:8786; config: of the "
        "one that dask's configuration names",
    )


def refuse_gpu_elsewhere(args: argparse.Namespace) -> None:
    """Raise InputError where a GPU of this machine is asked for, and others are to work."""
    if args.gpu and isinstance(args.workers, str):
        raise InputError("--gpu: is of this machine, and with --dask others work; leave one out")
