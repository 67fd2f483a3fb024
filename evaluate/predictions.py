"""What a model says of a benchmark's pictures: computed once, kept as JSON lines, so that no metric runs the net again.

predictions.jsonl has a line for each picture: {"image", "faces": [...]}. Faces are those that were found ("detect"), or one for each face
that is annotated, in the same order, or null where nothing was found for it ("faces"). Descriptors stand in descriptors.h5, a row for each face that is not null.
A run that was stopped goes on where it was; one of other weights, records or settings starts anew.
"""

import itertools
import json
import os

import h5py
import numpy as np

from allinone import boxes, dense, files, record, snapshots
from allinone.analyzer import FaceAnalyzer
from allinone.errors import InputError
from allinone.progress import Progress
from allinone.tasks import POSITIVE_IOU

LINES, SETTINGS, DESCRIPTORS = "predictions.jsonl", "settings.json", "descriptors.h5"
SCORE = 0.3  # our choice: least detection score that is kept; Iterative Region Proposals keeps nothing below it
SMALLER = (
    0.7  # our choice: around a known face windows are looked at from this share of its height on
)
DIGITS = 4
WIDTH = 512  # numbers of a descriptor


def models_of(folder, parts):
    """Return {part: model folder} of a model's folder, or of one with fold_01/model, fold_02/model, ... of the parts by name.

    Each fold's model has not learnt from its part (data_prep.databases). A part whose model is missing is left out. InputError where there is no model.
    """
    if os.path.isfile(os.path.join(folder, snapshots.FUSED[0])):
        return dict.fromkeys(parts, folder)
    places = {
        part: os.path.join(folder, f"fold_{number:02d}", "model")
        for number, part in enumerate(sorted(map(str, parts)), 1)
    }
    found = {
        part: place
        for part, place in places.items()
        if os.path.isfile(os.path.join(place, snapshots.FUSED[0]))
    }
    if not found:
        raise InputError(
            f"{folder}: neither a model ({snapshots.FUSED[0]}) nor fold_01/model, ... in it; make fuse or make finetune-<set> writes them"
        )
    return found


def grouped(faces):
    """Return [(image, [FaceRecord])] of records, those of faces without a box among them."""
    return [
        (image, list(some)) for image, some in itertools.groupby(faces, lambda face: face.image)
    ]


def regions_around(analyzer, image, faces, proposals):
    """Return the regions (n, 4) of a picture over which the paper's means are taken: all proposals, those of the dense net not thinned out."""
    if proposals == "dense":
        heights = [face.box[3] - face.box[1] for face in faces if face.box is not None]
        return (
            dense.windows(analyzer.backend, image, SMALLER * min(heights))[0]
            if heights
            else np.zeros((0, 4), np.float32)
        )
    return analyzer.propose(analyzer, image)


def look_at_face(analyzer, image, box, near):
    """Return what stage 1 says of a face: the mean over the regions near (n, 4), or, where there are none, of the box itself, looked at twice."""
    if not len(near):
        return analyzer.look_closer([image], [box])
    return {
        name: values.mean(axis=0, keepdims=True)
        for name, values in analyzer.look(image, near).items()
    }


def box_of(analyzer, image, face):
    """Return the box of an annotated face or, where it has none, that of the best face that is found in its picture, or None."""
    if face.box is not None:
        return face.box
    found = analyzer.detect(image, analyzer.propose(analyzer, image), SCORE)
    return found["boxes"][0].tolist() if len(found["boxes"]) else None


def _plain(values):
    return np.round(np.asarray(values, np.float64), DIGITS).tolist()


def found_line(found):
    """Return plain JSON types of what stage 1 found in a picture."""
    return [
        dict(
            box=_plain(box),
            score=round(float(score), 6),
            landmarks=_plain(points),
            visibility=_plain(seen),
            pose=_plain(angles),
        )
        for box, score, points, seen, angles in zip(
            *(found[name] for name in ("boxes", "score", "landmarks", "visibility", "pose"))
        )
    ]


def describe_faces(analyzer, image, faces, settings):
    """Return (plain JSON types, descriptor or None) of each annotated face of a picture; (None, None) where nothing was found.

    Attributes over regions are said without the landmarks and the rest, which nobody asks for there.
    """
    means = settings["score"] == "mean-regions"
    regions, result = (
        regions_around(analyzer, image, faces, settings["proposals"])
        if means
        else np.zeros((0, 4), np.float32),
        [],
    )
    for face in faces:
        box = box_of(analyzer, image, face)
        if box is None:
            result.append((None, None))
            continue
        near = regions[boxes.iou(regions, [box])[:, 0] > POSITIVE_IOU]
        if means and settings["attributes"] and len(near):
            smile, gender = analyzer.attributes_over_regions(image, box, near)
            result.append(
                (
                    dict(
                        box=_plain(box),
                        regions=len(near),
                        smile=round(smile, DIGITS),
                        gender=round(gender, DIGITS),
                    ),
                    None,
                )
            )
            continue
        seen = look_at_face(analyzer, image, box, near)
        line, descriptor = dict(found_line(seen)[0], regions=len(near)), None
        if settings["stage"] == 2:
            (described,) = analyzer.describe(image, seen)
            line.update(
                smile=round(float(described.smile), DIGITS),
                gender=round(float(described.gender), DIGITS),
                age=round(float(described.age), DIGITS),
            )
            descriptor = described.descriptor
        result.append((line, descriptor))
    return result


