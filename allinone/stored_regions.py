"""regions.h5 of a detection database: faces and region proposals of its pictures, for reading."""

from __future__ import annotations

import os
from collections.abc import Sequence

import h5py
import numpy as np

from allinone import hdf5, landmarks, store
from allinone.errors import InputError

# {array: (shape of an item, type)}. Faces and proposals of all pictures stand one after another;
# the starts say where those of each picture begin.
ARRAYS = dict(
    face_start=((), "i8"),
    box=((4,), "f4"),
    landmarks=((landmarks.COUNT, 2), "f4"),
    visibility=((landmarks.COUNT,), "f4"),
    pose=((3,), "f4"),
    gender=((), "i1"),
    proposal_start=((), "i8"),
    proposal=((4,), "f4"),
)
# Places that teach nothing, since a face may be there; only databases that have some have these.
IGNORED = dict(ignored_start=((), "i8"), ignored=((4,), "f4"))
UNKNOWN = -1  # of a gender
STARTS, PROPOSAL = ("face_start", "proposal_start"), "proposal"


class StoredRegions:
    """The faces and proposals of a database; the proposals stay on the disk."""

    def __init__(self, folder: str, labels: Sequence[str], pictures: int) -> None:
        """Open the file of a database; InputError where it is damaged.

        labels: arrays of the faces that are wanted beside their boxes; pictures: how many the
        database has.
        """
        self.path = os.path.join(folder, store.REGIONS)
        with hdf5.in_words(self.path, store.AGAIN):
            data = h5py.File(self.path, "r")
            self.faces = {name: self._array(data, name)[...] for name in ("box", *labels)}
            self.face_start, self.proposal_start = (self._array(data, name)[...] for name in STARTS)
            self._proposals = self._array(data, PROPOSAL)  # AFLW's are 40 million
            self._ignored = np.zeros((0, 4), np.float32)
            self.ignored_start = np.zeros(pictures + 1, np.int64)
            if all(name in data for name in IGNORED):
                self.ignored_start, self._ignored = (
                    self._array(data, name)[...] for name in IGNORED
                )
        self._check(pictures)

    def _check(self, pictures):
        """Raise InputError where the arrays do not fit each other, or the number of pictures."""
        faces, proposals = len(self.faces["box"]), len(self._proposals)
        parts = [(self.face_start, faces), (self.proposal_start, proposals)]
        for starts, end in (*parts, (self.ignored_start, len(self._ignored))):
            whole = len(starts) == pictures + 1 and starts[0] == 0 and starts[-1] == end
            if not whole or (np.diff(starts) < 0).any():
                raise InputError(
                    f"{self.path}: is not of the {pictures} pictures beside it; {store.AGAIN}"
                )

    def proposals(self, picture: int) -> np.ndarray:
        """Return the proposals (n, 4) of a picture."""
        first, last = self.proposal_start[picture : picture + 2]
        with hdf5.in_words(self.path, store.AGAIN):
            return self._proposals[first:last]

    def ignored(self, picture: int) -> np.ndarray:
        """Return the boxes (n, 4) of a picture in which a face may be that nobody has marked."""
        first, last = self.ignored_start[picture : picture + 2]
        return self._ignored[first:last]

    def _array(self, data, name):
        shape, kind = {**ARRAYS, **IGNORED}[name]
        return hdf5.checked(data, name, hdf5.Array(np.dtype(kind).kind, (None, *shape)))
