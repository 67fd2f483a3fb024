"""The weights of a caffemodel, read without Caffe and checked against the net they are for."""

from __future__ import annotations

import numpy as np

from allinone import reading, wire
from allinone.errors import InputError
from allinone.model import AGAIN
from allinone.nets import MOST_MEMORY, Net

LAYER, LAYER_NAME, LAYER_BLOBS = 100, 1, 7  # fields of Caffe's NetParameter and LayerParameter,
BLOB_DATA, BLOB_SHAPE, SHAPE_DIM = 5, 7, 1  # of BlobProto and BlobShape

Weights = dict[str, list[np.ndarray]]  # {layer: its arrays}


def read(path: str) -> Weights:
    """Return the arrays, float32, of the layers of a caffemodel that have some.

    InputError where it is missing, cut off or none.
    """
    data = memoryview(reading.read_bytes(path, AGAIN, MOST_MEMORY))
    try:
        layers = [
            _layer(wire.content(value)) for number, value in wire.fields(data) if number == LAYER
        ]
    except ValueError as error:
        raise InputError(f"{path}: no caffemodel of the kit ({error}); {AGAIN}") from None
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
    packed, shape = memoryview(b""), []
    for number, value in wire.fields(data):
        if number == BLOB_DATA:
            packed = value
        elif number == BLOB_SHAPE:
            for inside, dims in wire.fields(wire.content(value)):
                shape += wire.numbers(dims) if inside == SHAPE_DIM else []
    return wire.array(packed, shape)


def check(path: str, net: Net) -> Weights:
    """Return the weights of a caffemodel for a net.

    InputError, which names the layer, where they are of another net or not numbers.
    """
    weights, needed = read(path), net.shapes().parameters
    for layer, shapes in needed.items():
        found = [array.shape for array in weights.get(layer, ())]
        if found != shapes:
            raise InputError(
                f"{path}: layer '{layer}' has weights of the shapes {found}, {net.path} needs "
                f"{shapes}; they belong to another net or profile; {AGAIN}"
            )
        refuse_not_finite(weights[layer], path, layer)
    return {layer: weights[layer] for layer in needed}


def refuse_not_finite(arrays: list[np.ndarray], path: str, layer: str) -> None:
    """Raise InputError, which names the layer, where a weight is not a finite number."""
    for array in arrays:
        if not np.isfinite(array).all():
            raise InputError(
                f"{path}: weights of '{layer}' are no numbers (NaN or infinite); get the file "
                "again, or train again with a lower base_lr"
            )
