"""Region proposals of a records file's pictures, found once and kept beside it in HDF5.

They stand in the folder of their search (data_prep.region_search), PART pictures to a file that is
named by the number of its first picture. A file appears when it is whole, so that a search that was
killed goes on with the part where it was. What it holds counts as long as the same pictures stand
in the same places and the search is the same; a picture that has changed is searched again.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from allinone import hdf5
from allinone.errors import InputError

PART = 32  # our choice: pictures of a file; at most so many are searched again
WANTED = dict(  # of a file
    name=hdf5.TEXTS,
    sha256=hdf5.TEXTS,
    start=hdf5.WHOLE,
    proposal=hdf5.Array("f", (None, 4)),
)


class Found(NamedTuple):
    """What was found in a picture."""

    sha256: str  # of the picture's file, "" where it could not be read
    proposals: np.ndarray  # (n, 4)


def path_of(records: str, start: int, search) -> str:
    """Return the path of the part whose first picture has the number `start`."""
    return os.path.join(os.path.dirname(records), search.folder, f"{start:08d}.h5")


def load(records: str, start: int, names: Sequence[str], search) -> list[Found] | None:
    """Return what was found in the pictures of a part, or None.

    None where the part is not there, or is of other pictures or another search.
    """
    path = path_of(records, start, search)
    try:
        arrays, about = hdf5.read(path, WANTED, "delete it", of_one_length=False)
    except InputError:  # not there, damaged, or no file of ours
        return None
    if about.get("search") != search.name or arrays["name"].tolist() != list(names):
        return None
    boxes = np.split(arrays["proposal"], arrays["start"][1:-1])
    return [Found(*pair) for pair in zip(arrays["sha256"].tolist(), boxes)]


def save(records: str, start: int, names: Sequence[str], found: Sequence[Found], search) -> None:
    """Write the file of a part."""
    digests, proposals = zip(*found)
    with hdf5.replacing(path_of(records, start, search)) as data:
        data.attrs["search"] = search.name
        data["name"], data["sha256"] = hdf5.encoded(names), hdf5.encoded(digests)
        data["start"] = np.cumsum([0] + [len(boxes) for boxes in proposals])
        data["proposal"] = np.concatenate(proposals)
