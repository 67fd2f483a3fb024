"""The training nets: layers as the fused net has them, weights of losses, Caffe's own solver."""

import os

import numpy as np
import pytest

from allinone import profiles, schedules, surgery, tasks
from allinone.pycaffe import caffe
from prototxt import deploy, solvers, towers


def settings_of(layer):
    """Return what a layer computes, beside its names and how it starts and learns."""
    kept = type(layer)()
    kept.CopyFrom(layer)
    for field in ("name", "bottom", "top", "include", "loss_weight"):
        kept.ClearField(field)
    return str(kept)


def test_training_net_dense_net_and_fused_net_have_the_same_layers():
    """Layer by layer, under each tower's name: kernels, widths, strides and parameter names."""
    fused = {layer.name: layer for layer in deploy.deploy_net(profiles.TINY).layer}
    joint = schedules.JOBS["tiny"]["joint"]
    seen = set()
    for layer in towers.train_net(profiles.TINY, joint, "db", 6, validation=0).layer:
        name = layer.name.split("/")[1]
        if name in ("data", "fc8") or name.startswith("loss_"):
            continue
        assert settings_of(layer) == settings_of(fused[name]), layer.name
        seen.add(name)
    answers = {"detection", "smile", "gender", "descriptor"}  # a softmax or a copy
    assert set(fused) - seen == answers | {"data"}

    for layer in deploy.dense_net(profiles.TINY).layer:
        same = [param.name for param in fused[layer.name].param]
        assert [param.name for param in layer.param] == same
        if layer.type != "Convolution" or fused[layer.name].type == "Convolution":
            assert settings_of(layer) == settings_of(fused[layer.name]), layer.name
        else:
            width = fused[layer.name].inner_product_param.num_output
            assert layer.convolution_param.num_output == width


def test_the_losses_are_weighted_as_the_table_says():
    """Eq. 8: HyperFace's weights of its five tasks; identity and smile 1."""
    net = towers.train_net(profiles.PAPER, schedules.JOBS["paper"]["joint"], "db", 10548)
    weights = {layer.top[0]: layer.loss_weight[0] for layer in net.layer if layer.loss_weight}
    assert weights.pop("age/loss_age") == pytest.approx(1 / 400)
    assert weights == {
        "det/loss_detection": 1,
        "det/loss_landmarks": 5,
        "det/loss_visibility": 0.5,
        "det/loss_pose": 5,
        "smile/loss_smile": 1,
        "gender/loss_gender": 2,
        "id/loss_identity": 1,
    }


@pytest.mark.parametrize("job", ["det", "hyperface"])
def test_squared_errors_have_the_factors_of_hyperface(job):
    net = towers.train_net(profiles.TINY, schedules.JOBS["tiny"][job], "db", 6)
    settings = {
        layer.name.split("/loss_")[1]: layer.python_param.param_str
        for layer in net.layer
        if layer.python_param.layer == "MaskedEuclidean"
    }
    assert settings == {
        "landmarks": '{"factor": 0.02380952}',  # 1/(2 * 21)
        "visibility": '{"factor": 0.04761905}',  # 1/21
        "pose": '{"factor": 0.33333333}',
    }


ALL_KINDS = ["pretrain", "det", "smile", "gender", "age", "id", "hyperface", "joint"]


@pytest.mark.parametrize("job", ALL_KINDS)
def test_every_net_trains_and_tests_under_caffes_own_solver(chain, tmp_path, job):
    """What `caffe train` does: stepping, testing and snapshotting by itself."""
    profile, planned = profiles.TINY, schedules.JOBS["tiny"][job]
    net = towers.train_net(profile, planned, str(chain / "db"), 6, validation=2)
    paths = [os.path.join(tmp_path, name) for name in ("net.prototxt", "iter", "solver.prototxt")]
    text = solvers.solver_text(profile, planned, *paths[:2], iterations=2)
    text = text.replace("test_iter: 50", "test_iter: 2")
    text = text.replace("test_interval: 300", "test_interval: 1")
    (tmp_path / "net.prototxt").write_text(str(net))
    (tmp_path / "solver.prototxt").write_text(text)
    solver = caffe.get_solver(paths[2])
    test = solver.test_nets[0]
    solver.solve()
    assert (tmp_path / "iter_iter_2.solverstate").is_file()
    stored = surgery.read_weights(str(tmp_path / "iter_iter_2.caffemodel"))
    weights = surgery.one_of_each(surgery.by_name(net, stored, "x"), "x")
    counts = {name: int(a.item()) for name, a in weights.items() if name.endswith("/count")}
    expected = {f"{tower}_data/count": 2 for tower in planned.towers}
    if "age" in planned.towers:
        expected["age_loss/count"] = 2
    assert counts == expected
    losses = {name: blob.data.item() for name, blob in test.blobs.items() if "/loss_" in name}
    expected = set()
    for tower in planned.towers:
        learnt = [task.name for task in tasks.tasks_of(tower) if task.name != "identity"]
        expected |= {f"{tower}/loss_{name}" for name in learnt}
    assert set(losses) == expected and np.isfinite(list(losses.values())).all()
