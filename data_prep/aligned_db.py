"""Databases of aligned faces, one a tower, from records; nothing but counts and a few faces stays in memory."""

import array
import collections
import contextlib
import dataclasses
import functools
import json
import os

from allinone import align, files, record, store
from allinone.errors import InputError
from allinone.parallel import in_order
from allinone.progress import Progress
from data_prep.align_faces import align_lines
from data_prep.conversion import DROPPED
from data_prep.reader import Dropped
from data_prep.sources import origin_of

CHUNK = 32  # faces that a process aligns at a time
LABEL_OF = dict(smile="smile", gender="gender", age="age", id="identity")


def refuse_useless(records, towers, splits):
    """Raise InputError where no face of a records file, in some splits, has landmarks and the label of a tower; looks no further than it must."""
    wanted = set(towers)
    for face in record.read(records):
        if face.landmarks is not None and (splits is None or face.split in splits):
            wanted = {tower for tower in wanted if getattr(face, LABEL_OF[tower]) is None}
            if not wanted:
                return
    for tower in sorted(wanted):
        raise InputError(
            f"{records}: no face with landmarks and the field '{LABEL_OF[tower]}', which tower {tower} learns from; "
            "add the labels or leave the tower out with --towers; --landmarks-from MODEL finds landmarks"
        )


def people_of(records, splits):
    """Return {identity: class} of the faces of a records file, in some splits, that have landmarks."""
    faces = (
        face
        for face in record.read(records)
        if face.landmarks is not None and (splits is None or face.split in splits)
    )
    return {
        number: place
        for place, number in enumerate(sorted({face.identity for face in faces} - {None}))
    }


class TowerWriter:
    """The database of one tower in the making: faces, label statistics, and the faces that were dropped."""

    def __init__(self, tower, folder, classes):
        self.tower, self.folder, self.classes = tower, folder, classes
        self.writer, self.values, self.dropped = (
            store.Writer(folder),
            array.array("d"),
            collections.Counter(),
        )
        self.losses = open(os.path.join(folder, DROPPED), "w", encoding="utf-8")

    def add(self, labels, face):
        """Add an aligned face, or note that it was dropped; a face without the tower's label is none of it."""
        value = getattr(labels, LABEL_OF[self.tower])
        if value is None:
            return
        if isinstance(face, Dropped):
            self.dropped[face.reason] += 1
            self.losses.write(json.dumps(dataclasses.asdict(face)) + "\n")
        else:
            self.writer.add(face, *_datum_label(self.tower, labels, self.classes))
            self.values.append(value)

    def close(self, **about):
        """Finish the database and write its manifest; InputError where no face is in it."""
        self.losses.close()
        if not self.writer.count:
            with open(self.losses.name, encoding="utf-8") as lines:
                raise InputError(
                    f"tower {self.tower}: every face was dropped; the first: {json.loads(next(lines))['detail']}"
                )
        extra = dict(identities=len(self.classes)) if self.tower == "id" else {}
        count = self.writer.count
        files.write_json(
            os.path.join(self.folder, store.MANIFEST),
            dict(
                tower=self.tower,
                count=count,
                hash=self.writer.close(),
                dropped=dict(self.dropped),
                labels=store.summary(self.values),
                **about,
                **extra,
            ),
        )


def build_aligned(records, out, towers, profile, workers=None, training_set="", splits=None):
    """Write one database of aligned faces per tower from the records that have its label, into <out>/<tower>.

    A face without landmarks (data_prep.locate finds them), or one that cannot be aligned, is named in the database's dropped.jsonl. The databases appear when all are finished. training_set: name of the database within the tower's
    folder, where a tower learns from several sets; splits: of the records, None for all.
    """
    for folder in (os.path.join(out, tower) for tower in towers if training_set):
        if os.path.isfile(os.path.join(folder, store.MANIFEST)):
            raise InputError(
                f"{folder}: is a database itself, so none can stand in it; remove it, or build without --set"
            )
    refuse_useless(records, towers, splits)
    classes = people_of(records, splits) if "id" in towers else {}
    size = align.stored_size(profile.input_size)
    with contextlib.ExitStack() as stack:
        partial = {
            tower: stack.enter_context(
                files.replacing_folder(os.path.join(out, tower, training_set))
            )
            for tower in towers
        }
        writers = [TowerWriter(tower, folder, classes) for tower, folder in partial.items()]
        progress = Progress("aligning faces", sum(1 for _ in record.lines(records)))
        for _, (labels, face) in in_order(
            functools.partial(align_lines, records=records, size=size, splits=splits),
            record.lines(records),
            workers,
            CHUNK,
        ):
            progress.step()
            if face is not None:
                for writer in writers:
                    writer.add(labels, face)
        for writer in writers:
            writer.close(
                size=size, input_size=profile.input_size, splits=splits, origin=[origin_of(records)]
            )


def _datum_label(tower, labels, classes):
    """Return the Datum label, and for age the floats (age, sigma; 0 = not given)."""
    if tower == "id":
        return (classes[labels.identity],)
    if tower == "age":
        return round(labels.age), (labels.age, labels.age_sigma or 0)
    return (getattr(labels, LABEL_OF[tower]),)