def _same(out, settings):
    path = os.path.join(out, SETTINGS)
    return os.path.isfile(path) and files.read_json(path, "delete it") == settings


def _predict(analyzer, path, faces, settings):
    """Return (line, descriptors) of a picture."""
    try:
        image = files.read_image(path)
    except InputError as error:
        return dict(error=str(error), faces=[]), []
    if settings["kind"] == "detect":
        return dict(
            faces=found_line(analyzer.detect(image, analyzer.propose(analyzer, image), SCORE))
        ), []
    both = describe_faces(analyzer, image, faces, settings)
    return dict(faces=[line for line, _ in both]), [
        descriptor for _, descriptor in both if descriptor is not None
    ]


def write_descriptors(path, rows, settings):
    """Write descriptors (n, 512) as HDF5, with the settings that they were made with."""
    with files.replacing(path, "w+b") as stream, h5py.File(stream, "w") as data:
        data["descriptor"] = rows
        data.attrs["settings"] = json.dumps(settings)


def predict(out, folder, pictures, models, settings, engine="caffe", descriptors=False):
    """Return [line] of predictions for [(image, [FaceRecord])], which are computed where they are not there yet.

    folder: what the images' paths are relative to; models: {split: model folder}; settings: dict with kind, proposals, score, stage,
    attributes, and all else that predictions depend on. Leaves LINES, SETTINGS and, on request, DESCRIPTORS in `out`.
    """
    path, partial, rows = (
        os.path.join(out, LINES),
        os.path.join(out, f"{LINES}.partial"),
        os.path.join(out, "descriptors.partial"),
    )
    os.makedirs(out, exist_ok=True)
    if not _same(out, settings):
        for old in (path, partial, rows):
            if os.path.isfile(old):
                os.remove(old)
        files.write_json(os.path.join(out, SETTINGS), settings)
    if not os.path.isfile(path):
        with files.only_one(path):
            _run(partial, rows, folder, pictures, models, settings, engine, descriptors)
            if descriptors:
                write_descriptors(
                    os.path.join(out, DESCRIPTORS),
                    np.fromfile(rows, np.float32).reshape(-1, WIDTH),
                    settings,
                )
            os.replace(partial, path)
            if descriptors:  # last: without it a run that is killed here would start anew
                os.remove(rows)
    with open(path, encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]


def _run(partial, rows, folder, pictures, models, settings, engine, descriptors):
    done = files.whole_lines(partial)
    if descriptors and done:  # what was written last may stand in one file alone
        done, count = _agreeing(partial, rows)
        with open(rows, "r+b") as stream:
            stream.truncate(count * WIDTH * 4)
    progress, analyzer, current = Progress("pictures", len(pictures)), None, None
    progress.step(done)
    with (
        open(partial, "a", encoding="utf-8") as lines,
        open(rows if descriptors else os.devnull, "ab") as numbers,
    ):
        for image, faces in pictures[done:]:
            model = models[faces[0].split]
            if model != current:
                analyzer, current = (
                    FaceAnalyzer(model, engine, proposals=settings["proposals"]),
                    model,
                )
            line, found = _predict(analyzer, os.path.join(folder, image), faces, settings)
            if descriptors:
                for descriptor in found:
                    numbers.write(np.float32(descriptor).tobytes())
                numbers.flush()
            lines.write(json.dumps(dict(image=image, **line)) + "\n")
            lines.flush()
            progress.step()


def _agreeing(partial, rows):
    """Return (lines, descriptors) that both files of a stopped run hold, and cut the lines behind them."""
    there = os.path.getsize(rows) // (WIDTH * 4) if os.path.isfile(rows) else 0
    lines = count = end = 0
    with open(partial, "r+b") as stream:
        for line in stream:
            faces = sum(face is not None for face in json.loads(line)["faces"])
            if count + faces > there:
                break
            lines, count, end = lines + 1, count + faces, end + len(line)
        stream.truncate(end)
    return lines, count


def read_descriptors(out):
    """Return descriptors (n, 512), a row for each face that is not null in the predictions."""
    with h5py.File(os.path.join(out, DESCRIPTORS), "r") as data:
        return data["descriptor"][...]


def settings_of(records, models, **choices):
    """Return the settings of predictions: hashes of records and weights, and the choices."""
    weights = {
        part or "all": files.sha256(snapshots.weights_of(model))
        for part, model in sorted(models.items(), key=str)
    }
    one = set(weights.values())
    return dict(
        records=files.sha256(records), weights=one.pop() if len(one) == 1 else weights, **choices
    )


def all_pairs(pictures, lines):
    """Return [(FaceRecord, prediction)] of all annotated faces, None where nothing was found for one, or its picture cannot be read."""
    return [
        (face, found)
        for (_, faces), line in zip(pictures, lines)
        for face, found in zip(faces, line["faces"] or [None] * len(faces))
    ]


def pair_up(pictures, lines):
    """Return [(FaceRecord, prediction)] of the annotated faces for which there is one."""
    return [(face, found) for face, found in all_pairs(pictures, lines) if found is not None]


def records_in(path):
    """Return the records of a file as a list, by picture."""
    return grouped(record.read(path))
