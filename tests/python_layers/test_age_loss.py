import numpy as np
import pytest

import caffe_nets

LAYER = """force_backward: true
layer { name: "loss" type: "Python" bottom: "age" bottom: "label" bottom: "sigma" top: "loss" loss_weight: 1
  param { lr_mult: 0 decay_mult: 0 }
  python_param { module: "python_layers.age_loss" layer: "AgeLoss" param_str: '{"switch": %d}' } }
"""


def make(switch, age, label, sigma):
    n = len(age)
    made = caffe_nets.net(caffe_nets.inputs(age=(n, 1), label=(n,), sigma=(n,)) + LAYER % switch)
    for name, values in (("age", np.reshape(age, (n, 1))), ("label", label), ("sigma", sigma)):
        made.blobs[name].data[...] = values
    return made


def loss_and_gradient(made):
    loss = float(made.forward()["loss"])
    made.backward()
    return loss, made.blobs["age"].diff.copy()


def test_before_the_switch_it_is_half_the_squared_error():
    loss, gradient = loss_and_gradient(make(100, [30, 50], [33, 46], [0, 2]))
    assert loss == pytest.approx((9 / 2 + 16 / 2) / 2)
    np.testing.assert_allclose(gradient.ravel(), [-3 / 2, 4 / 2])


def test_after_the_switch_it_is_the_gaussian_of_eq_6_with_sigma_3_where_none_is_given():
    loss, gradient = loss_and_gradient(make(0, [30, 50], [33, 46], [0, 2]))
    given, standard = 1 - np.exp(-16 / (2 * 4)), 1 - np.exp(-9 / (2 * 9))
    assert loss == pytest.approx((given + standard) / 2, rel=1e-6)
    np.testing.assert_allclose(gradient.ravel(), [-3 / 9 * np.exp(-0.5) / 2, 4 / 4 * np.exp(-2) / 2], rtol=1e-5)


@pytest.mark.parametrize("switch", [0, 10 ** 6])
def test_the_gradient_is_the_numeric_one(switch, rng):
    made = make(switch, rng.uniform(20, 40, 6), rng.uniform(25, 35, 6), [0, 2, 5, 0, 3, 8])
    made.blobs["label"].data[3] = -1                          # no label
    _, gradient = loss_and_gradient(made)
    numeric = caffe_nets.numeric_gradient(lambda: float(made.forward()["loss"]), made.blobs["age"].data, 0.05)
    np.testing.assert_allclose(gradient, numeric, rtol=2e-2, atol=2e-4)
    assert gradient[3] == 0


def test_the_switch_comes_at_its_iteration():
    made = make(2, [30], [40], [0])
    losses = [float(made.forward()["loss"]) for _ in range(4)]
    assert losses[:2] == [50, 50] and losses[2] == losses[3] == pytest.approx(1 - np.exp(-100 / 18), rel=1e-5)


@pytest.mark.parametrize("switch", [0, 10 ** 6])
def test_a_batch_without_labels_costs_nothing(switch):
    loss, gradient = loss_and_gradient(make(switch, [30, 70], [-1, -1], [0, 0]))
    assert loss == 0 and not gradient.any()


def test_the_count_is_a_blob_that_a_snapshot_keeps(tmp_path):
    made = make(3, [30], [40], [0])
    for _ in range(3):
        made.forward()
    made.save(str(tmp_path / "kept.caffemodel"))
    again = make(3, [30], [40], [0])
    again.copy_from(str(tmp_path / "kept.caffemodel"))
    assert float(again.forward()["loss"]) < 1                 # already Gaussian
