"""The descriptors that another net, the teacher, gives of faces: a file of NumPy arrays, checked.

The file is an .npz of two arrays: `image` (n,), the faces by the names that records have for their
pictures, and `descriptor` (n, d), numbers of any type and any d. Of a picture with several faces
the name is that of the picture, #, and the place of the face among the picture's records, from 0.
"""

from __future__ import annotations

import collections
import zipfile
import zlib
from typing import Optional

import numpy as np

from allinone import files, reading
from allinone.errors import InputError

IMAGE, DESCRIPTOR = "image", "descriptor"  # arrays of the file
MEND = "save it with numpy.savez(file, image=names, descriptor=rows)"
MOST_NUMBERS = 1 << 14  # our choice: of a descriptor
# What NumPy, zipfile and zlib raise of files that are damaged, encrypted or of another kind.
BROKEN = (zipfile.BadZipFile, zlib.error, ValueError, TypeError, AttributeError, IndexError)
BROKEN = (*BROKEN, OSError, EOFError, MemoryError, RuntimeError)


class Teacher:
    """What a file of descriptors says of faces, and which of its rows were asked for."""

    def __init__(self, path: str) -> None:
        """Read a file; InputError, with the array and the mend, where it is no such file."""
        self.path = path
        names, self.descriptors = _names_of(path), _descriptors_of(path)
        if len(names) != len(self.descriptors):
            raise InputError(
                f"{path}: '{IMAGE}' has {len(names)} names, '{DESCRIPTOR}' has "
                f"{len(self.descriptors)} rows; {MEND}, a row for each name"
            )
        often = collections.Counter(names).most_common(1)
        if often[0][1] > 1:
            raise InputError(
                f"{path}: '{IMAGE}' has the name {often[0][0]!r} {often[0][1]} times; give each "
                "face one row"
            )
        self.rows = {name: row for row, name in enumerate(names)}
        self.sha256 = files.sha256(path)
        self.fitting: set[str] = set()  # names that a record has

    @property
    def numbers(self) -> int:
        """Return how many numbers a descriptor has."""
        return self.descriptors.shape[1]

    def descriptor_of(self, image: str, place: int, faces: int) -> Optional[np.ndarray]:
        """Return the descriptor (d,) of a face, None where the file has none.

        place: of the face among the records of its picture, from 0; faces: how many they are.
        """
        name = f"{image}#{place}"
        if faces == 1 and image in self.rows:
            name = image
        if name not in self.rows:
            return None
        self.fitting.add(name)
        return self.descriptors[self.rows[name]]

    def left(self) -> list[str]:
        """Return the names that no record has had so far."""
        return [name for name in self.rows if name not in self.fitting]


def _array(path, name):
    """Return an array of a file; InputError where it cannot be read."""
    reading.opened(path, MEND).close()
    try:
        with np.load(path, allow_pickle=False) as stored:
            return np.asarray(stored[name])
    except KeyError:
        raise InputError(f"{path}: no array '{name}' in it; {MEND}") from None
    except BROKEN as error:
        raise InputError(f"{path}: '{name}' cannot be read ({error}); {MEND}") from None


def _names_of(path):
    names = _array(path, IMAGE)
    if names.ndim != 1 or names.dtype.kind != "U" or not len(names):
        raise InputError(f"{path}: '{IMAGE}' is no list of names; {MEND}")
    return names.tolist()


def _descriptors_of(path):
    rows = _array(path, DESCRIPTOR)
    if rows.ndim != 2 or rows.dtype.kind not in "fiu" or not 0 < rows.shape[-1] <= MOST_NUMBERS:
        raise InputError(
            f"{path}: '{DESCRIPTOR}' must be rows of 1 to {MOST_NUMBERS} numbers, a row for each "
            f"face, is of shape {rows.shape} and type {rows.dtype}; {MEND}"
        )
    with np.errstate(over="ignore"):
        rows = rows.astype(np.float32)
    bad = np.flatnonzero(~np.isfinite(rows).all(axis=1))
    if len(bad):
        raise InputError(
            f"{path}: '{DESCRIPTOR}' has {len(bad)} rows that are not all finite numbers, the "
            f"first is row {bad[0]} (from 0); leave these faces out"
        )
    if len(rows) > 1 and (rows == rows[0]).all():
        raise InputError(
            f"{path}: all rows of '{DESCRIPTOR}' are the same, so nothing can be learnt from them; "
            "compute the descriptors again"
        )
    return rows
