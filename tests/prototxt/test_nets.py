"""The nets against figure 3 and section III-B: sizes, weights, what is fused, what is shared."""

import os

import caffe_nets
import numpy as np
import pytest

from allinone import profiles, schedules, surgery, tasks
from allinone.pycaffe import caffe
from prototxt import deploy, solvers, towers

# Figure 3 and the published table of the identity network: weights (out, in, rows, columns).
PAPER_WEIGHTS = dict(
    conv1=(96, 3, 11, 11),
    conv2=(256, 96, 5, 5),
    conv3=(384, 256, 3, 3),
    conv4=(384, 384, 3, 3),
    conv5=(512, 384, 3, 3),
    conv1a=(256, 96, 4, 4),
    conv3a=(256, 384, 2, 2),
    conv_all=(256, 1024, 1, 1),
    fc_full=(2048, 256 * 6 * 6),
    fc_detection=(512, 2048),
    detection_raw=(2, 512),
    fc_landmarks=(512, 2048),
    landmarks=(42, 512),
    fc_visibility=(512, 2048),
    visibility=(21, 512),
    fc_pose=(512, 2048),
    pose=(3, 512),
    fc_smile=(512, 2048),
    smile_raw=(2, 512),
    conv6=(512, 512, 3, 3),
    fc1_gender=(1024, 512 * 6 * 6),
    fc2_gender=(512, 1024),
    gender_raw=(2, 512),
    fc1_age=(1024, 512 * 6 * 6),
    fc2_age=(512, 1024),
    age_raw=(1, 512),
    conv7=(512, 512, 3, 3),
    fc6=(1024, 512 * 6 * 6),
    fc7=(512, 1024),
)
PAPER_OUTPUTS = dict(
    data=(3, 227, 227),
    conv1=(96, 55, 55),
    pool1=(96, 27, 27),
    conv2=(256, 27, 27),
    pool2=(256, 13, 13),
    conv3=(384, 13, 13),
    conv4=(384, 13, 13),
    conv5=(512, 13, 13),
    conv6=(512, 13, 13),
    conv7=(512, 13, 13),
    pool6=(512, 6, 6),
    pool7=(512, 6, 6),
    conv1a=(256, 6, 6),
    conv3a=(256, 6, 6),
    pool5=(512, 6, 6),
    fused=(1024, 6, 6),
    conv_all=(256, 6, 6),
    fc_full=(2048,),
    fc6=(1024,),
    fc7=(512,),
    descriptor=(512,),
    landmarks=(42,),
    visibility=(21,),
    pose=(3,),
    detection=(2,),
    smile=(2,),
    gender=(2,),
    age=(1,),
)
# arXiv 1603.01249: AlexNet; 768 maps are fused and reduced to 192.
HYPERFACE_OUTPUTS = dict(
    conv1=(96, 55, 55),
    conv2=(256, 27, 27),
    conv3=(384, 13, 13),
    conv4=(384, 13, 13),
    conv5=(256, 13, 13),
    pool5=(256, 6, 6),
    conv1a=(256, 6, 6),
    conv3a=(256, 6, 6),
    fused=(768, 6, 6),
    conv_all=(192, 6, 6),
    fc_full=(3072,),
    fc_detection=(512,),
    detection=(2,),
    landmarks=(42,),
    visibility=(21,),
    pose=(3,),
    gender=(2,),
)


def outputs(net):
    return {name.split("/")[-1]: tuple(blob.shape[1:]) for name, blob in net.blobs.items()}


@pytest.fixture(scope="module")
def paper_deploy():
    return caffe_nets.net(str(deploy.deploy_net(profiles.PAPER)), caffe.TEST)


def test_the_fused_net_has_the_papers_weights_and_no_others(paper_deploy):
    found = {}
    for layer, blobs in paper_deploy.params.items():
        if not layer.startswith("prelu_"):
            found[layer] = tuple(blobs[0].data.shape)
            assert blobs[1].data.shape == (found[layer][0],), layer
    assert found == PAPER_WEIGHTS


def test_every_hidden_layer_has_a_prelu_and_no_output_has_one(paper_deploy):
    slopes = {layer[len("prelu_") :] for layer in paper_deploy.params if "prelu_" in layer}
    answers = {"detection_raw", "landmarks", "visibility", "pose"}
    answers |= {"smile_raw", "gender_raw", "age_raw"}
    assert slopes == set(PAPER_WEIGHTS) - answers


def test_the_fused_net_has_the_papers_sizes(paper_deploy):
    found = outputs(paper_deploy)
    assert {name: found[name] for name in PAPER_OUTPUTS} == PAPER_OUTPUTS
    for task in ("detection", "landmarks", "visibility", "pose", "smile"):
        assert found[f"fc_{task}"] == (512,)


