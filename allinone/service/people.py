"""Who is enrolled in a service: a folder of pictures for each person, and the vectors of all.

    <folder>/<person>/<hash>.jpg    the pictures as they were uploaded, or put there by hand
    <folder>/faces.h5               the vector of each picture's largest face
    <folder>/.forgotten/<person>/   pictures put there by hand of somebody who was forgotten

`allinone identify enroll` reads the same folder. Pictures that the vectors lack, and all of them
where another model made those, are looked at when a service starts.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import sys
import threading
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Optional

import numpy as np

from allinone import embeddings, files, folders, gallery, hdf5, pictures
from allinone.analyzer import FaceAnalyzer
from allinone.errors import InputError
from allinone.gallery import Gallery, Likeness
from allinone.progress import Progress

VECTORS, FORGOTTEN = "faces.h5", ".forgotten"
KIND = folders.Kind("folder of people", holds=(VECTORS,), is_marked=True)
FIELDS = dict(name=hdf5.TEXTS, file=hdf5.TEXTS, vector=hdf5.Array("f", (None, None)))
MEND = "remove it: the pictures are looked at again then"
LONGEST = 60  # letters of a name, which is that of a folder: of 4 bytes at most, 255 in all
NAME = r"^[^\x00-\x1f\x7f-\x9f/.\s][^\x00-\x1f\x7f-\x9f/]*$"
# {kind of picture: ending of its file}, of which analysis.inputs.PICTURES are found in folders
ENDINGS = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "BMP": ".bmp", "TIFF": ".tif"}
HASHED = 16  # letters of a picture's hash that are its name


def checked_name(given: str) -> str:
    """Return the name of a person, which is that of a folder too; InputError where it cannot be."""
    name = unicodedata.normalize("NFC", given).strip()
    if len(name) > LONGEST or not re.match(NAME, name):
        raise InputError(
            f"name: must have 1 to {LONGEST} letters, without / and control characters, and not "
            "begin with a dot"
        )
    return name


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
        """Return (name, how many pictures) of everybody, by name."""
        with self.lock:
            return sorted((name, len(vectors)) for name, vectors in self.vectors.items())

    def nearest(self, vector: np.ndarray) -> Optional[tuple[str, float]]:
        """Return (the most alike person, the cosine); None where nobody is enrolled."""
        means = self.means
        return means.nearest(vector) if means.names else None

    def enroll(self, name: str, uploads: Sequence[tuple[bytes, np.ndarray]]) -> int:
        """Add pictures of a person, each with its vector; return how many there are then.

        InputError where the name, or the kind of a picture, cannot be kept, or the disk is full.
        """
        name = checked_name(name)
        named = {}
        for data, vector in uploads:
            named[_file_name(data)] = data, vector
        with self.lock:
            for file, (data, _) in named.items():
                self._keep(name, file, data)
            self.vectors.setdefault(name, {}).update(
                {file: vector for file, (_, vector) in named.items()}
            )
            self._changed()
            return len(self.vectors[name])

    def remove(self, given: str) -> bool:
        """Forget a person; return whether there was one.

        Pictures that were uploaded are deleted, those put there by hand go to FORGOTTEN.
        """
        name = checked_name(given)
        with self.lock:
            if name not in self.vectors:
                return False
            # First the pictures: whoever is killed in between leaves vectors without a picture,
            # which the next start drops.
            for file in self.vectors[name]:
                self._forget(name, file)
            del self.vectors[name]
            if self.folder is not None:
                with contextlib.suppress(OSError):  # other files are in it, which stay
                    os.rmdir(os.path.join(self.folder, name))
            self._changed()
            return True

    def _keep(self, name: str, file: str, data: bytes) -> None:
        if self.folder is not None:
            with files.replacing(os.path.join(self.folder, name, file), "wb") as stream:
                stream.write(data)

    def _forget(self, name: str, file: str) -> None:
        """Take a picture away; an upload has its hash for a name."""
        if self.folder is None:
            return
        path = os.path.join(self.folder, name, file)
        with contextlib.suppress(FileNotFoundError):
            if os.path.splitext(file)[0] == files.sha256(path)[:HASHED]:
                os.remove(path)
            else:
                _set_aside(path, os.path.join(self.folder, FORGOTTEN, name))

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
        for name, paths in _people_in(self.folder).items():
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


def _set_aside(path: str, folder: str) -> None:
    """Move a file into a folder, under a name that is free there."""
    os.makedirs(folder, exist_ok=True)
    place, number = os.path.join(folder, os.path.basename(path)), 0
    while os.path.lexists(place):
        number += 1
        place = os.path.join(folder, f"{number}_{os.path.basename(path)}")
    os.rename(path, place)


def _people_in(folder: str) -> dict[str, list[str]]:
    """Return {person: pictures}, none where there is nobody yet."""
    people = {}
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.is_dir() and not entry.name.startswith("."):
            people[entry.name] = gallery.pictures_in(entry.path)
    return {name: paths for name, paths in people.items() if paths}


def _file_name(data: bytes) -> str:
    """Return the name that a picture is kept by; InputError where folders have no such pictures."""
    kind = pictures.kind_of(data, "picture")
    if kind not in ENDINGS:
        raise InputError(f"picture: of the kind {kind}; give one of {', '.join(ENDINGS)}")
    return hashlib.sha256(data).hexdigest()[:HASHED] + ENDINGS[kind]
