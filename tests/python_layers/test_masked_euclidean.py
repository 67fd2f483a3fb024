import caffe_nets
import numpy as np
import pytest

LAYER = """force_backward: true
layer { name: "loss" type: "Python" bottom: "x" bottom: "label" bottom: "mask" top: "loss"
  loss_weight: 5 python_param { module: "python_layers.masked_euclidean" layer: "MaskedEuclidean"
    param_str: '{"factor": 0.25}' } }
"""


@pytest.fixture
def made(rng):
    shape = (3, 4)
    net = caffe_nets.net(caffe_nets.inputs(x=shape, label=shape, mask=shape) + LAYER)
    for name in ("x", "label"):
        net.blobs[name].data[...] = rng.normal(size=shape)
    net.blobs["mask"].data[...] = [[1, 1, 0, 1], [0, 0, 0, 0], [0, 1, 0, 0]]
    return net


def test_loss_of_what_is_known_averaged_over_rows_with_something_known(made):
    off = made.blobs["x"].data.astype(float) - made.blobs["label"].data
    known = off[0, 0] ** 2 + off[0, 1] ** 2 + off[0, 3] ** 2 + off[2, 1] ** 2
    assert made.forward()["loss"].item() == pytest.approx(0.25 * known / 2, rel=1e-6)


def test_the_gradient_is_the_numeric_one_times_the_weight(made):
    made.forward()
    made.backward()
    gradient = made.blobs["x"].diff.copy()
    numeric = 5 * caffe_nets.numeric_gradient(
        lambda: made.forward()["loss"].item(), made.blobs["x"].data, 0.01
    )
    np.testing.assert_allclose(gradient, numeric, atol=1e-4)
    assert not gradient[1].any()


def test_a_batch_without_labels_costs_nothing(made):
    made.blobs["mask"].data[...] = 0
    assert made.forward()["loss"].item() == 0
    made.backward()
    assert not made.blobs["x"].diff.any()
