"""The loss by a teacher's descriptors, and its gradient."""

import caffe_nets
import numpy as np
import pytest

LAYER = """force_backward: true
layer { name: "loss" type: "Python" bottom: "x" bottom: "label" top: "loss" loss_weight: 3
  python_param { module: "python_layers.teacher_loss" layer: "TeacherLoss" } }
"""


@pytest.fixture
def made(rng):
    shape = (4, 3)
    net = caffe_nets.net(caffe_nets.inputs(x=shape, label=shape) + LAYER)
    for name in ("x", "label"):
        net.blobs[name].data[...] = rng.normal(size=shape)
    return net


def loss_of(net):
    """Return the loss of a net as it is filled."""
    return net.forward()["loss"].item()


def test_it_compares_how_faces_deviate_from_their_mean(made):
    """By hand: one of four deviates at a right angle, one at 60 degrees, two as they should."""
    root = np.sqrt(3) / 2
    known = np.float32([[1, 0, 0], [-1, 0, 0], [0, 2, 0], [0, -2, 0]])
    said = np.float32([[0.5, 0, root], [0, 1, 0], [0, 5, 0], [0, -5, 0]])
    said -= said.mean(axis=0)  # the angles are those of what is left
    made.blobs["label"].data[...] = known
    made.blobs["x"].data[...] = said
    cosines = [said[place] @ known[place] / np.linalg.norm(said[place]) for place in range(2)]
    cosines += [said[place] @ known[place] / np.linalg.norm(said[place]) / 2 for place in (2, 3)]
    assert loss_of(made) == pytest.approx(1 - np.mean(cosines), rel=1e-5)
    made.blobs["x"].data[...] = known
    assert loss_of(made) == pytest.approx(0, abs=1e-6)
    made.blobs["x"].data[...] = -known
    assert loss_of(made) == pytest.approx(2)


def test_neither_scale_nor_mean_of_teacher_or_net_matters(made):
    before = loss_of(made)
    made.blobs["label"].data[...] = 50 * made.blobs["label"].data + 7
    made.blobs["x"].data[...] = 0.02 * made.blobs["x"].data - np.float32([1, 2, 3])
    assert loss_of(made) == pytest.approx(before, rel=1e-4)


def test_the_gradient_is_the_numeric_one_times_the_weight(made):
    made.forward()
    made.backward()
    gradient = made.blobs["x"].diff.copy()
    numeric = 3 * caffe_nets.numeric_gradient(lambda: loss_of(made), made.blobs["x"].data, 0.01)
    np.testing.assert_allclose(gradient, numeric, atol=1e-4)
    assert np.abs(gradient).max() > 0.01


def test_faces_that_are_all_one_give_numbers_still(made):
    made.blobs["label"].data[...] = 0.5
    made.blobs["x"].data[...] = 0.5
    assert loss_of(made) == pytest.approx(1)
    made.backward()
    assert np.isfinite(made.blobs["x"].diff).all()


@pytest.mark.parametrize("shapes", [dict(x=(4, 3), label=(4, 2)), dict(x=(1, 3), label=(1, 3))])
def test_descriptors_of_another_length_or_of_one_face_are_no_label(shapes):
    with pytest.raises(Exception, match="same shape, of two faces"):
        caffe_nets.net(caffe_nets.inputs(**shapes) + LAYER)
