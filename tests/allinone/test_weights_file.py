"""Weights of a model's folder: as protobuf reads them, or refused where they are not the net's."""

import numpy as np
import pytest
from model_copies import refused, seal

from allinone import FaceAnalyzer, engines, model, surgery, weights_file
from allinone.backend import Backend
from allinone.errors import InputError
from allinone.pycaffe import caffe_pb2


def change_weights(folder, name, change):
    """Change the weights of a caffemodel, {layer: its blobs}, by Caffe's own protobuf."""
    weights = caffe_pb2.NetParameter.FromString((folder / name).read_bytes())
    change({one.name: one.blobs for one in weights.layer})
    (folder / name).write_bytes(weights.SerializeToString())


def with_a(value):
    """Return what makes a weight of conv3 a value."""

    def change(blobs):
        blobs["conv3"][0].data[7] = value

    return change


def enlarging(layer):
    """Return what makes all weights of a layer large numbers."""

    def change(blobs):
        blobs[layer][0].data[:] = [1e38] * len(blobs[layer][0].data)

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


@pytest.mark.parametrize("engine", ["caffe", "opencv"])
@pytest.mark.parametrize("layer, output", [("conv3", "detection"), ("age_raw", "age")])
def test_weights_so_large_that_nothing_comes_of_them_are_refused(
    model_copy, engine, layer, output, recwarn
):
    """An age of NaN came of them, landmarks with NumPy's warnings."""
    change_weights(model_copy, model.FUSED[1], enlarging(layer))
    seal(model_copy)
    picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    with pytest.raises(InputError) as error:
        FaceAnalyzer(str(model_copy), engine).analyze(picture, boxes=[(4, 4, 60, 60)])
    assert f"{model_copy}: '{output}' is NaN, infinite" in str(error.value)
    assert "its weights are damaged" in str(error.value) and not recwarn.list
    change_weights(model_copy, model.DENSE[1], enlarging("conv3"))
    refused(model_copy, engine, "'detection' is NaN, infinite")


@pytest.mark.parametrize(
    "engine, part", [("opencv", "train again"), ("onnxruntime-fp16", "use engine onnxruntime")]
)
@pytest.mark.parametrize("value", [np.nan, np.inf, -2e9])
def test_what_is_no_answer_is_refused_by_its_name(exported_model, engine, part, value):
    """In half precision a healthy model may come to it."""
    backend = Backend(str(exported_model), engine)
    right = backend.net.run

    def run(batch, outputs):
        found = right(batch, outputs)
        return {**found, "pose": np.full_like(found["pose"], value)}

    backend.net.run = run
    with pytest.raises(InputError, match=f"'pose' is NaN.*{part}"):
        backend([np.zeros((115, 115, 3), np.uint8)], stage=1)


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
