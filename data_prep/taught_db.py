"""The database of aligned faces with a teacher's descriptors, built in one reading of the records.

No label is needed. Memory holds the descriptors, and a few faces.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator

from allinone import align, folders, record, store
from allinone.errors import InputError
from allinone.parallel import Workers, in_order
from allinone.profiles import Profile
from allinone.progress import Progress
from allinone.tasks import DISTILL
from data_prep.align_faces import Aligned, Label, pictures_of
from data_prep.aligned_db import CHUNK, TowerDatabase, refuse_set_in_database
from data_prep.sources import Reading, Splits, refuse_apart
from data_prep.teacher import Teacher


class Chosen:
    """The faces of a records file of which a teacher has a descriptor, in their order."""

    def __init__(self, records: str, teacher: Teacher, splits: Splits) -> None:
        """Prepare to read a records file; splits: the parts that are wanted, None for all."""
        self.teacher, self.splits, self.reading = teacher, splits, Reading(records)
        self.without = 0  # faces that are wanted and have no descriptor
        self.example = ""  # a picture that the records name
        self.parts: set[str] = set()  # those that they name

    def faces(self) -> Iterator[tuple[record.FaceRecord, Label]]:
        """Yield (face, what is learnt of it); to be called once. InputError as `refuse_apart`."""
        lines, path = self.reading.lines(), self.reading.records
        read = (record.parse(text, path, number) for number, text in lines)
        for image, some in refuse_apart(record.by_picture(read), path):
            self.example = self.example or image
            for place, face in enumerate(some):
                descriptor = self.teacher.descriptor_of(image, place, len(some))
                self.parts.add(face.split or "none")
                if self.splits is not None and face.split not in self.splits:
                    continue
                if descriptor is None:
                    self.without += face.is_face()
                    continue
                yield face, Label(0, tuple(descriptor.tolist()))


def align_chosen(items, records: str, size: int, eyes: float) -> list[Aligned]:
    """Return what comes of (face, label) pairs; size, eyes: of `pictures_of`."""
    faces = [face for face, _ in items]
    found = []
    for (face, label), picture in zip(items, pictures_of(faces, records, size, eyes)):
        found.append(Aligned({DISTILL: label}, picture, face.landmarks is not None))
    return found


def build_taught(
    records: str,
    teacher: Teacher,
    out: str,
    profile: Profile,
    workers: Workers = None,
    training_set: str = "",
    splits: Splits = None,
) -> None:
    """Write the database <out>/distill of the faces of which a teacher has a descriptor.

    training_set: name of the database within that folder, where there are several sets; splits:
    parts of the records, None for all. A face that cannot be aligned is named in the database's
    dropped.jsonl. Prints how many faces and descriptors fit. InputError where none does.
    """
    place, chosen = place_of(out, training_set), Chosen(records, teacher, splits)
    size = align.stored_size(profile.input_size)
    work = functools.partial(align_chosen, records=records, size=size, eyes=profile.eyes)
    with folders.replacing(place, store.KIND, [records, teacher.path]) as folder:
        database = TowerDatabase(DISTILL, folder)
        with Progress("aligning faces", None) as progress:
            for _, aligned in in_order(work, chosen.faces(), workers, CHUNK):
                database.add(aligned)
                progress.step()
        refuse_useless(chosen, database)
        database.close(
            size=size,
            input_size=profile.input_size,
            eyes=profile.eyes,
            splits=splits,
            origin=[chosen.reading.origin()],
            descriptor=teacher.numbers,
            teacher=dict(descriptors=teacher.path, sha256=teacher.sha256),
        )
    print(f"{place}: {database.writer.count} {in_words(chosen)}")


def place_of(out: str, training_set: str) -> str:
    """Return the folder of a database, or of a set within it; InputError where it has no sets."""
    place = os.path.join(out, DISTILL)
    if not training_set:
        return place
    folders.plain_name(training_set, "--set")
    refuse_set_in_database([place])
    return os.path.join(place, training_set)


def in_words(chosen: Chosen) -> str:
    """Return how many faces and descriptors do not fit, after the last face."""
    teacher = chosen.teacher
    return (
        f"faces with a descriptor of {teacher.numbers} numbers; {chosen.without} faces have none, "
        f"{len(teacher.left())} of {len(teacher.rows)} names in {teacher.path} are of no picture "
        f"of {chosen.reading.records}"
    )


def refuse_useless(chosen: Chosen, database: TowerDatabase) -> None:
    """Raise InputError where no face with landmarks has a descriptor."""
    path, records = chosen.teacher.path, chosen.reading.records
    if not chosen.example:
        raise InputError(f"{records}: is empty; give records of the faces that {path} describes")
    if not chosen.teacher.fitting:
        raise InputError(
            f"{path}: 'image' has no name of a picture of {records}; names there are like "
            f"{next(iter(chosen.teacher.rows))!r}, here like {chosen.example!r}: make them the same"
        )
    if not database.useful:
        wanted = chosen.parts if chosen.splits is None else chosen.splits
        raise InputError(
            f"{records}: no face of the parts {', '.join(sorted(wanted))} has both landmarks and a "
            f"descriptor in {path}; its parts are {', '.join(sorted(chosen.parts))}, and "
            "--landmarks-from MODEL finds landmarks"
        )
