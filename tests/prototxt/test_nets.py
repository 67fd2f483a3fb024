"""The generated nets: committed files, sizes of FACTS, order of the deploy net."""
import os

import pytest

import allinone  # noqa: F401  (quiets Caffe before it is imported)
import caffe
import caffe_nets
from allinone import tasks
from conftest import ROOT
from prototxt import generate, towers


def test_the_committed_files_are_what_the_generator_writes(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert generate.main(["--check"]) == 0
    for path, _ in generate.generated_files():
        with open(path, encoding="utf-8") as stream:
            assert "Generated" in stream.readline()


def test_a_changed_file_is_noticed(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert generate.main([]) == 0 and generate.main(["--check"]) == 0
    with open("solvers/mini.prototxt", "a", encoding="utf-8") as stream:
        stream.write("# mine\n")
    os.remove("prototxt/paper/deploy.prototxt")
    assert generate.main(["--check"]) == 1
    complaint = capsys.readouterr().err
    assert "solvers/mini.prototxt" in complaint and "prototxt/paper/deploy.prototxt" in complaint


def shapes(profile):
    net = caffe_nets.net(str(towers.deploy_net(profile)), caffe.TEST)
    return {name: tuple(blob.shape[1:]) for name, blob in net.blobs.items()}


def test_the_paper_profile_has_the_papers_sizes():
    """Section III-B and the published table of the identity network."""
    found = shapes(tasks.PAPER)
    assert found["data"] == (3, 227, 227)
    for name, shape in dict(conv1=(96, 55, 55), pool1=(96, 27, 27), conv2=(256, 27, 27), pool2=(256, 13, 13), conv3=(384, 13, 13),
                            conv4=(384, 13, 13), conv5=(512, 13, 13), conv6=(512, 13, 13), conv7=(512, 13, 13), pool7=(512, 6, 6),
                            conv1a=(256, 6, 6), conv3a=(256, 6, 6), pool5=(512, 6, 6), fused=(1024, 6, 6), conv_all=(256, 6, 6),
                            fc_full=(2048,), fc6=(1024,), fc7=(512,), descriptor=(512,), landmarks=(42,), visibility=(21,),
                            pose=(3,), detection=(2,), smile=(2,), gender=(2,), age=(1,)).items():
        assert found[name] == shape, name
    for task in ("detection", "landmarks", "visibility", "pose", "smile"):
        assert found[f"fc_{task}"] == (512,)


def test_the_mini_profile_fuses_3x3_maps():
    found = shapes(tasks.MINI)
    assert {found[name][1:] for name in ("conv1a", "conv3a", "pool5", "conv_all")} == {(3, 3)}
    assert all(found[task.output] == (task.size,) for task in tasks.TASKS)


@pytest.mark.parametrize("profile", tasks.PROFILES.values(), ids=tasks.PROFILES)
def test_stage_one_ends_before_anything_that_only_stage_two_needs(profile):
    layers = [layer.name for layer in towers.deploy_net(profile).layer]
    last = max(layers.index(task.output) for task in tasks.TASKS if task.stage == 1)
    for name in ("conv6", "conv7", "fc_smile", "fc1_gender", "fc1_age", "fc6"):
        assert layers.index(name) > last


def test_the_losses_are_weighted_as_the_table_says():
    net = towers.train_net(tasks.PAPER, "db", 10548)
    weights = {layer.top[0]: layer.loss_weight[0] for layer in net.layer if layer.loss_weight}
    assert weights["det/loss_detection"] == 1 and weights["det/loss_landmarks"] == 5 and weights["det/loss_pose"] == 5
    assert weights["det/loss_visibility"] == 0.5 and weights["gender/loss_gender"] == 2
    assert len(weights) == len(tasks.TASKS)
