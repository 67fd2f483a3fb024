"""Files that may be damaged or somebody else's: read whole, or refused with file and mend.

There is one function for each kind of file; that of HDF5 is in allinone.hdf5. Whatever a file
holds, nothing but InputError comes of it. `mend` is what to do where the file is missing, damaged
or another one.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sqlite3
import stat
import urllib.parse
from collections.abc import Iterator
from typing import Any, BinaryIO

import msgspec

from allinone import files
from allinone.errors import InputError, os_error_in_words

LONGEST = 1 << 24  # our choice: bytes of a line; who has no line end before is no text
LARGEST = 1 << 28  # our choice: bytes of a text that is read whole
HALF_A_LETTER = re.compile(rb"\\u[dD]")  # or a byte of a file name that is not UTF-8
DIGITS = 18  # of a whole number, which has 64 bits at most


def opened(path: str, mend: str) -> BinaryIO:
    """Open a plain file for reading bytes: no folder, device or pipe, which may never end."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise InputError(f"{path}: no plain file, but a folder, a device or a pipe; {mend}")
        return open(path, "rb")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; {mend}") from None
    except OSError as error:
        raise InputError(os_error_in_words(error)) from None
    except ValueError:  # a NUL, or half a letter
        raise InputError(f"{path!r}: no name of a file; {mend}") from None


def refuse_changed(path: str, digest: str, beside: str, mend: str) -> None:
    """Raise InputError where a file is missing, or is not the one of a hash.

    beside: the file beside it that has the hash; mend: what to do then.
    """
    opened(path, mend).close()
    if files.sha256(path) != digest:
        raise InputError(
            f"{path}: is not the file that {beside} beside it was written with (its sha256 "
            f"differs): damaged or changed; {mend}"
        )


def lines(path: str, mend: str) -> Iterator[tuple[int, bytes]]:
    """Yield (number from 1, text with its end) of the lines of a file."""
    with opened(path, mend) as stream:
        number = 1
        while line := _read(stream, LONGEST + 1, path, line=True):
            if len(line) > LONGEST:
                raise InputError(f"{path}, line {number}: too long for a line of text; {mend}")
            yield number, line
            number += 1


def _read(stream: BinaryIO, size: int, path: str, line: bool = False) -> bytes:
    try:
        return stream.readline(size) if line else stream.read(size)
    except OSError as error:
        error.filename = path
        raise InputError(os_error_in_words(error)) from None


def read_bytes(path: str, mend: str, largest: int = LARGEST) -> bytes:
    """Return the bytes of a file."""
    with opened(path, mend) as stream:
        size = os.fstat(stream.fileno()).st_size
        if size > largest:
            raise InputError(f"{path}: larger than {largest / (1 << 20):g} MiB; {mend}")
        return _read(stream, size, path)


def read_text(path: str, mend: str) -> str:
    """Return the text of a UTF-8 file."""
    try:
        return read_bytes(path, mend).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text ({error}); {mend}") from None


# ---- JSON.
def _whole(text: str) -> int:
    if len(text) > DIGITS:
        raise ValueError(f"a number of {len(text)} digits")
    return int(text)


def loads(text: bytes) -> Any:
    """Return what JSON holds; ValueError or RecursionError where it is none."""
    return json.loads(text, parse_int=_whole)


def parse_json(text: bytes, kind: Any, place: str, mend: str) -> Any:
    """Return what JSON holds; place: the file, or its line.

    kind: a type that msgspec knows and that it must be of, such as a TypedDict of what is needed.
    """
    try:
        found = loads(text)
        if HALF_A_LETTER.search(text):
            json.dumps(found, ensure_ascii=False).encode("utf-8", "surrogateescape")
        msgspec.convert(found, kind)
        return found
    except msgspec.ValidationError as error:
        words, _, where = str(error).replace("`", "").partition(" - at $")
        words = re.sub(r"Object missing required field (\w+)", r"no '\1' in it", words)
        field = f"'{where.lstrip('.')}': " if where else ""
        raise InputError(f"{place}: {field}{words}; {mend}") from None
    except RecursionError:
        raise InputError(f"{place}: not JSON (nested too deeply); {mend}") from None
    except ValueError as error:
        raise InputError(f"{place}: not JSON ({error}); {mend}") from None


def read_json(path: str, mend: str, kind: Any = Any) -> Any:
    """Return what a JSON file holds; kind: as for `parse_json`."""
    return parse_json(read_bytes(path, mend), kind, path, mend)


def json_lines(path: str, mend: str, kind: Any = dict[str, Any]) -> Iterator[Any]:
    """Yield what each line of a file of JSON lines holds; kind: as for `parse_json`."""
    for number, text in lines(path, mend):
        if text.strip():
            yield parse_json(text, kind, f"{path}, line {number}", mend)


# ---- SQLite.
@contextlib.contextmanager
def sqlite(path: str, mend: str) -> Iterator[sqlite3.Connection]:
    """Open an SQLite database for reading; the block must do nothing but read it.

    Bytes of texts that are not UTF-8 are escaped.
    """
    opened(path, mend).close()
    place = f"file:{urllib.parse.quote(os.path.abspath(os.fsencode(path)))}?mode=ro"
    try:
        with contextlib.closing(sqlite3.connect(place, uri=True)) as connection:
            connection.text_factory = os.fsdecode
            yield connection
    except (sqlite3.Error, OverflowError, MemoryError) as error:
        raise InputError(f"{path}: not an SQLite database, or damaged ({error}); {mend}") from None
