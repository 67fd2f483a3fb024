import caffe_nets
import numpy as np
import pytest

from python_layers.age_loss import age_loss

BACKWARD = "force_backward: true\n"
LAYER = """
layer { name: "loss" type: "Python" bottom: "age" bottom: "label" bottom: "sigma" top: "loss"
  loss_weight: 1 param { lr_mult: 0 decay_mult: 0 }
  python_param { module: "python_layers.age_loss" layer: "AgeLoss" param_str: '{"switch": %d%s}' } }
"""


def make(switch, age, label, sigma, more=""):
    n = len(age)
    inputs = caffe_nets.inputs(age=(n, 1), label=(n,), sigma=(n,))
    made = caffe_nets.net(BACKWARD + inputs + LAYER % (switch, more))
    for name, values in (("age", np.reshape(age, (n, 1))), ("label", label), ("sigma", sigma)):
        made.blobs[name].data[...] = values
    return made


def loss_and_gradient(made):
    loss = made.forward()["loss"].item()
    made.backward()
    return loss, made.blobs["age"].diff.copy()


def test_before_the_switch_it_is_half_the_squared_error():
    loss, gradient = loss_and_gradient(make(100, [30, 50], [33, 46], [0, 2]))
    assert loss == pytest.approx((9 / 2 + 16 / 2) / 2)
    np.testing.assert_allclose(gradient.ravel(), [-3 / 2, 4 / 2])


def test_after_the_switch_it_is_the_gaussian_of_eq_6_with_sigma_3_where_none_is_given():
    """Times 36: 36 (1 - exp(-9 / 18)) of the first face, 36 (1 - exp(-16 / 8)) of the second."""
    loss, gradient = loss_and_gradient(make(0, [30, 50], [33, 46], [0, 2]))
    assert loss == pytest.approx((14.164896 + 31.127930) / 2, rel=1e-6)
    np.testing.assert_allclose(  # 36 * -3/9 * exp(-1/2) and 36 * 4/4 * exp(-2), of two faces
        gradient.ravel(), [-7.278368 / 2, 4.872070 / 2], rtol=1e-5
    )


def test_with_weight_1_it_is_eq_6_to_the_letter():
    loss, gradient = loss_and_gradient(make(0, [30, 50], [33, 46], [0, 2], ', "weight": 1'))
    given, standard = 1 - np.exp(-16 / (2 * 4)), 1 - np.exp(-9 / (2 * 9))
    assert loss == pytest.approx((given + standard) / 2, rel=1e-6)
    np.testing.assert_allclose(
        gradient.ravel(), [-3 / 9 * np.exp(-0.5) / 2, 4 / 4 * np.exp(-2) / 2], rtol=1e-5
    )


@pytest.mark.parametrize("switch", [0, 10**6])
def test_the_gradient_is_the_numeric_one(switch, rng):
    made = make(switch, rng.uniform(20, 40, 6), rng.uniform(25, 35, 6), [0, 2, 5, 0, 3, 8])
    made.blobs["label"].data[3] = -1  # no label
    _, gradient = loss_and_gradient(made)
    numeric = caffe_nets.numeric_gradient(
        lambda: made.forward()["loss"].item(), made.blobs["age"].data, 0.05
    )
    np.testing.assert_allclose(gradient, numeric, rtol=2e-2, atol=2e-3)
    assert gradient[3] == 0


def test_the_switch_comes_at_its_iteration():
    made = make(2, [30], [40], [0])
    losses = [made.forward()["loss"].item() for _ in range(4)]
    after = pytest.approx(36 * (1 - np.exp(-100 / 18)), rel=1e-5)
    assert losses[:2] == [50, 50] and losses[2] == losses[3] == after


def test_a_ramp_raises_lambda_evenly_and_its_gradient_is_the_numeric_one():
    made = make(1, [30], [32], [2], ', "ramp": 4')
    square, bell = 2**2 / 2, 36 * (1 - np.exp(-4 / 8))
    for lambda_ in (0, 0.25, 0.5, 0.75, 1, 1):
        loss, gradient = loss_and_gradient(made)
        assert loss == pytest.approx((1 - lambda_) * square + lambda_ * bell, rel=1e-6)
        assert gradient.item() == pytest.approx(
            (1 - lambda_) * -2 + lambda_ * 36 * -2 / 4 * np.exp(-0.5), rel=1e-6
        )


