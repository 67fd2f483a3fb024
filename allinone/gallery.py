"""People whose pictures are known: enrolled in a gallery, found in other pictures, compared."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from allinone import embeddings, hdf5
from allinone.analysis.inputs import PICTURES, pictures_in
from allinone.analyzer import FaceAnalyzer
from allinone.errors import InputError
from allinone.face import Face
from allinone.model import TPE
from allinone.progress import Progress

MEND = "make one with allinone identify enroll"
FIELDS = dict(name=hdf5.TEXTS, descriptor=hdf5.Array("f", (None, None)), pictures=hdf5.WHOLE)
THRESHOLD = 0.6  # our choice: cosine, of a model whose own threshold nobody has measured


def people_in(folder: str) -> dict[str, list[str]]:
    """Return {person: [pictures]} of a folder of folders, or of pictures <person>_<number>.

    Folders from a dot on are nobody's. InputError where there is none.
    """
    if not os.path.isdir(folder):
        raise InputError(
            f"{folder}: no such folder; give one with a folder of pictures for each person"
        )
    people = {}
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.is_dir() and not entry.name.startswith("."):  # what programs keep for themselves
            people[entry.name] = pictures_in(entry.path)
    for path in pictures_in(folder):
        stem = os.path.splitext(os.path.basename(path))[0]
        people.setdefault(re.sub(r"_\d+$", "", stem), []).append(path)
    people = {name: paths for name, paths in people.items() if paths}
    if not people:
        raise InputError(
            f"{folder}: no picture in it or in its folders (looked for {', '.join(PICTURES)})"
        )
    return people


def _area(face: Face) -> float:
    return float(np.prod(face.box[2:] - face.box[:2]))


def largest(faces: Sequence[Face]) -> Face | None:
    """Return the largest of some faces, who a picture of one person is of, or None."""
    return max(faces, key=_area, default=None)


@dataclass
class Likeness:
    """How alike two faces are: the cosine of their descriptors, or of what an embedding makes."""

    name: str  # of the model and embedding: vectors of different names mean different things
    vector: Callable[[Face], np.ndarray]  # of length 1
    threshold: float  # cosine from which on two faces are one person


def likeness_of(analyzer: FaceAnalyzer, embedded: bool) -> Likeness:
    """Return the likeness by a model's descriptors or, where wanted, by its embedding.

    InputError where the model has no embedding.
    """
    model = analyzer.backend.model
    if not embedded:
        measured = embeddings.plain_threshold(model)
        threshold = THRESHOLD if measured is None else measured
        return Likeness(model.sha256, Face.unit_descriptor, threshold)
    model.path(TPE)  # raises where the model has none
    weights, threshold = embeddings.of_model(model)

    def vector(face: Face) -> np.ndarray:
        return embeddings.apply(weights, face.descriptor)

    return Likeness(f"{model.sha256} tpe", vector, threshold)


@dataclass
class Gallery:
    """People and the mean vector of each, of length 1."""

    names: list[str]
    vectors: np.ndarray  # (n, d)
    pictures: list[int]  # how many each mean is of
    model: str  # name of the Likeness that made the vectors

    def save(self, path: str) -> None:
        """Write the gallery as HDF5, through a temporary name."""
        with hdf5.replacing(path) as data:
            data["name"], data["descriptor"] = hdf5.encoded(self.names), np.float32(self.vectors)
            data["pictures"] = self.pictures
            data.attrs["model"] = self.model

    def nearest(self, vector: np.ndarray) -> tuple[str, float]:
        """Return the most alike person and the cosine."""
        cosines = self.vectors @ vector
        best = int(cosines.argmax())
        return self.names[best], float(cosines[best])


def refuse_other(path: str) -> None:
    """Raise InputError where a file that a gallery would replace is something else."""
    if os.path.isfile(path) and os.path.getsize(path) and not hdf5.is_one(path):
        raise InputError(f"{path}: is there and is no gallery; give another name")


def load(path: str, likeness: Likeness) -> Gallery:
    """Return a gallery; InputError where it is none, is damaged, or is of another model."""
    arrays, attributes = hdf5.read(path, FIELDS, MEND, is_hashed=True)
    names, pictures = arrays["name"].tolist(), arrays["pictures"].tolist()
    gallery = Gallery(names, arrays["descriptor"], pictures, str(attributes.get("model")))
    if gallery.model != likeness.name:
        raise InputError(
            f"{path}: was made with another model, or with or without --tpe, where descriptors "
            "mean something else; enroll the people again"
        )
    return gallery


def _vectors_of(
    analyzer: FaceAnalyzer, likeness: Likeness, paths: Sequence[str], progress: Progress
) -> tuple[list[np.ndarray], int]:
    """Return (the vector of each picture's largest face, how many pictures cannot be read).

    Pictures without a face, and those that cannot be read, are named on standard error.
    """
    found, unread = [], 0
    for path in paths:
        try:
            face = largest(analyzer.analyze(path))
            if face is None:
                Progress.write(f"  {path}: no face found, left out", file=sys.stderr)
            else:
                found.append(likeness.vector(face))
        except InputError as error:
            Progress.write(f"  error: {error}", file=sys.stderr)
            unread += 1
        progress.step()
    return found, unread


def enroll(analyzer: FaceAnalyzer, folder: str, likeness: Likeness) -> tuple[Gallery, int]:
    """Return (gallery of a folder of people, how many pictures cannot be read).

    InputError where no face is found at all.
    """
    people = people_in(folder)
    gallery = Gallery([], np.zeros((0, 0)), [], likeness.name)
    progress, means, unread = Progress("pictures", sum(map(len, people.values()))), [], 0
    for name, paths in people.items():
        found, missing = _vectors_of(analyzer, likeness, paths, progress)
        unread += missing
        if found:
            means.append(embeddings.unit_length(np.mean(found, axis=0)))
            gallery.names.append(name)
            gallery.pictures.append(len(found))
    if not means:
        raise InputError(f"{folder}: no face was found in any picture; is it the right model?")
    gallery.vectors = np.stack(means)
    return gallery, unread
