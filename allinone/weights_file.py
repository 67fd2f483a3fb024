"""The weights of a caffemodel, read without Caffe and checked against the net they are for."""

from __future__ import annotations

import math
import os

import numpy as np

from allinone import wire
from allinone.errors import InputError
from allinone.nets import MOST_MEMORY, Net

LAYER, LAYER_NAME, LAYER_BLOBS = 100, 1, 7  # fields of Caffe's NetParameter and LayerParameter,
BLOB_DATA, BLOB_SHAPE, SHAPE_DIM = 5, 7, 1  # of BlobProto and BlobShape

Weights = dict[str, list[np.ndarray]]  # {layer: its arrays}


def read(path: str) -> Weights:
    """Return the arrays, float32, of the layers of a caffemodel that have some.

    InputError where it is missing, cut off or none.
    """
    if not os.path.isfile(path):
        raise InputError(f"{path}: no such file; get the model again, or fuse again")
    if os.path.getsize(path) > MOST_MEMORY:
        raise InputError(f"{path}: larger than {MOST_MEMORY} bytes; fuse again")
    with open(path, "rb") as stream:
        data = memoryview(stream.read())
    try:
        layers = [
            _layer(wire.content(value)) for number, value in wire.fields(data) if number == LAYER
        ]
    except ValueError as error:
        raise InputError(
            f"{path}: no caffemodel of the kit ({error}); get the model again, or fuse again"
        ) from None
    return {name: blobs for name, blobs in layers if blobs}


def _layer(data: memoryview) -> tuple[str, list[np.ndarray]]:
    name, blobs = "", []
    for number, value in wire.fields(data):
        if number == LAYER_NAME:
            name = wire.text(value)
        elif number == LAYER_BLOBS:
            blobs.append(_blob(wire.content(value)))
    return name, blobs


def _blob(data: memoryview) -> np.ndarray:
    array, shape = np.zeros(0, np.float32), []
    for number, value in wire.fields(data):
        if number == BLOB_DATA:
            array = wire.floats(value)
        elif number == BLOB_SHAPE:
            for inside, dims in wire.fields(wire.content(value)):
                shape += wire.numbers(dims) if inside == SHAPE_DIM else []
    if math.prod(shape) != len(array):
        raise ValueError(f"an array of {len(array)} numbers that should have {shape}")
    return array.reshape(shape)


def check(path: str, net: Net) -> Weights:
    """Return the weights of a caffemodel for a net.

    InputError, which names the layer, where they are of another net or not numbers.
    """
    weights = read(path)
    for layer, shapes in net.shapes().parameters.items():
        found = [array.shape for array in weights.get(layer, ())]
        if found != shapes:
            raise InputError(
                f"{path}: layer '{layer}' has weights of the shapes {found}, {net.path} needs "
                f"{shapes}; they belong to another net or profile; get the model again, fuse again"
            )
        refuse_not_finite(weights[layer], path, layer)
    return {layer: weights[layer] for layer in net.shapes().parameters}


def refuse_not_finite(arrays: list[np.ndarray], path: str, layer: str) -> None:
    """Raise InputError, which names the layer, where a weight is not a finite number."""
    for array in arrays:
        if not np.isfinite(array).all():
            raise InputError(
                f"{path}: weights of '{layer}' are no numbers (NaN or infinite); get the file "
                "again, or train again with a lower base_lr"
            )
