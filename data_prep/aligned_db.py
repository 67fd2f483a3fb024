"""Databases of aligned faces, one a tower, from records; nothing but counts and a few faces stays in memory."""
import array
import collections
import contextlib
import dataclasses
import functools
import itertools
import json
import multiprocessing
import os

import cv2
import numpy as np

from allinone import align, files, landmarks, snapshots, store
from allinone.analyzer import FaceAnalyzer
from allinone.errors import InputError
from allinone.progress import Progress
from data_prep.convert import DROPPED, Dropped
from data_prep.sources import image_path, of_splits, origin_of

JPEG_QUALITY = 92
CHUNK = 32         # faces that a process aligns at a time
LABEL_OF = dict(smile="smile", gender="gender", age="age", id="identity")


def _align_some(annotations, records, size):
    """Return for each annotation its aligned face, JPEG-encoded, or a Dropped."""
    cv2.setNumThreads(1)
    return [_align_one(annotation, records, size) for annotation in annotations]


def _align_one(annotation, records, size):
    try:
        image = files.read_image(image_path(records, annotation.image))
    except InputError as error:
        return Dropped(annotation.image, "unreadable picture", str(error))
    try:
        face = align.warp(image, annotation.landmark_array(), size, annotation.visibility_array(), align.MARGIN)
    except InputError as error:
        return Dropped(annotation.image, "landmarks do not fit", str(error))
    return cv2.imencode(".jpg", face, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()


def located(annotations, records, model):
    """Yield annotations; one without landmarks gets those that a fused model finds in its box, looking twice.

    As the paper does with HyperFace where a set has none (section III-C). A picture that cannot be read stays as it is.
    """
    analyzer = FaceAnalyzer(model)
    for annotation in annotations:
        if annotation.landmarks is None:
            regions = np.float32([annotation.box])
            with contextlib.suppress(InputError):
                image = files.read_image(image_path(records, annotation.image))
                for _ in range(2):
                    found = analyzer.look(image, regions)
                    regions = landmarks.face_rectangle(found["landmarks"])
                annotation = dataclasses.replace(annotation, landmarks=found["landmarks"][0].tolist(), visibility=found["visibility"][0].tolist())
        yield annotation


def in_order(pool, work, items, ahead):
    """Yield (item, result) of work(list of items) over chunks, in order, with at most `ahead` chunks under way: memory stays flat."""
    under_way, items = collections.deque(), iter(items)
    for chunk in iter(lambda: list(itertools.islice(items, CHUNK)), []):
        under_way.append((chunk, pool.apply_async(work, (chunk,))))
        if len(under_way) >= ahead:
            chunk, results = under_way.popleft()
            yield from zip(chunk, results.get())
    for chunk, results in under_way:
        yield from zip(chunk, results.get())


def usable(face, with_model):
    """Tell whether an annotation is a face that can be aligned."""
    return face.box is not None and (face.landmarks is not None or bool(with_model))


def survey(annotations, towers, with_model):
    """Return (faces to align, faces without landmarks, {tower: faces with its label}, {identity: class}) of an iterator of annotations."""
    total, bare, labelled, people = 0, 0, dict.fromkeys(towers, 0), set()
    for face in annotations:
        bare += face.box is not None and face.landmarks is None
        if not usable(face, with_model):
            continue
        total += 1
        for tower in towers:
            labelled[tower] += getattr(face, LABEL_OF[tower]) is not None
        if "id" in towers and face.identity is not None:
            people.add(face.identity)
    return total, bare, labelled, {number: place for place, number in enumerate(sorted(people))}


class TowerWriter:
    """The database of one tower in the making: faces, label statistics, and the faces that were dropped."""

    def __init__(self, tower, folder, classes):
        self.tower, self.folder, self.classes = tower, folder, classes
        self.writer, self.values, self.dropped = store.Writer(folder), array.array("d"), collections.Counter()
        self.losses = open(os.path.join(folder, DROPPED), "w", encoding="utf-8")

    def add(self, annotation, face):
        """Add an aligned face, or note that it was dropped; a face without the tower's label is none of it."""
        if getattr(annotation, LABEL_OF[self.tower]) is None:
            return
        if isinstance(face, Dropped):
            self.dropped[face.reason] += 1
            self.losses.write(json.dumps(dataclasses.asdict(face)) + "\n")
        else:
            self.writer.add(face, *_label(self.tower, annotation, self.classes))
            self.values.append(getattr(annotation, LABEL_OF[self.tower]))

    def close(self, **about):
        """Finish the database and write its manifest; InputError where no face is in it."""
        self.losses.close()
        if not self.writer.count:
            with open(self.losses.name, encoding="utf-8") as lines:
                raise InputError(f"tower {self.tower}: every face was dropped; the first: {json.loads(next(lines))['detail']}")
        extra = dict(identities=len(self.classes)) if self.tower == "id" else {}
        count = self.writer.count
        files.write_json(os.path.join(self.folder, store.MANIFEST), dict(
            tower=self.tower, count=count, hash=self.writer.close(), dropped=dict(self.dropped), labels=store.summary(self.values), **about, **extra))


def build_aligned(records, out, towers, profile, workers=None, training_set="", splits=None, model=None):
    """Write one database of aligned faces per tower from the records that have its label, into <out>/<tower>.

    Faces without landmarks are left out, or located by a fused model where one is given (its folder). A face that cannot be
    aligned is named in the database's dropped.jsonl. The databases appear when all are finished. training_set: name of
    the database within the tower's folder, where a tower learns from several sets; splits: of the records, None for all.
    """
    for folder in (os.path.join(out, tower) for tower in towers if training_set):
        if os.path.isfile(os.path.join(folder, store.MANIFEST)):
            raise InputError(f"{folder}: is a database itself, so none can stand in it; remove it, or build without --set")
    total, bare, labelled, classes = survey(of_splits(records, splits), towers, model)
    for tower, count in labelled.items():
        if not count:
            raise InputError(f"{records}: no face with landmarks and the field '{LABEL_OF[tower]}', which tower {tower} learns from; "
                             "add the labels or leave the tower out with --towers")
    size, workers = align.stored_size(profile.input_size), workers or os.cpu_count()
    with contextlib.ExitStack() as stack:
        partial = {tower: stack.enter_context(files.replacing_folder(os.path.join(out, tower, training_set))) for tower in towers}
        writers = [TowerWriter(tower, folder, classes) for tower, folder in partial.items()]
        progress, faces = Progress("aligning faces", total), (a for a in of_splits(records, splits) if usable(a, model))
        with multiprocessing.get_context("spawn").Pool(workers) as pool:
            for annotation, face in in_order(pool, functools.partial(_align_some, records=records, size=size), located(faces, records, model) if model else faces, 4 * workers):
                for writer in writers:
                    writer.add(annotation, face)
                progress.step()
        for writer in writers:
            writer.close(size=size, input_size=profile.input_size, origin=[origin_of(records)], without_landmarks=bare, landmarks_from=model and files.sha256(snapshots.weights_of(model)))


def _label(tower, annotation, classes):
    """Return the Datum label, and for age the floats (age, sigma; 0 = not given)."""
    if tower == "id":
        return (classes[annotation.identity],)
    if tower == "age":
        return round(annotation.age), (annotation.age, annotation.age_sigma or 0)
    return (getattr(annotation, LABEL_OF[tower]),)
