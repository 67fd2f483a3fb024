"""HDF5 files: written whole, and read whole or refused in a sentence.

HDF5 itself does not survive a full disk.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Optional

import h5py
import numpy as np

from allinone import files, reading
from allinone.errors import InputError

DIGEST = "sha256"  # attribute of a file


def _digest(data: h5py.File) -> str:
    """Return the hash of all arrays of a file; who reads an attribute compares it."""
    digest = hashlib.sha256()
    for name in sorted(data):
        found = data[name][...]
        parts = found.ravel().tolist() if found.dtype.kind == "O" else [found.tobytes()]
        digest.update(f"{name} {found.shape} {[len(part) for part in parts]}".encode())
        for part in parts:
            digest.update(part)
    return digest.hexdigest()


@contextlib.contextmanager
def replacing(path: str) -> Iterator[h5py.File]:
    """Make an HDF5 file in memory that takes the place of `path` when the block ends well.

    It gets a hash of what it holds, which `read` checks. InputError where it cannot be written;
    what was there before stays then.
    """
    whole = io.BytesIO()
    with h5py.File(whole, "w") as data:
        yield data
        data.attrs[DIGEST] = _digest(data)
    with files.replacing(path, "wb") as stream:
        stream.write(whole.getbuffer())


def is_one(path: str) -> bool:
    """Tell whether a file begins as an HDF5 file does."""
    return h5py.is_hdf5(path)


class Array(NamedTuple):
    """What an array of an HDF5 file must be."""

    kinds: str  # of NumPy's dtype: "f" floats, "iu" whole numbers, "O" texts
    shape: tuple[Optional[int], ...]  # None: any length


TEXTS, WHOLE = Array("O", (None,)), Array("iu", (None,))


@contextlib.contextmanager
def opened(path: str, mend: str) -> Iterator[h5py.File]:
    """Open an HDF5 file; the block must do nothing but read it."""
    with in_words(path, mend), h5py.File(path, "r") as data:
        yield data


@contextlib.contextmanager
def in_words(path: str, mend: str) -> Iterator[None]:
    """Turn what a damaged HDF5 file raises into InputError; the block must do nothing but read."""
    reading.opened(path, mend).close()
    try:
        yield
    except (OSError, LookupError, ValueError, TypeError, RuntimeError, MemoryError) as error:
        raise InputError(
            f"{path}: damaged, or no HDF5 file of this kind ({error}); {mend}"
        ) from None


def checked(data: h5py.File, name: str, wanted: Array) -> h5py.Dataset:
    """Return an array of an open HDF5 file, unread; ValueError where it is not as wanted."""
    found = data[name]
    if not isinstance(found, h5py.Dataset):
        raise ValueError(f"{name} is no array")
    fits = len(found.shape or ()) == len(wanted.shape) and found.dtype.kind in wanted.kinds
    lengths = zip(wanted.shape, found.shape or ())
    if not fits or any(length not in (None, there) for length, there in lengths):
        raise ValueError(f"{name} is {found.dtype} of shape {found.shape}")
    if found.nbytes > os.path.getsize(data.filename):
        raise ValueError(f"{name} is larger than the file")
    return found


def values(found: h5py.Dataset) -> np.ndarray:
    """Return what an array holds; texts as str, in which bytes that are not UTF-8 are escaped."""
    if h5py.check_string_dtype(found.dtype):
        return found.asstr(errors="surrogateescape")[...]
    return found[...]


def read(
    path: str, wanted: Mapping[str, Array], mend: str, of_one_length: bool = True, is_hashed=False
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return ({name: array}, {name: attribute}) of an HDF5 file with the wanted arrays.

    of_one_length: all arrays must be as long as each other; is_hashed: it must have a hash, which
    is checked wherever there is one.
    """
    with opened(path, mend) as data:
        arrays = {name: values(checked(data, name, one)) for name, one in wanted.items()}
        attributes = dict(data.attrs)
        digest, right = attributes.pop(DIGEST, None), _digest(data)
    if digest != right and (digest is not None or is_hashed):
        raise InputError(
            f"{path}: damaged, or written by an earlier version of the kit (its sha256 does not "
            f"fit); {mend}"
        )
    lengths = {name: len(one) for name, one in arrays.items()}
    if of_one_length and len(set(lengths.values())) > 1:
        raise InputError(f"{path}: its arrays differ in length ({lengths}); {mend}")
    return arrays, attributes


def encoded(names: Sequence[str]) -> np.ndarray:
    """Return texts as HDF5 stores them, file names that are not UTF-8 included."""
    return np.array([os.fsencode(name) for name in names], h5py.string_dtype())
