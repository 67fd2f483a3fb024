"""The nets against figure 3 and section III-B: sizes, weights, what is fused, what is shared."""

import caffe_nets
import pytest

from allinone import profiles, tasks
from allinone.pycaffe import caffe
from prototxt import deploy

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
