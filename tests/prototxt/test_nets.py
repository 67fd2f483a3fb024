"""The generated nets: committed files, sizes of FACTS, order of the deploy net."""

import os

import caffe_nets
import numpy as np
import pytest
from conftest import ROOT

from allinone import schedules, surgery, tasks
from allinone.pycaffe import caffe
from prototxt import deploy, generate, solvers, towers


def test_the_committed_files_are_what_the_generator_writes(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert generate.main(["--check"]) == 0
    for path, _ in generate.generated_files():
        with open(path, encoding="utf-8") as stream:
            assert "Generated" in stream.readline()


def test_a_changed_file_is_noticed(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert generate.main([]) == 0 and generate.main(["--check"]) == 0
    with open("solvers/tiny/joint.prototxt", "a", encoding="utf-8") as stream:
        stream.write("# mine\n")
    os.remove("prototxt/paper/deploy.prototxt")
    assert generate.main(["--check"]) == 1
    complaint = capsys.readouterr().err
    assert (
        "solvers/tiny/joint.prototxt" in complaint and "prototxt/paper/deploy.prototxt" in complaint
    )


def test_a_file_that_no_generator_writes_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    generate.main([])
    (tmp_path / "solvers" / "tiny" / "old.prototxt").write_text("# left from before\n")
    generate.main(["--check"])
    assert "solvers/tiny/old.prototxt is not written by the generator" in capsys.readouterr().err


def shapes(profile):
    net = caffe_nets.net(str(deploy.deploy_net(profile)), caffe.TEST)
    return {name: tuple(blob.shape[1:]) for name, blob in net.blobs.items()}


def test_the_paper_profile_has_the_papers_sizes():
    """Section III-B and the published table of the identity network."""
    found = shapes(profiles.PAPER)
    assert found["data"] == (3, 227, 227)
    for name, shape in dict(
        conv1=(96, 55, 55),
        pool1=(96, 27, 27),
        conv2=(256, 27, 27),
        pool2=(256, 13, 13),
        conv3=(384, 13, 13),
        conv4=(384, 13, 13),
        conv5=(512, 13, 13),
        conv6=(512, 13, 13),
        conv7=(512, 13, 13),
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
    ).items():
        assert found[name] == shape, name
    for task in ("detection", "landmarks", "visibility", "pose", "smile"):
        assert found[f"fc_{task}"] == (512,)


def test_the_mini_profile_fuses_3x3_maps():
    found = shapes(profiles.TINY)
    assert {found[name][1:] for name in ("conv1a", "conv3a", "pool5", "conv_all")} == {(3, 3)}
    assert all(found[task.output] == (task.size,) for task in tasks.TASKS)


@pytest.mark.parametrize("profile", profiles.PROFILES.values(), ids=profiles.PROFILES)
def test_stage_one_ends_before_anything_that_only_stage_two_needs(profile):
    layers = [layer.name for layer in deploy.deploy_net(profile).layer]
    last = max(layers.index(task.output) for task in tasks.TASKS if task.stage == 1)
    for name in ("conv6", "conv7", "fc_smile", "fc1_gender", "fc1_age", "fc6"):
        assert layers.index(name) > last


def test_the_losses_are_weighted_as_the_table_says():
    """Eq. 8: HyperFace's weights of detection, landmarks, visibility, pose and gender; identity and smile 1."""
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


def test_the_age_loss_of_the_paper_switches_at_20000():
    net = surgery.read_net(os.path.join(ROOT, "prototxt", "paper", "joint.prototxt"))
    assert [
        layer.python_param.param_str for layer in net.layer if layer.name == "age/loss_age"
    ] == ['{"switch": 20000, "ramp": 0, "iter_size": 1}']


def test_the_identity_net_of_the_paper_has_10548_people():
    for job in ("pretrain", "id", "joint"):
        net = surgery.read_net(os.path.join(ROOT, "prototxt", "paper", f"{job}.prototxt"))
        assert [
            layer.inner_product_param.num_output for layer in net.layer if layer.name == "id/fc8"
        ] == [10548]


def test_hyperface_has_the_sizes_of_its_paper():
    """arXiv 1603.01249: AlexNet; conv1a and conv3a 256x6x6 beside pool5, 768 maps reduced to 192, fc 3072, five heads of 512."""
    net = caffe_nets.net(str(deploy.bare_net(profiles.PAPER, ("hyperface",))), caffe.TEST)
    found = {name.split("/")[1]: tuple(blob.shape[1:]) for name, blob in net.blobs.items()}
    for name, shape in dict(
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
        detection=(2,),
        landmarks=(42,),
        visibility=(21,),
        pose=(3,),
        gender=(2,),
    ).items():
        assert found[name] == shape, name
    assert net.params["hyperface/conv2"][0].data.shape == (
        256,
        48,
        5,
        5,
    )  # two groups, as in AlexNet


@pytest.fixture(scope="module", params=["tiny", "paper"])
def crop_and_dense(request):
    """The deploy net with random weights, and the fully convolutional one with the same."""
    profile = profiles.PROFILES[request.param]
    definitions = [deploy.deploy_net(profile), deploy.dense_net(profile)]
    nets = [caffe_nets.net(str(definition), caffe.TEST) for definition in definitions]
    parameters = {
        name: blob.data
        for layer, names in surgery.parameter_names(definitions[0]).items()
        for name, blob in zip(names, nets[0].params[layer])
    }
    surgery.transplant(nets[1], definitions[1], parameters, "random weights", cast=True)
    return profile, *nets


def run(net, batch):
    net.blobs["data"].reshape(*batch.shape)
    net.blobs["data"].data[...] = batch
    net.forward()
    return {
        name: net.blobs[name].data.copy()
        for name in ("detection", "landmarks", "visibility", "pose")
    }


def test_the_dense_net_is_the_deploy_net_where_it_sees_one_crop(crop_and_dense, rng):
    profile, crop, dense = crop_and_dense
    batch = rng.normal(size=(2, 3, profile.input_size, profile.input_size)).astype(np.float32)
    on_crop, densely = run(crop, batch), run(dense, batch)
    for name, values in on_crop.items():
        assert densely[name].shape == (*values.shape, 1, 1)
        np.testing.assert_allclose(
            densely[name].reshape(values.shape), values, atol=1e-5, err_msg=name
        )
        assert np.ptp(values) > 1e-3


def test_the_dense_net_looks_every_32_pixels(crop_and_dense, rng):
    """Moving the picture by 32 pixels moves the answers by one window, 96 pixels from the border on, where no zero padding is seen."""
    profile, _, dense = crop_and_dense
    side = profile.input_size
    picture = rng.normal(size=(1, 3, side + 5 * 32, side + 6 * 32)).astype(np.float32)
    whole, moved = run(dense, picture), run(dense, np.ascontiguousarray(picture[:, :, 32:, 64:]))
    assert whole["landmarks"].shape == (1, 42, 6, 7)
    for name, values in whole.items():
        np.testing.assert_allclose(
            moved[name][0, :, 3:, 3:], values[0, :, 4:, 5:], atol=1e-4, err_msg=name
        )


@pytest.mark.parametrize(
    "job", ["pretrain", "det", "smile", "gender", "age", "id", "hyperface", "joint"]
)
def test_every_net_trains_and_tests_under_caffes_own_solver(chain, tmp_path, job):
    """What `caffe train` does: the committed kind of solver, stepping, testing and snapshotting by itself."""
    profile, plan = profiles.TINY, schedules.JOBS["tiny"][job]
    net = towers.train_net(profile, plan, str(chain / "db"), 6, validation=2)
    text = solvers.solver_text(
        profile, plan, str(tmp_path / "net.prototxt"), str(tmp_path / "iter"), iterations=2
    )
    text = text.replace("test_iter: 50", "test_iter: 2").replace(
        "test_interval: 300", "test_interval: 1"
    )
    (tmp_path / "net.prototxt").write_text(str(net))
    (tmp_path / "solver.prototxt").write_text(text)
    solver = caffe.get_solver(str(tmp_path / "solver.prototxt"))
    test = solver.test_nets[0]
    solver.solve()
    assert (tmp_path / "iter_iter_2.solverstate").is_file()
    weights = surgery.one_of_each(
        surgery.by_name(net, surgery.read_weights(str(tmp_path / "iter_iter_2.caffemodel")), "x"),
        "x",
    )
    assert {
        name: int(array.item()) for name, array in weights.items() if name.endswith("/count")
    } == {
        **{f"{tower}_data/count": 2 for tower in plan.towers},
        **({"age_loss/count": 2} if "age" in plan.towers else {}),
    }
    losses = {name: float(blob.data) for name, blob in test.blobs.items() if "/loss_" in name}
    assert set(losses) == {
        f"{tower}/loss_{task.name}"
        for tower in plan.towers
        for task in towers.tasks_of(tower)
        if task.name != "identity"
    }
    assert all(np.isfinite(value) for value in losses.values())