def test_with_iter_size_the_switch_comes_at_the_iteration_not_at_the_forward_pass():
    made = make(2, [30], [40], [0], ', "iter_size": 3')
    losses = [made.forward()["loss"].item() for _ in range(8)]
    after = pytest.approx(36 * (1 - np.exp(-100 / 18)), rel=1e-5)
    assert losses[:6] == [50] * 6 and losses[6] == losses[7] == after


AGE_30 = """
layer { name: "x" type: "DummyData" top: "one" top: "label" top: "sigma"
  dummy_data_param { shape { dim: 1 dim: 1 } shape { dim: 1 } shape { dim: 1 }
    data_filler { type: "constant" value: 1 } data_filler { type: "constant" value: 40 }
    data_filler { type: "constant" value: 0 } } }
layer { name: "fc" type: "InnerProduct" bottom: "one" top: "age" param { lr_mult: 0 }
  inner_product_param { num_output: 1 bias_term: false
    weight_filler { type: "constant" value: 30 } } }
"""


@pytest.mark.parametrize("iter_size", [1, 2])
def test_a_solver_switches_at_its_iteration_also_after_a_resume(tmp_path, iter_size):
    """Through Caffe's own solver, snapshot and restore.

    The losses of iterations 0, 1, 2 and, resumed at 1, again 1 and 2.
    """
    net = AGE_30 + LAYER % (2, f', "iter_size": {iter_size}')
    before, after = 50, 36 * (1 - np.exp(-100 / 18))
    solver = caffe_nets.solver(net, tmp_path, f"iter_size: {iter_size}")
    losses = [steps(solver)]
    solver.snapshot()
    losses += [steps(solver), steps(solver)]
    again = caffe_nets.solver(net, tmp_path, f"iter_size: {iter_size}")
    again.restore(str(tmp_path / "snap_iter_1.solverstate"))
    losses += [steps(again), steps(again)]
    assert losses == pytest.approx([before, before, after, before, after], rel=1e-5)


def steps(solver):
    """Take one iteration; return the loss of its last forward pass."""
    solver.step(1)
    return solver.net.blobs["loss"].data.item()


@pytest.mark.parametrize("switch", [0, 10**6])
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
    assert again.forward()["loss"].item() < 36  # already Gaussian


def slope(off, sigma, gaussian, **weight):
    """Return the gradient of a face that is `off` years too old."""
    loss = age_loss(np.array([40.0 + off]), np.array([40.0]), np.array([sigma]), gaussian, **weight)
    return loss[1].item()


@pytest.mark.parametrize("off, smaller", [(3, 14.8), (5, 36.1), (10, 2328)])
def test_as_printed_the_gaussian_pulls_far_less_than_the_euclidean_loss(off, smaller):
    """exp(off^2 / 18) * 9 times less: why the term has a weight."""
    ratio = slope(off, 3.0, 0.0) / slope(off, 3.0, 1.0, weight=1)
    assert ratio == pytest.approx(smaller, rel=5e-3)


@pytest.mark.parametrize("sigma, ratio", [(0, 0.9974), (3, 0.9974), (4, 1.0301), (6, 0.7066)])
def test_at_5_years_off_both_losses_pull_alike(sigma, ratio):
    """36 / sigma^2 * exp(-25 / (2 sigma^2)), within a factor of 2 for the usual sigmas."""
    found = slope(5, sigma, 1.0) / slope(5, sigma, 0.0)
    assert found == pytest.approx(ratio, rel=1e-3) and 1 / 2 < found < 2


def test_a_face_far_off_pulls_little_and_an_unsure_label_less_than_a_sure_one():
    """The paper's two traits of the Gaussian loss (figure 4), which one weight for all keeps."""
    assert slope(10, 3.0, 1.0) < slope(10, 3.0, 0.0) / 50
    assert slope(1, 6.0, 1.0) < slope(1, 3.0, 1.0) / 3
