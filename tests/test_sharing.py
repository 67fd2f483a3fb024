"""What the kit builds on: Caffe shares parameters by name.

Real runs on small nets; compare BVLC Caffe's own tests.
"""

import caffe_nets
import numpy as np
import pytest

from allinone import profiles, schedules, surgery, tasks
from allinone.pycaffe import caffe
from prototxt import solvers, towers

TOWER = """
layer { name: "%(t)s/data" type: "DummyData" top: "%(t)s/data" top: "%(t)s/target"
  dummy_data_param { shape { dim: 3 dim: 4 } shape { dim: 3 dim: 2 }
  data_filler { type: "constant" value: %(v)s } data_filler { type: "constant" value: 0.3 } } }
layer { name: "%(t)s/fc" type: "InnerProduct" bottom: "%(t)s/data" top: "%(t)s/fc" %(p)s
  inner_product_param { num_output: 2 weight_filler { type: "constant" value: 0.2 } } }
layer { name: "%(t)s/prelu" type: "PReLU" bottom: "%(t)s/fc" top: "%(t)s/fc" %(a)s }
layer { name: "%(t)s/loss" type: "EuclideanLoss" bottom: "%(t)s/fc" bottom: "%(t)s/target"
  top: "%(t)s/loss" }
"""
NAMED = dict(
    p='param { name: "fc/w" lr_mult: 1 } param { name: "fc/b" lr_mult: 2 }',
    a='param { name: "fc/a" }',
)
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


# ---- The kit's own towers: what the paper shares (section III-B), and the same three behaviours.
EVERYONE, LATE, INDEPENDENT = (
    {"det", "smile", "gender", "age", "id"},
    {"gender", "age", "id"},
    {"det", "smile"},
)
SHARED_LAYERS = {
    **{f"conv{number}": EVERYONE for number in range(1, 6)},
    "conv6": LATE,
    "conv1a": INDEPENDENT,
    "conv3a": INDEPENDENT,
    "conv_all": INDEPENDENT,
    "fc_full": INDEPENDENT,
}


def job(name):
    return schedules.JOBS["tiny"][name]


def training_net(chain, name):
    return towers.train_net(profiles.TINY, job(name), str(chain / "db"), 6, validation=0)


def kit_solver(chain, folder, name):
    definition = training_net(chain, name)
    text = solvers.solver_text(
        profiles.TINY, job(name), f"{folder}/net.prototxt", f"{folder}/iter", by_caffe=False
    )
    for path, content in (("net", str(definition)), ("solver", text)):
        with open(f"{folder}/{path}.prototxt", "w", encoding="utf-8") as stream:
            stream.write(content)
    return definition, caffe.get_solver(f"{folder}/solver.prototxt")


def copies(definition, net):
    """Return {parameter name: [(layer, blob)]} of a net."""
    found = {}
    for layer, names in surgery.parameter_names(definition).items():
        for name, blob in zip(names, net.params[layer]):
            found.setdefault(name, []).append((layer, blob))
    return found


@pytest.fixture(scope="module")
def joint(chain, tmp_path_factory):
    return kit_solver(chain, tmp_path_factory.mktemp("joint"), "joint")


def test_what_is_shared_is_what_the_paper_shares_and_nothing_is_private_by_mistake(joint):
    """Weights, biases and slopes of conv1 to conv6 and of the fusion, by all that have them."""
    definition, solver = joint
    names = surgery.parameter_names(definition)
    for layer, blobs in solver.net.params.items():
        assert len(names.get(layer, ())) == len(blobs) and all(names[layer]), (
            f"{layer} has an unnamed, so private, parameter"
        )
    found = {
        name: {layer.split("/")[0] for layer, _ in blobs}
        for name, blobs in copies(definition, solver.net).items()
    }
    expected = {
        f"{layer}/{blob}": users for layer, users in SHARED_LAYERS.items() for blob in "wba"
    }
    assert {name: users for name, users in found.items() if len(users) > 1} == expected


def test_every_shared_parameter_of_the_kit_is_one_memory(joint):
    definition, solver = joint
    for marker, (name, blobs) in enumerate(sorted(copies(definition, solver.net).items()), 1):
        kept = blobs[0][1].data.copy()
        blobs[0][1].data[...] = marker
        for layer, blob in blobs:
            assert (blob.data == marker).all(), f"{name} in {layer} is not the one of {blobs[0][0]}"
        blobs[0][1].data[...] = kept


def test_the_towers_gradients_add_up_in_the_joint_net(joint, chain):
    """The diff of a shared parameter is the sum of what each tower alone says.

    On the same mini-batch and weights.
    """
    definition, solver = joint
    parameters = {
        name: blobs[0][1].data.copy() for name, blobs in copies(definition, solver.net).items()
    }
    total = {}
    for tower in tasks.TOWERS:
        alone = training_net(chain, tower)
        net = caffe_nets.net(str(alone))
        surgery.transplant(net, alone, parameters, "the joint net")
        net.clear_param_diffs()
        net.forward()
        net.backward()
        for name, blobs in copies(alone, net).items():
            total[name] = total.get(name, 0) + blobs[0][1].diff.astype(np.float64)
    solver.net.clear_param_diffs()
    solver.net.forward()
    solver.net.backward()
    for name, blobs in copies(definition, solver.net).items():
        scale = np.abs(total[name]).max()
        assert scale > 0 or name.endswith("/count"), name
        for layer, blob in blobs:
            np.testing.assert_allclose(
                blob.diff, total[name], atol=1e-4 * scale, err_msg=f"{name} in {layer}"
            )


def test_the_towers_stay_one_net_in_training_and_resume_as_if_nothing_had_happened(chain, tmp_path):
    definition, whole = kit_solver(chain, tmp_path, "joint")
    start = {name: blobs[0][1].data.copy() for name, blobs in copies(definition, whole.net).items()}
    whole.step(2)
    whole.snapshot()
    whole.step(2)
    _, again = kit_solver(chain, tmp_path, "joint")
    again.restore(str(tmp_path / "iter_iter_2.solverstate"))
    again.step(2)
    resumed = copies(definition, again.net)
    for name, blobs in copies(definition, whole.net).items():
        assert not np.array_equal(blobs[0][1].data, start[name]), f"{name} has learnt nothing"
        for (layer, blob), (_, other) in zip(blobs, resumed[name]):
            np.testing.assert_array_equal(blob.data, blobs[0][1].data, err_msg=layer)
            np.testing.assert_array_equal(blob.data, other.data, err_msg=layer)
