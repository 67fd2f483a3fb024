"""Who is enrolled in a service: a folder of pictures for each person, and the vectors of all.

    <folder>/<person>/<hash>.jpg    the pictures as they were uploaded, or put there by hand
    <folder>/faces.h5               the vector of each picture's largest face
    <folder>/.forgotten/<person>/   pictures put there by hand of somebody who was forgotten

`allinone identify enroll` reads the same folder. Pictures that the vectors lack, and all of them
where another model made those, are looked at when a service starts.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import threading
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Optional

import numpy as np

from allinone import embeddings, folders, gallery, hdf5
from allinone.analyzer import FaceAnalyzer
from allinone.errors import InputError
from allinone.gallery import Gallery, Likeness
from allinone.progress import Progress
from allinone.service import people_files

VECTORS = "faces.h5"
KIND = folders.Kind("folder of people", holds=(VECTORS,), is_marked=True)
FIELDS = dict(name=hdf5.TEXTS, file=hdf5.TEXTS, vector=hdf5.Array("f", (None, None)))
MEND = "remove it: the pictures are looked at again then"
LONGEST = 60  # letters of a name, which is that of a folder: of 4 bytes at most, 255 in all
NAME = r"^[^\x00-\x1f\x7f-\x9f/.\s][^\x00-\x1f\x7f-\x9f/]*$"


def checked_name(given: str) -> str:
    """Return the name of a person, which is that of a folder too; InputError where it cannot be."""
    name = _plain(given)
    if len(name) > LONGEST or not re.match(NAME, name):
        raise InputError(
            f"name: must have 1 to {LONGEST} letters, without / and control characters, and not "
            "begin with a dot"
        )
    return name


def _plain(name: str) -> str:
    """Return a name in one form, of the several in which programs write the same letters."""
    return unicodedata.normalize("NFC", name).strip()


class People:
    """Those who are enrolled, with a vector for each of their pictures; threads may share it."""

    def __init__(self, folder: Optional[str], likeness: Likeness) -> None:
        """Begin with nobody; folder: where they are kept, None: nowhere."""
        self.folder, self.likeness = folder, likeness
        self.lock = threading.Lock()
        self.vectors: dict[str, dict[str, np.ndarray]] = {}  # of each person, by file
        self.means = self._means()

    @contextlib.contextmanager
    def opened(self, analyzer: FaceAnalyzer) -> Iterator[None]:
        """Read the folder, and let no other service write into it meanwhile."""
        if self.folder is None:
            yield
            return
        folders.claim(self.folder, KIND)
        with folders.only_one(self.folder):
            self._read(analyzer)
            yield

    def listed(self) -> list[tuple[str, int]]:
        """Return (name, how many pictures) of everybody, by name; waits for nobody who writes."""
        means = self.means
        return sorted(zip(means.names, means.pictures))

    def nearest(self, vector: np.ndarray) -> Optional[tuple[str, float]]:
        """Return (the most alike person, the cosine); None where nobody is enrolled."""
        means = self.means
        return means.nearest(vector) if means.names else None

    def enroll(self, name: str, uploads: Sequence[tuple[bytes, np.ndarray]]) -> int:
        """Add pictures of a person, each with its vector; return how many there are then.

        InputError where the name, or the kind of a picture, cannot be kept, or the disk is full;
        all is then as it was.
        """
        checked_name(name)
        named = {people_files.name_of(data): (data, vector) for data, vector in uploads}
        with self.lock:
            name = self._known_as(name)
            before = self.vectors.get(name, {})
            vectors = {file: vector for file, (_, vector) in named.items()}
            try:
                for file, (data, _) in named.items():
                    people_files.keep(self.folder, name, file, data)
                self.vectors[name] = {**before, **vectors}
                self._changed()
            except InputError:
                self._take_back(name, before, vectors)
                raise
            return len(self.vectors[name])

    def _known_as(self, given: str) -> str:
        """Return the name of a person; who was put there by hand may have one that no upload gets.

        InputError where nobody is called so, nor can be.
        """
        if given in self.vectors:
            return given
        alike = [name for name in self.vectors if _plain(name) == _plain(given)]
        return alike[0] if alike else checked_name(given)

    def _take_back(self, name: str, before: dict, vectors: dict) -> None:
        """Let a person have the pictures of before alone; before, vectors: {file: vector}."""
        self.vectors[name] = before
        if not before:
            del self.vectors[name]
        self.means = self._means()
        for file in vectors.keys() - before.keys():
            people_files.forget(self.folder, name, file)
        people_files.remove_empty(self.folder, name)

    def remove(self, given: str) -> bool:
        """Forget a person; return whether there was one.

        Pictures that were uploaded are deleted, those put there by hand are set aside.
        """
        with self.lock:
            name = self._known_as(given)
            if name not in self.vectors:
                return False
            # First the pictures: whoever is killed in between leaves vectors without a picture,
            # which the next start drops. Those without a vector too: another model may find a face
            # in them, and they may be newer than the last start.
            there = people_files.pictures_of(self.folder, name)
            for file in sorted({*self.vectors[name], *there}):
                people_files.forget(self.folder, name, file)
            del self.vectors[name]
            people_files.remove_empty(self.folder, name)
            self._changed()
            return True

    def _changed(self) -> None:
        """Compute the means anew, and write the vectors."""
        self.means = self._means()
        if self.folder is None:
            return
        rows = [
            (name, file, vector)
            for name, of_one in self.vectors.items()
            for file, vector in of_one.items()
        ]
        with hdf5.replacing(os.path.join(self.folder, VECTORS)) as data:
            data["name"] = hdf5.encoded([name for name, _, _ in rows])
            data["file"] = hdf5.encoded([file for _, file, _ in rows])
            data["vector"] = np.float32([vector for _, _, vector in rows]).reshape(
                len(rows), -1 if rows else 0
            )
            data.attrs["model"] = self.likeness.name

    def _means(self) -> Gallery:
        """Return the gallery that `identify enroll` would make of the same pictures."""
        means = [
            embeddings.unit_length(np.mean(list(of_one.values()), axis=0))
            for of_one in self.vectors.values()
        ]
        counts = [len(of_one) for of_one in self.vectors.values()]
        vectors = np.stack(means) if means else np.zeros((0, 0))
        return Gallery(list(self.vectors), vectors, counts, self.likeness.name)

    def _read(self, analyzer: FaceAnalyzer) -> None:
        """Read who is enrolled, and look at the pictures whose vectors are not known."""
        known, unknown = self._known(), []
        for name, paths in people_files.people_in(self.folder).items():
            for path in paths:
                file = os.path.basename(path)
                vector = known.get((name, file))
                if vector is None:
                    unknown.append((name, path))
                else:
                    self.vectors.setdefault(name, {})[file] = vector
        self._look_at(analyzer, unknown)
        self._changed()

    def _known(self) -> dict[tuple[str, str], np.ndarray]:
        """Return {(person, file): vector} of an earlier time, by the same model."""
        path = os.path.join(self.folder, VECTORS)
        if not os.path.exists(path):
            return {}
        arrays, attributes = hdf5.read(path, FIELDS, MEND, is_hashed=True)
        if attributes.get("model") != self.likeness.name:
            return {}
        return dict(zip(zip(arrays["name"], arrays["file"]), arrays["vector"]))

    def _look_at(self, analyzer: FaceAnalyzer, unknown: Sequence[tuple[str, str]]) -> None:
        """Find the vectors of pictures; those that have none are named on standard error."""
        progress = Progress("pictures of people", len(unknown)) if unknown else None
        for name, path in unknown:
            try:
                face = gallery.largest(analyzer.analyze(path))
                if face is None:
                    Progress.write(f"  {path}: no face found, left out", file=sys.stderr)
                else:
                    vector = self.likeness.vector(face)
                    self.vectors.setdefault(name, {})[os.path.basename(path)] = vector
            except InputError as error:
                Progress.write(f"  error: {error}", file=sys.stderr)
            progress.step()
