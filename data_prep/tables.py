"""Text files, tables and Matlab files of datasets.

A line that does not fit gives a `Dropped` row; a file that is not the set's raises `InputError`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from typing import Optional, Union

import numpy as np
import scipy.io

from allinone import tasks
from allinone.errors import InputError
from data_prep.reader import Dropped

Row = Union[dict[str, str], Dropped]
SHORT = {"gender": {"m": 0, "f": 1}}  # what users' own tables may hold in place of the words


def lines(path: str) -> Iterator[tuple[int, str]]:
    """Yield (number from 1, text without its line end) of the lines of a file.

    Bytes that are not UTF-8 are kept as surrogates.
    """
    with open(path, encoding="utf-8", errors="surrogateescape") as stream:
        for number, line in enumerate(stream, 1):
            yield number, line.rstrip("\r\n")


def table(path: str, columns: Sequence[str], delimiter: str = ",") -> Iterator[tuple[str, Row]]:
    """Yield ("file, line n", {column: text}) of the rows of a table with a header.

    Column names are in small letters. A row with too few or too many fields is a `Dropped`; empty
    lines are left out. InputError where the header lacks one of `columns`.
    """
    with open(path, encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
        rows = csv.reader(stream, delimiter=delimiter)
        header = [name.strip().lower() for name in next(rows, [])]
        missing = [column for column in columns if column not in header]
        if missing:
            raise InputError(
                f"{path}: no column {', '.join(missing)}; "
                f"its header is {delimiter.join(header) or 'empty'}. Is it the original file?"
            )
        for fields in rows:
            place = f"{path}, line {rows.line_num}"
            if not any(field.strip() for field in fields):
                continue
            if len(fields) == len(header):
                yield place, dict(zip(header, map(str.strip, fields)))
            else:
                counts = f"{len(fields)} instead of {len(header)}"
                yield place, Dropped(place, "wrong number of fields", counts)


def variables_of(path: str) -> dict[str, np.ndarray]:
    """Return {name: value} of a Matlab file of any extension; InputError where it is damaged."""
    try:
        return scipy.io.loadmat(path, appendmat=False)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; check the path") from None
    except Exception as error:  # scipy raises many kinds on a file that is cut off
        raise InputError(f"{path}: not a Matlab file, or cut off ({error}); get it again") from None


def matrix_file(path: str, name: str) -> np.ndarray:
    """Return the variable `name` of a Matlab file; InputError where the file has none."""
    variables = variables_of(path)
    if name not in variables:
        known = ", ".join(key for key in variables if not key.startswith("__"))
        raise InputError(f"{path}: no variable '{name}', but {known}; is it the original file?")
    return variables[name]


def number(text: Optional[str]) -> Optional[float]:
    """Return the number that a text holds, or None where it holds none."""
    try:
        return float(text)
    except (TypeError, ValueError):
        return None


def codes_of(task: tasks.Task) -> dict[str, int]:
    """Return {text in small letters: 0 or 1} of a PROBABILITY task in users' own tables."""
    words = {word: code for code, word in enumerate(task.words)}
    return {"0": 0, "1": 1, **words, **SHORT.get(task.name, {})}
