"""Text files, tables and Matlab files of datasets.

A line that does not fit gives a `Dropped` row; a file that is not the set's raises `InputError`.
"""

from __future__ import annotations

import collections
import contextlib
import csv
import io
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Optional, Union

import numpy as np

from allinone import reading, tasks
from allinone.errors import InputError
from data_prep.reader import Dropped

Row = Union[dict[str, str], Dropped]
MEND = "get the original file again"
SEPARATORS = (",", ";", "\t")  # that programs write between the columns of a table
SHORT = {"gender": {"m": 0, "f": 1}}  # what users' own tables may hold in place of the words


def lines(path: str) -> Iterator[tuple[int, str]]:
    """Yield (number from 1, text without its line end) of the lines of a file.

    Bytes that are not UTF-8 are kept as surrogates, a byte order mark is left out.
    """
    data = reading.opened(path, MEND)
    with io.TextIOWrapper(data, encoding="utf-8-sig", errors="surrogateescape") as stream:
        number = 1
        while line := stream.readline(reading.LONGEST + 1):
            if len(line) > reading.LONGEST:
                raise InputError(f"{path}, line {number}: too long for a line of text; {MEND}")
            yield number, line.rstrip("\r\n")
            number += 1


def fields_of(text: str, delimiter: str) -> list[str]:
    """Return the fields of a line of a table; ValueError in plain words where it is none."""
    if "\0" in text:  # which only newer versions of the module csv read
        raise ValueError("it holds a NUL byte")
    try:
        return next(csv.reader([text], delimiter=delimiter), [])
    except csv.Error:
        raise ValueError("a field is too long") from None


def header_of(text: str, path: str, columns: Sequence[str], delimiter: str) -> list[str]:
    """Return the columns of a table's first line; InputError where it lacks one of `columns`."""
    try:
        header = [name.strip().lower() for name in fields_of(text, delimiter)]
    except ValueError as error:
        raise InputError(
            f"{path}, line 1: no header ({error}); save it as UTF-8, or get the file again"
        ) from None
    twice = sorted(name for name, count in collections.Counter(header).items() if count > 1)
    if twice:
        raise InputError(
            f"{path}: several columns are called {', '.join(map(repr, twice))}, large letters or "
            "small; delete or rename all but one of each"
        )
    missing = [column for column in columns if column not in header]
    other = next((one for one in SEPARATORS if one != delimiter and one in text), None)
    if missing and other and len(header) == 1:
        raise InputError(
            f"{path}: its columns are parted by {other!r}, not by {delimiter!r}; save it with the "
            "latter"
        )
    if missing:
        raise InputError(
            f"{path}: no column {', '.join(missing)}; "
            f"its header is {delimiter.join(header) or 'empty'}; rename a column, or get the "
            "original file again"
        )
    return header


def table(path: str, columns: Sequence[str], delimiter: str = ",") -> Iterator[tuple[str, Row]]:
    """Yield ("file, line n", {column: text}) of the rows of a table with a header.

    Column names are in small letters. A row is one line, so that a quote that is never closed
    spoils no other row. A malformed row, or one with too few or too many fields, is a `Dropped`;
    empty lines are left out. InputError where the header lacks one of `columns`.
    """
    text = lines(path)
    header = header_of(next(text, (1, ""))[1], path, columns, delimiter)
    for number_of_line, line in text:
        place = f"{path}, line {number_of_line}"
        try:
            fields = fields_of(line, delimiter)
        except ValueError as error:
            yield place, Dropped(place, "not a row of a table", str(error))
            continue
        if not any(field.strip() for field in fields):
            continue
        if len(fields) == len(header):
            yield place, dict(zip(header, map(str.strip, fields)))
        else:
            counts = f"{len(fields)} instead of {len(header)}"
            yield place, Dropped(place, "wrong number of fields", counts)


def variables_of(path: str) -> dict[str, np.ndarray]:
    """Return {name: value} of a Matlab file of any extension; InputError where it is damaged."""
    import scipy.io  # here: importing it takes a second

    try:
        with reading.opened(path, "check the path") as stream:
            if _ends_a_process(path):
                raise ValueError("SciPy crashes on it")
            return scipy.io.loadmat(stream)
    except InputError:
        raise
    except Exception as error:  # scipy raises many kinds on a file that is cut off
        raise InputError(f"{path}: not a Matlab file, or cut off ({error}); get it again") from None


def _ends_a_process(path: str) -> bool:
    """Tell whether a signal ends a process that reads a Matlab file, as some damage does."""
    program = "import scipy.io, sys; scipy.io.loadmat(open(sys.argv[1], 'rb'))"
    done = subprocess.run([sys.executable, "-I", "-c", program, path], capture_output=True)
    return done.returncode < 0


@contextlib.contextmanager
def form_of(path: str) -> Iterator[None]:
    """Turn what a Matlab file of another form raises into InputError.

    Its values can be of any type and shape. The block must do nothing but take them apart.
    """
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise InputError(f"{path}: of another form than expected ({error}); {MEND}") from None


def matrix_file(path: str, name: str) -> np.ndarray:
    """Return the variable `name` of a Matlab file; InputError where the file has none."""
    return variable(variables_of(path), name, path)


def variable(variables: Mapping[str, np.ndarray], name: str, path: str) -> np.ndarray:
    """Return one of the variables of a Matlab file; InputError where the file has none."""
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


def numbers_of(row: Mapping[str, str], columns: Iterable[str]) -> list[float]:
    """Return the numbers in some columns of a row; ValueError in plain words where one is none."""
    numbers = []
    for column in columns:
        found = number(row.get(column))
        if found is None:
            raise ValueError(f"{column} must be a number, is '{row.get(column, '')}'")
        numbers.append(found)
    return numbers


def whole_number(row: Mapping[str, str], column: str) -> int:
    """Return the whole number in a column of a row; ValueError in plain words where it is none."""
    if not row[column].isdecimal():
        raise ValueError(f"{column} must be a whole number, is '{row[column]}'")
    return int(row[column])


def text_of(cell) -> str:
    """Return the text in a cell of a Matlab file, "" where there is none."""
    values = np.ravel(cell)
    return str(values[0]) if values.size else ""


def codes_of(task: tasks.Task) -> dict[str, int]:
    """Return {text in small letters: 0 or 1} of a PROBABILITY task in users' own tables."""
    words = {word: code for code, word in enumerate(task.words)}
    return {"0": 0, "1": 1, **words, **SHORT.get(task.name, {})}
