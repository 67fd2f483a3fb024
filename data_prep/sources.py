"""Records files as sources of databases: read once from end to end, and where they come from."""

from __future__ import annotations

import collections
import functools
import hashlib
import os
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Optional, TypeVar

from allinone import reading, record
from allinone.errors import InputError
from allinone.progress import Progress
from data_prep.conversion import SUMMARY

SET = "set.json"  # what data_prep.synthetic leaves beside its records
KEPT = ("kind", "count", "identities", "seed")  # fields of it that a manifest repeats

Some = TypeVar("Some")  # the lines of a picture, in any form
Splits = Optional[Collection[str]]  # parts of a records file; None: all


def image_path(records: str, name: str) -> str:
    """Return the path of a picture that a records file names."""
    return os.path.join(os.path.dirname(records), name)


def refuse_apart(pictures: Iterable[tuple[str, Some]], records: str) -> Iterator[tuple[str, Some]]:
    """Yield (picture, its lines) on, as a records file has them.

    InputError where lines of a picture do not stand together: faces in the one place would be
    background in the other. Memory holds a number for each picture.
    """
    seen = set()
    for image, some in pictures:
        if hash(image) in seen:
            raise InputError(
                f"{records}: lines of {image} do not stand together; sort the file by picture"
            )
        seen.add(hash(image))
        yield image, some


class Reading:
    """One reading of a records file, which hashes it on the way."""

    def __init__(self, records: str) -> None:
        """Prepare to read a file; nothing is read yet."""
        self.records = records
        self._digest = hashlib.sha256()

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Yield (number, text) of the lines; to be called once. InputError where no file is."""
        return record.lines(self.records, self._digest.update)

    def progress(self, what: str) -> Progress:
        """Return the progress, in bytes, of work on the lines."""
        size = os.path.getsize(self.records) if os.path.isfile(self.records) else None
        return Progress(what, size, "B")

    @property
    def sha256(self) -> str:
        """Return the hash of what has been read, after the last line that of the file."""
        return self._digest.hexdigest()

    def origin(self) -> dict[str, Any]:
        """Return, after the last line, where the records come from, for the manifest.

        That is path and hash, of a drawn set its kind, count and seed, of a converted one its
        summary.
        """
        folder = os.path.dirname(self.records)
        drawn, summary = os.path.join(folder, SET), os.path.join(folder, SUMMARY)
        known = {}
        if os.path.isfile(drawn):
            settings = reading.read_json(drawn, "draw the set again", dict)
            known = {name: settings[name] for name in KEPT if name in settings}
        if os.path.isfile(summary):
            known["summary"] = reading.read_json(summary, "convert the set again", dict)
        return dict(records=self.records, sha256=self.sha256, **known)


@dataclass(frozen=True)
class Survey:
    """What a records file holds, by one reading."""

    sha256: str
    splits: frozenset[Optional[str]]  # the parts that its records name
    aligned: frozenset[Optional[str]]  # those that have faces with landmarks
    lacking: frozenset[Optional[str]]  # those that have faces whose landmarks are not known
    boxed: frozenset[Optional[str]]  # those that have faces with a box
    unboxed: frozenset[Optional[str]]  # those that have faces without one
    labelled: frozenset[tuple[Optional[str], str]]  # (part, label) of faces with landmarks
    varied: frozenset[tuple[Optional[str], str]]  # those of them whose values differ
    shared: frozenset[str]  # pictures of several faces, one of them without a box

    def has_landmarks(self, splits: Splits) -> bool:
        """Tell whether a face of some splits has landmarks."""
        return any(splits is None or split in splits for split in self.aligned)

    def lacks_landmarks(self, splits: Splits) -> bool:
        """Tell whether a face of some splits has none."""
        return any(splits is None or split in splits for split in self.lacking)

    def has_boxes(self, splits: Splits) -> bool:
        """Tell whether a face of some splits has a box."""
        return any(splits is None or split in splits for split in self.boxed)

    def lacks_boxes(self, splits: Splits) -> bool:
        """Tell whether a face of some splits has none."""
        return any(splits is None or split in splits for split in self.unboxed)

    def has_label(self, label: str, splits: Splits) -> bool:
        """Tell whether a face of some splits has landmarks and a label."""
        known = {split for split, name in self.labelled if name == label}
        return any(splits is None or split in splits for split in known)

    def can_teach(self, label: str, split: str) -> bool:
        """Tell whether faces of a split that have landmarks differ in a label."""
        return (split, label) in self.varied


def survey(records: str) -> Survey:
    """Return what a records file holds; it is read once, as long as it does not change."""
    try:
        state = os.stat(records)
    except OSError:
        return _survey(records, None)  # says what is missing
    return _survey(records, (state.st_mtime_ns, state.st_size))


@functools.lru_cache(maxsize=64)
def _survey(records, state):
    """Read a records file; state: what tells it from an earlier one of the same name."""
    reading, found, first = Reading(records), collections.defaultdict(set), {}
    faces = (record.parse(text, records, number) for number, text in reading.lines())
    for image, some in record.by_picture(faces):
        for face in some:
            found["splits"].add(face.split)
            if face.is_face():
                found["unboxed" if face.lacks_box() else "boxed"].add(face.split)
            if face.landmarks is not None:
                found["aligned"].add(face.split)
                known = [name for name in record.LABELS if getattr(face, name) is not None]
                for key in ((face.split, name) for name in known):
                    found["labelled"].add(key)
                    if first.setdefault(key, getattr(face, key[1])) != getattr(face, key[1]):
                        found["varied"].add(key)
            if face.lacks_landmarks():
                found["lacking"].add(face.split)
        if len(some) > 1 and any(face.lacks_box() for face in some):
            found["shared"].add(image)
    names = ("splits", "aligned", "lacking", "boxed", "unboxed", "labelled", "varied", "shared")
    return Survey(sha256=reading.sha256, **{name: frozenset(found[name]) for name in names})
