"""HDF5 files that are written whole: HDF5 itself does not survive a full disk."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator

import h5py

from allinone import files


@contextlib.contextmanager
def replacing(path: str) -> Iterator[h5py.File]:
    """Make an HDF5 file in memory that takes the place of `path` when the block ends well.

    InputError where it cannot be written; what was there before stays then.
    """
    whole = io.BytesIO()
    with h5py.File(whole, "w") as data:
        yield data
    with files.replacing(path, "wb") as stream:
        stream.write(whole.getbuffer())
