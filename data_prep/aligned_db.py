"""Databases of aligned faces, one a tower, built in one reading of a records file.

Memory stays flat: it holds counts, the labels as numbers, and a few faces.
"""

from __future__ import annotations

import array
import collections
import contextlib
import dataclasses
import functools
import json
import os
from collections.abc import Iterable, Sequence

import numpy as np

from allinone import align, files, folders, store, tasks
from allinone.errors import InputError
from allinone.parallel import Workers, in_order
from allinone.profiles import Profile
from data_prep.align_faces import Aligned, align_lines
from data_prep.conversion import DROPPED
from data_prep.reader import Dropped
from data_prep.sources import Reading, Splits

CHUNK = 32  # our choice: faces that a process aligns at a time
WAITING = "faces.part"  # in the folder of a database in the making


class TowerDatabase:
    """The database of one tower in the making: faces, statistics, and what was dropped."""

    def __init__(self, tower: str, folder: str) -> None:
        """Begin the database of a tower in an empty folder."""
        self.tower, self.folder = tower, folder
        self.writer = store.Writer(folder)
        self.values, self.reasons = array.array("d"), collections.Counter()
        self.groups = array.array("B")  # age and gender, by turns
        self.useful = False  # whether a face with landmarks has come
        self.dropped = open(os.path.join(folder, DROPPED), "w", encoding="utf-8")

    def add(self, aligned: Aligned) -> None:
        """Add a face, or note that it was dropped; one without the tower's label is passed over."""
        label = aligned.labels.get(self.tower)
        if label is None:
            return
        if aligned.has_landmarks:
            self.useful = True
            self._know(label)
        if isinstance(aligned.face, Dropped):
            self.reasons[aligned.face.reason] += 1
            self.dropped.write(json.dumps(dataclasses.asdict(aligned.face)) + "\n")
        else:
            self.values.append(label.value)
            self.groups.extend(aligned.group)
            self._keep(aligned.face, label)

    def _know(self, label):
        """Note the label of a face with landmarks, whether its picture can be read or not."""

    def _keep(self, face, label):
        """Write a face."""
        self.writer.add(face, round(label.value), label.numbers)

    def _finish(self):
        """Write what could not be written before all faces were known; return it for people."""
        groups = np.frombuffer(self.groups, np.uint8).reshape(-1, 2)
        np.save(os.path.join(self.folder, store.GROUPS), groups)
        return {}

    def close(self, **about) -> None:
        """Finish the database and write its manifest; InputError where no face is in it."""
        self.dropped.close()
        if not self.values:
            with open(self.dropped.name, encoding="utf-8") as lines:
                first = json.loads(next(lines))
            raise InputError(
                f"tower {self.tower}: every face was dropped; the first: {first['detail']}"
            )
        extra = self._finish()
        manifest = dict(
            tower=self.tower,
            count=self.writer.count,
            hash=self.writer.close(),
            dropped=dict(self.reasons),
            labels=store.summary(self.values),
            files=store.hashes(self.folder),
            **about,
            **extra,
        )
        files.write_json(os.path.join(self.folder, store.MANIFEST), manifest)


class PeopleDatabase(TowerDatabase):
    """The database of a tower that learns who somebody is.

    Classes are the ranks of the people's numbers, which nobody knows before the last record. Until
    then the faces wait, one after another, in a plain file.
    """

    def __init__(self, tower: str, folder: str) -> None:
        """Begin the database of a tower in an empty folder."""
        super().__init__(tower, folder)
        self.arrivals = {}  # {person: how many were known before}
        self.names = {}  # {person: name, "" where it is not known}
        self.people, self.sizes = array.array("L"), array.array("L")  # of the faces that wait
        self.waiting = open(os.path.join(folder, WAITING), "w+b")

    def _know(self, label):
        self.arrivals.setdefault(label.value, len(self.arrivals))
        self.names.setdefault(label.value, label.name)

    def _keep(self, face, label):
        self.people.append(self.arrivals[label.value])
        self.sizes.append(len(face))
        self.waiting.write(face)

    def _finish(self):
        classes = array.array("L", [0] * len(self.arrivals))
        for place, person in enumerate(sorted(self.arrivals)):
            classes[self.arrivals[person]] = place
        self.waiting.seek(0)
        for person, size in zip(self.people, self.sizes):
            self.writer.add(self.waiting.read(size), classes[person])
        self.waiting.close()
        os.remove(self.waiting.name)
        names = [self.names[person] for person in sorted(self.arrivals)]
        return dict(identities=len(classes), **({"names": names} if any(names) else {}))


def _database(tower, folder):
    """Begin the database of a tower."""
    is_descriptor = tasks.aligned_task(tower).kind == tasks.DESCRIPTOR
    return PeopleDatabase(tower, folder) if is_descriptor else TowerDatabase(tower, folder)


def _refuse_useless(records: str, databases: Iterable[TowerDatabase]) -> None:
    """Raise InputError where no face with landmarks had the label of a tower."""
    for tower in sorted(database.tower for database in databases if not database.useful):
        raise InputError(
            f"{records}: no face with landmarks and the field '{tasks.aligned_task(tower).label}', "
            f"which tower {tower} learns from; add the labels or leave the tower out with "
            "--towers; --landmarks-from MODEL finds landmarks"
        )


def refuse_set_in_database(places: Iterable[str]) -> None:
    """Raise InputError where a folder that is to hold a database for each set is one itself."""
    for folder in places:
        if os.path.isfile(os.path.join(folder, store.MANIFEST)):
            raise InputError(
                f"{folder}: is a database itself, so none can stand in it; remove it, or build "
                "without --set"
            )


def build_aligned(
    records: str,
    out: str,
    towers: Sequence[str],
    profile: Profile,
    workers: Workers = None,
    training_set: str = "",
    splits: Splits = None,
) -> None:
    """Write a database of aligned faces for each tower into <out>/<tower>.

    Each holds the faces that have the tower's label. A face without landmarks
    (data_prep.landmark_finder finds them), or one that cannot be aligned, is named in the
    database's dropped.jsonl. The databases appear when all are finished. training_set: name of the
    database within the tower's folder, where a tower learns from several sets; splits: parts of
    the records, None for all. InputError where no face has the label of a tower.
    """
    places = {tower: os.path.join(out, tower) for tower in towers}
    if training_set:
        folders.plain_name(training_set, "--set")
        refuse_set_in_database(places.values())
    size, reading = align.stored_size(profile.input_size), Reading(records)
    work = functools.partial(
        align_lines,
        records=records,
        size=size,
        towers=tuple(places),
        splits=splits,
        eyes=profile.eyes,
    )
    with contextlib.ExitStack() as stack:
        made = {}
        for tower in sorted(places):  # as every process: none waits for another that waits for it
            place = os.path.join(places[tower], training_set)
            made[tower] = stack.enter_context(folders.replacing(place, store.KIND, [records]))
        databases = [_database(tower, made[tower]) for tower in places]
        with reading.progress("aligning faces") as progress:
            for (_, text), aligned in in_order(work, reading.lines(), workers, CHUNK):
                progress.step(len(text))
                for database in databases:
                    database.add(aligned)
        _refuse_useless(records, databases)
        about = dict(size=size, input_size=profile.input_size, eyes=profile.eyes, splits=splits)
        for database in databases:
            database.close(**about, origin=[reading.origin()])
