"""Fold the scales of a net's probabilities into its last layers: every engine then has them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping

import msgspec
import numpy as np

from allinone import embeddings, files, folders, model, model_writing, reading, surgery, tasks
from allinone.errors import InputError
from allinone.model import DENSE, FUSED, PROVENANCE, TPE, Calibration
from allinone.pycaffe import caffe
from prototxt import network

TOLERANCE = 1e-5  # of a raw output from what it has to be, as a share of the largest
PICTURES = 2  # our choice: random inputs that the nets are compared on
HISTORY = "calibration"  # in provenance.json

Calibrations = Mapping[str, Calibration]  # {task: by what it is scaled}


def fold(folder: str, out: str, found: Calibrations) -> float:
    """Write the model of a folder with calibrated answers into the folder `out`, or the same.

    found: of tasks whose answers are probabilities. Return the largest difference of a raw output
    from what it has to be, as a share of the largest; all other outputs are the same to the bit,
    or InputError and nothing is written. ONNX forms are left out, since they have the weights of
    before; scores of detection are turned into what they are now.
    """
    before = model.open_model(folder)
    history = reading.read_json(before.path(PROVENANCE), "fuse again", dict)
    with folders.replacing(out, model.KIND) as partial:
        for name in before.about.files:
            if not name.endswith(".onnx"):
                shutil.copyfile(before.path(name), os.path.join(partial, name))
        difference = 0.0
        for names in (FUSED, DENSE):
            if before.has(names[1]):
                scale_layers(os.path.join(partial, names[1]), found)
                difference = max(difference, compare(before, partial, names, found))
        keep_embedding(partial)
        after = described(before.about, found)
        known = {name: about_of(one) for name, one in after.calibration.items()}
        place = os.path.join(partial, PROVENANCE)
        model_writing.write_history(place, {**history, HISTORY: known})
        model_writing.describe_again(partial, after)
    return difference


def task_of(layer: str, found: Calibrations) -> tasks.Task | None:
    """Return the task whose raw output a layer gives, None where it is not scaled."""
    for name in found:
        task = tasks.BY_NAME[name]
        if layer.rsplit("/", 1)[-1] == network.raw_name(task):
            return task
    return None


def scale_layers(path: str, found: Calibrations) -> None:
    """Scale the last layers of tasks in a caffemodel."""
    weights = surgery.read_weights(path)
    for layer in weights.layer:
        task = task_of(layer.name, found) if layer.blobs else None
        if task:
            shifts = np.float32([0, found[task.name].shift])  # of no and yes
            for blob, shift in zip(layer.blobs, (0, shifts)):
                array = surgery.blob_array(blob) * np.float32(found[task.name].factor) + shift
                blob.data = array.astype("<f4").tobytes()
    with files.replacing(path, "wb") as stream:
        stream.write(weights.SerializeToString())


def compare(before: model.Model, folder: str, names: tuple[str, str], found: Calibrations) -> float:
    """Return how far the raw outputs of a net are from those of before, scaled.

    InputError where that is too far, or where another blob has changed.
    """
    nets = []
    for place in (before.folder, folder):
        net, weights = (os.path.join(place, name) for name in names)
        nets.append(caffe.Net(net, caffe.TEST, weights=weights))
    side, rng, worst = before.input_size, np.random.default_rng(0), 0.0
    batch = rng.normal(size=(PICTURES, 3, side, side)).astype(np.float32)
    for net in nets:
        data = net.blobs[net.inputs[0]]
        data.reshape(*batch.shape)
        data.data[...] = batch
        net.forward()
    answers = {tasks.BY_NAME[name].output for name in found}
    old, new = (net.blobs for net in nets)
    for name in old:
        values = old[name].data
        task = task_of(name, found)
        if task:
            one = found[task.name]
            wanted = values * one.factor
            wanted[:, 1] += one.shift
            off = np.abs(new[name].data - wanted).max() / max(np.abs(wanted).max(), 1)
            worst = max(worst, float(off))
        elif name.rsplit("/", 1)[-1] not in answers and not np.array_equal(values, new[name].data):
            raise InputError(f"{before.folder}: '{name}' would change; nothing was written")
    if not worst <= TOLERANCE:
        raise InputError(
            f"{before.folder}: scaled answers would be off by {worst:.2e}, more than {TOLERANCE:g};"
            " nothing was written"
        )
    return worst


def keep_embedding(folder: str) -> None:
    """Let the embedding in a model's folder, if there is one, belong to the weights beside it.

    The descriptors are the same.
    """
    path = os.path.join(folder, TPE)
    if os.path.isfile(path):
        maps, about = embeddings.load(path)
        about["model"] = files.sha256(os.path.join(folder, FUSED[1]))
        embeddings.save(path, maps, **about)


def described(about: model.About, found: Calibrations) -> model.About:
    """Return what a model's model.json says once it is scaled once more."""
    calibration = dict(about.calibration)
    for name, one in found.items():
        earlier = calibration.get(name, Calibration(1.0))
        calibration[name] = Calibration(
            one.factor * earlier.factor, one.factor * earlier.shift + one.shift, one.found_by
        )
    changed = dict(calibration=calibration)
    if "detection" in found:
        scale = found["detection"].scale
        # A model without a score of its own reports from the usual one on, which is another now.
        usual = model.SCORE if about.score is None else about.score
        changed["score"] = float(scale.applied(usual))
        changed["scores"] = {way: float(scale.applied(one)) for way, one in about.scores.items()}
    return msgspec.structs.replace(about, **changed)


def about_of(one: Calibration) -> dict:
    """Return a calibration as JSON has it."""
    return dict(factor=one.factor, shift=one.shift, **one.found_by)
