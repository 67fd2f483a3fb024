"""Lines of text files and tables as the datasets have them; a line that does not fit becomes a Dropped row."""

import csv

import scipy.io

from allinone.errors import InputError
from data_prep.reader import Dropped

GENDER_CODES = {
    "m": 0,
    "male": 0,
    "0": 0,
    "f": 1,
    "female": 1,
    "1": 1,
}  # what users' own tables may say


def lines(path):
    """Yield (number, line without its end) of a text file; undecodable bytes are kept as they are (surrogates)."""
    with open(path, encoding="utf-8", errors="surrogateescape") as stream:
        for number, line in enumerate(stream, 1):
            yield number, line.rstrip("\r\n")


def table(path, columns, delimiter=","):
    """Yield (place, {column: text}) of the rows of a table with a header, columns in small letters; InputError where one is missing.

    A row with too few or too many fields is a Dropped instead of the dict. place: "file, line n".
    """
    with open(path, encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
        reader = csv.reader(stream, delimiter=delimiter)
        header = [name.strip().lower() for name in next(reader, [])]
        missing = [column for column in columns if column not in header]
        if missing:
            raise InputError(
                f"{path}: no column {', '.join(missing)}; its header is {delimiter.join(header) or 'empty'}. Is it the original file?"
            )
        for fields in reader:
            place = f"{path}, line {reader.line_num}"
            if not any(field.strip() for field in fields):
                continue
            yield (
                place,
                (
                    dict(zip(header, map(str.strip, fields)))
                    if len(fields) == len(header)
                    else Dropped(
                        place, "wrong number of fields", f"{len(fields)} instead of {len(header)}"
                    )
                ),
            )


def variables_of(path):
    """Return {name: value} of a Matlab file, whatever its extension; InputError where it is missing or cut off."""
    try:
        return scipy.io.loadmat(path, appendmat=False)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; check the path") from None
    except Exception as error:  # scipy raises many kinds on a file that is cut off
        raise InputError(f"{path}: not a Matlab file, or cut off ({error}); get it again") from None


def matrix_file(path, name):
    """Return variable `name` of a Matlab file; InputError where the file is cut off or has none of it."""
    variables = variables_of(path)
    if name not in variables:
        raise InputError(
            f"{path}: no variable '{name}' in it, but {', '.join(key for key in variables if not key.startswith('__'))}; is it the original file?"
        )
    return variables[name]


def number(text):
    """Return the number that a text holds, or None."""
    try:
        return float(text)
    except (TypeError, ValueError):
        return None
