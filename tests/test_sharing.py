"""What the kit builds on: Caffe shares parameters by name. Real runs on tiny nets (compare BVLC Caffe's own tests)."""
import numpy as np
import pytest

import allinone  # noqa: F401  (quiets Caffe before it is imported)
import caffe
import caffe_nets
from allinone import surgery, tasks
from prototxt import towers

TOWER = """
layer { name: "%(t)s/data" type: "DummyData" top: "%(t)s/data" top: "%(t)s/target" dummy_data_param {
  shape { dim: 3 dim: 4 } shape { dim: 3 dim: 2 }
  data_filler { type: "constant" value: %(v)s } data_filler { type: "constant" value: 0.3 } } }
layer { name: "%(t)s/fc" type: "InnerProduct" bottom: "%(t)s/data" top: "%(t)s/fc" %(p)s
  inner_product_param { num_output: 2 weight_filler { type: "constant" value: 0.2 } } }
layer { name: "%(t)s/prelu" type: "PReLU" bottom: "%(t)s/fc" top: "%(t)s/fc" %(a)s }
layer { name: "%(t)s/loss" type: "EuclideanLoss" bottom: "%(t)s/fc" bottom: "%(t)s/target" top: "%(t)s/loss" }
"""
NAMED = dict(p='param { name: "fc/w" lr_mult: 1 } param { name: "fc/b" lr_mult: 2 }', a='param { name: "fc/a" }')
PRIVATE = dict(p="param { lr_mult: 1 } param { lr_mult: 2 }", a="param { lr_mult: 1 }")


def two_towers(sharing):
    return "".join(TOWER % dict(t=t, v=v, **sharing) for t, v in (("a", -0.5), ("b", -1.5)))


def parameters(net, tower):
    return [blob for layer in (f"{tower}/fc", f"{tower}/prelu") for blob in net.params[layer]]


def test_named_parameters_stay_equal_and_unnamed_ones_part(tmp_path):
    for sharing, equal in ((NAMED, True), (PRIVATE, False)):
        solver = caffe_nets.solver(two_towers(sharing), tmp_path)
        start = parameters(solver.net, "a")[0].data.copy()
        solver.step(3)
        a, b = [parameters(solver.net, tower)[0].data for tower in "ab"]
        assert not np.array_equal(a, start)
        assert np.array_equal(a, b) == equal


def test_the_gradients_of_the_towers_add_up(tmp_path):
    gradients = {}
    for name, sharing in (("shared", NAMED), ("private", PRIVATE)):
        net = caffe_nets.net(two_towers(sharing))
        net.clear_param_diffs()
        net.forward()
        net.backward()
        gradients[name] = [[blob.diff.copy() for blob in parameters(net, tower)] for tower in "ab"]
    for shared, a, b in zip(gradients["shared"][0], *gradients["private"]):
        assert a.any() and b.any()
        np.testing.assert_allclose(shared, a + b, rtol=1e-5)


def test_snapshot_and_resume_go_on_as_if_nothing_had_happened(tmp_path):
    whole = caffe_nets.solver(two_towers(NAMED), tmp_path)
    whole.step(3)
    whole.snapshot()
    whole.step(3)
    again = caffe_nets.solver(two_towers(NAMED), tmp_path)
    again.restore(str(tmp_path / "snap_iter_3.solverstate"))
    again.step(3)
    for tower in "ab":
        for blob, other in zip(parameters(whole.net, tower), parameters(again.net, tower)):
            np.testing.assert_array_equal(blob.data, other.data)


@pytest.fixture(scope="module")
def mini():
    return towers.bare_net(tasks.MINI), caffe_nets.net(str(towers.bare_net(tasks.MINI)), caffe.TEST)


def test_every_shared_parameter_of_the_kit_is_one_memory(mini):
    definition, net = mini
    places = {}
    for layer, names in surgery.parameter_names(definition).items():
        for number, name in enumerate(names):
            assert name, f"{layer} has an unnamed, so private, parameter"
            places.setdefault(name, []).append((layer, number))
    for marker, (name, copies) in enumerate(sorted(places.items()), 1):
        first, number = copies[0]
        net.params[first][number].data[...] = marker
        for layer, number in copies:
            assert (net.params[layer][number].data == marker).all(), f"{name} in {layer} is not the one of {first}"


def test_what_is_shared_is_what_the_paper_shares(mini):
    """Section III-B: conv1 to conv6 by all that have them, the fusion branch by the subject-independent tasks."""
    shared_by = {}
    for layer, names in surgery.parameter_names(mini[0]).items():
        tower, base = layer.split("/")
        for name in names:
            assert name.split("/")[0] == base.replace("prelu_", "")
            shared_by.setdefault(name.split("/")[0], set()).add(tower)
    everyone, late = {"det", "smile", "gender", "age", "id"}, {"gender", "age", "id"}
    for number in range(1, 6):
        assert shared_by[f"conv{number}"] == everyone
    assert shared_by["conv6"] == late and shared_by["conv7"] == {"id"}
    for branch in ("conv1a", "conv3a", "conv_all", "fc_full"):
        assert shared_by[branch] == {"det", "smile"}
