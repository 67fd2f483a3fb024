"""Weights of a model's folder: as protobuf reads them, or refused where they are not the net's."""

import numpy as np
import pytest
from model_copies import refused

from allinone import engines, model, surgery, weights_file


def change_weights(folder, name, change):
    """Change the weights of a caffemodel, {layer: its blobs}, by Caffe's own protobuf."""
    weights = surgery.read_weights(str(folder / name))
    change({one.name: one.blobs for one in weights.layer})
    (folder / name).write_bytes(weights.SerializeToString())


def with_a(value):
    """Return what makes a weight of conv3 a value."""

    def change(blobs):
        blobs["conv3"][0].data[7] = value

    return change


def of_another_shape(blobs):
    blobs["conv3"][0].shape.dim[:] = list(blobs["conv3"][0].shape.dim)[::-1]


def of_fewer_numbers(blobs):
    del blobs["conv3"][0].data[3:]


def of_a_negative_shape(blobs):
    """Of no numbers: 0 is the product of -1 and 0."""
    blobs["conv3"][0].shape.dim[:] = [-1, 0]
    del blobs["conv3"][0].data[:]


def without_biases(blobs):
    del blobs["conv3"][1]


WEIGHTS = {
    "NaN": (with_a(np.nan), "weights of 'conv3' are no numbers"),
    "infinite": (with_a(np.inf), "weights of 'conv3' are no numbers"),
    "another shape": (of_another_shape, "layer 'conv3' has weights of the shapes"),
    "fewer numbers": (of_fewer_numbers, "an array of 3 numbers"),
    "a negative shape": (of_a_negative_shape, "an array of 0 numbers that should have"),
    "no biases": (without_biases, "layer 'conv3' has weights of the shapes"),
}


@pytest.mark.parametrize("name", [model.FUSED[1], model.DENSE[1]])
@pytest.mark.parametrize("what", WEIGHTS)
def test_weights_that_do_not_fit_or_are_no_numbers_are_refused_by_name(model_copy, name, what):
    change, part = WEIGHTS[what]
    change_weights(model_copy, name, change)
    for engine in engines.ENGINES:
        refused(model_copy, engine, str(model_copy / name), part)


def test_a_caffemodel_that_is_none_is_refused(model_copy, rng):
    for data in (b"", b"\x0a\xff", b"\x00" * 50, rng.bytes(1000)):
        (model_copy / model.FUSED[1]).write_bytes(data)
        refused(model_copy, "opencv", model.FUSED[1])


def test_weights_are_those_that_protobuf_reads(model_copy):
    ours = weights_file.read(str(model_copy / model.FUSED[1]))
    theirs = surgery.read_weights(str(model_copy / model.FUSED[1]))
    assert set(ours) == {one.name for one in theirs.layer if one.blobs}
    for one in theirs.layer:
        for array, blob in zip(ours.get(one.name, []), one.blobs):
            np.testing.assert_array_equal(array, surgery.blob_array(blob))