def test_profile_tiny_fuses_3x3_maps():
    found = outputs(caffe_nets.net(str(deploy.deploy_net(profiles.TINY)), caffe.TEST))
    for name in ("conv1a", "conv3a", "pool5", "conv_all", "pool6", "pool7"):
        assert found[name][1:] == (3, 3), name
    assert all(found[task.output] == (task.size,) for task in tasks.TASKS)


def test_hyperface_has_the_sizes_of_its_paper():
    net = caffe_nets.net(str(deploy.bare_net(profiles.PAPER, ("hyperface",))), caffe.TEST)
    found = outputs(net)
    assert {name: found[name] for name in HYPERFACE_OUTPUTS} == HYPERFACE_OUTPUTS
    assert net.params["hyperface/conv2"][0].data.shape == (256, 48, 5, 5)  # two groups


def test_what_is_fused_are_conv1_conv3_and_conv5():
    layers = {layer.name: list(layer.bottom) for layer in deploy.deploy_net(profiles.TINY).layer}
    assert layers["fused"] == ["conv1a", "conv3a", "pool5"]
    assert (layers["conv1a"], layers["conv3a"], layers["pool5"]) == (
        ["pool1"],
        ["conv3"],
        ["conv5"],
    )
    assert layers["pool1"] == ["conv1"] and layers["pool6"] == ["conv6"]
    assert layers["fc1_gender"] == layers["fc1_age"] == ["pool6"] and layers["conv7"] == ["conv6"]


@pytest.mark.parametrize("profile", profiles.PROFILES.values(), ids=profiles.PROFILES)
def test_stage_one_ends_before_anything_that_only_stage_two_needs(profile):
    layers = [layer.name for layer in deploy.deploy_net(profile).layer]
    last = max(layers.index(task.output) for task in tasks.of_stage(1))
    for name in ("conv6", "conv7", "fc_smile", "fc1_gender", "fc1_age", "fc6"):
        assert layers.index(name) > last


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


@pytest.fixture(scope="module", params=["tiny", "paper"])
def crop_and_dense(request):
    """The deploy net with random weights, and the dense one with the same."""
    profile = profiles.PROFILES[request.param]
    definitions = [deploy.deploy_net(profile), deploy.dense_net(profile)]
    nets = [caffe_nets.net(str(definition), caffe.TEST) for definition in definitions]
    parameters = {}
    for layer, names in surgery.parameter_names(definitions[0]).items():
        for name, blob in zip(names, nets[0].params[layer]):
            parameters[name] = blob.data
    surgery.transplant(nets[1], definitions[1], parameters, "random weights", cast=True)
    return profile, *nets


def run(net, batch):
    net.blobs["data"].reshape(*batch.shape)
    net.blobs["data"].data[...] = batch
    net.forward()
    names = ("detection", "landmarks", "visibility", "pose")
    return {name: net.blobs[name].data.copy() for name in names}


def test_the_dense_net_is_the_deploy_net_where_it_sees_one_crop(crop_and_dense, rng):
    profile, crop, dense = crop_and_dense
    batch = rng.normal(size=(2, 3, profile.input_size, profile.input_size)).astype(np.float32)
    on_crop, densely = run(crop, batch), run(dense, batch)
    for name, values in on_crop.items():
        assert densely[name].shape == (*values.shape, 1, 1)
        same = densely[name].reshape(values.shape)
        np.testing.assert_allclose(same, values, atol=1e-5, err_msg=name)
        assert np.ptp(values) > 1e-3


def test_the_dense_net_looks_every_32_pixels(crop_and_dense, rng):
    """Moving the picture by 32 pixels moves the answers by one window.

    That holds from 96 pixels from the border on, where no zero padding is seen.
    """
    profile, _, dense = crop_and_dense
    side = profile.input_size
    picture = rng.normal(size=(1, 3, side + 5 * 32, side + 6 * 32)).astype(np.float32)
    whole, moved = run(dense, picture), run(dense, np.ascontiguousarray(picture[:, :, 32:, 64:]))
    assert whole["landmarks"].shape == (1, 42, 6, 7)
    for name, values in whole.items():
        np.testing.assert_allclose(
            moved[name][0, :, 3:, 3:], values[0, :, 4:, 5:], atol=1e-4, err_msg=name
        )


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
    losses = {name: float(blob.data) for name, blob in test.blobs.items() if "/loss_" in name}
    expected = set()
    for tower in planned.towers:
        learnt = [task.name for task in tasks.tasks_of(tower) if task.name != "identity"]
        expected |= {f"{tower}/loss_{name}" for name in learnt}
    assert set(losses) == expected and np.isfinite(list(losses.values())).all()
