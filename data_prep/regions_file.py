"""regions.h5 of a detection database: faces and region proposals of its pictures."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence

import h5py
import numpy as np

from allinone import files, store
from allinone.record import FaceRecord
from allinone.stored_regions import ARRAYS, IGNORED, UNKNOWN

BLOCK = 1 << 16  # items of an array that are copied at a time
SPARE = 1 << 20  # bytes that HDF5's own tables may take


class RegionsWriter:
    """Writes regions.h5 of a folder, picture by picture, and hashes what it holds.

    Until the end every array is a plain file: HDF5 takes the process with it when the disk is full.
    """

    def __init__(self, folder: str) -> None:
        """Begin the file of a folder."""
        self.folder = folder
        self.arrays = {**ARRAYS, **IGNORED}
        self.digests = {name: hashlib.sha256() for name in self.arrays}
        self.parts = {
            name: open(os.path.join(folder, f"{name}.part"), "w+b") for name in self.arrays
        }
        self.faces = self.proposals = self.ignored = 0
        for name in ("face_start", "proposal_start", "ignored_start"):
            self._append(name, [0])

    def add(
        self,
        faces: Sequence[FaceRecord],
        proposals: np.ndarray,
        ignored: Sequence[Sequence[float]] = (),
    ) -> None:
        """Add the faces, the proposals (n, 4) and the places to ignore (m, 4) of a picture."""
        self.ignored += len(ignored)
        self._append("ignored_start", [self.ignored])
        self._append("ignored", ignored)
        self.faces, self.proposals = self.faces + len(faces), self.proposals + len(proposals)
        self._append("face_start", [self.faces])
        self._append("proposal_start", [self.proposals])
        self._append("proposal", proposals)
        self._append("box", [face.box for face in faces])
        self._append("landmarks", [face.landmark_array() for face in faces])
        self._append("visibility", [face.visibility_array() for face in faces])
        self._append("pose", [face.pose or [np.nan] * 3 for face in faces])
        self._append("gender", [UNKNOWN if face.gender is None else face.gender for face in faces])

    def _append(self, name, values):
        values = np.asarray(values, self.arrays[name][1]).tobytes()
        self.parts[name].write(values)
        self.digests[name].update(values)

    def close(self) -> str:
        """Write the file; return its hash. InputError where there is no room for it."""
        if not self.ignored:
            for name in IGNORED:
                self.parts.pop(name).close()
                os.remove(os.path.join(self.folder, f"{name}.part"))
                self.digests.pop(name)
        sizes = {name: part.tell() for name, part in self.parts.items()}
        path = os.path.join(self.folder, store.REGIONS)
        files.refuse_without_room(path, sum(sizes.values()) + SPARE)
        with h5py.File(path, "w") as data:
            for name, size in sizes.items():
                self._copy(data, name, size)
        for part in self.parts.values():
            part.close()
            os.remove(part.name)
        together = "".join(digest.hexdigest() for digest in self.digests.values())
        return hashlib.sha256(together.encode()).hexdigest()

    def _copy(self, data, name, size):
        """Copy the plain file of an array, `size` bytes, into HDF5."""
        shape, kind = self.arrays[name]
        width = int(np.prod(shape, dtype=int))
        count = size // (width * np.dtype(kind).itemsize)
        whole = data.create_dataset(name, (count, *shape), kind)
        self.parts[name].seek(0)
        for start in range(0, count, BLOCK):
            block = np.fromfile(self.parts[name], kind, BLOCK * width)
            whole[start : start + BLOCK] = block.reshape(-1, *shape)
