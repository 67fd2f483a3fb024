"""HyperFace starts from AlexNet: a file of Caffe's layers and shapes, made here."""

import os

import caffe_nets
import numpy as np
import pytest

from allinone import blob, profiles, surgery, tasks
from allinone.errors import InputError
from allinone.pycaffe import L, NetSpec, P, caffe, caffe_pb2
from prototxt import deploy
from tools.training import alexnet, initial

SIDE = 227
SHAPES = dict(  # of models/bvlc_reference_caffenet, weights with the groups of conv2, 4 and 5
    conv1=(96, 3, 11, 11),
    conv2=(256, 48, 5, 5),
    conv3=(384, 256, 3, 3),
    conv4=(384, 192, 3, 3),
    conv5=(256, 192, 3, 3),
)


def reference_net():
    """Return the convolutions of Caffe's deploy.prototxt of the reference net, and a layer more."""
    net = NetSpec()
    net.data = L.Input(shape=dict(dim=[1, 3, SIDE, SIDE]))

    def conv(name, bottom, **settings):
        count = SHAPES[name][0]
        net[name] = L.Convolution(bottom, num_output=count, kernel_size=SHAPES[name][2], **settings)
        net[f"relu{name[-1]}"] = L.ReLU(net[name], in_place=True)
        return net[name]

    def pool(name, bottom):
        net[name] = L.Pooling(bottom, pool=P.Pooling.MAX, kernel_size=3, stride=2)
        return net[name]

    def norm(name, bottom):
        net[name] = L.LRN(bottom, local_size=5, alpha=0.0001, beta=0.75)
        return net[name]

    norm1 = norm("norm1", pool("pool1", conv("conv1", net.data, stride=4)))
    norm2 = norm("norm2", pool("pool2", conv("conv2", norm1, pad=2, group=2)))
    conv4 = conv("conv4", conv("conv3", norm2, pad=1), pad=1, group=2)
    net.fc6 = L.InnerProduct(pool("pool5", conv("conv5", conv4, pad=1, group=2)), num_output=10)
    return caffe_nets.net(str(net.to_proto()), caffe.TEST)


@pytest.fixture(scope="module")
def reference():
    """The reference net with weights whose maps are in the tens, as AlexNet's are."""
    rng, net = np.random.default_rng(1), reference_net()
    for name, shape in SHAPES.items():
        weights, biases = net.params[name]
        assert weights.data.shape == shape
        weights.data[...] = rng.normal(scale=np.sqrt(2 / weights.data[0].size), size=shape)
        biases.data[...] = rng.normal(scale=10, size=biases.data.shape)
    return net


@pytest.fixture(scope="module")
def new_file(reference, tmp_path_factory):
    path = str(tmp_path_factory.mktemp("zoo") / "bvlc_alexnet.caffemodel")
    reference.save(path)
    return path


@pytest.fixture(scope="module")
def old_file(reference, tmp_path_factory):
    """The same in the format of 2014, which the published file has: biases of four dimensions."""
    weights = caffe_pb2.NetParameter(name="CaffeNet")
    weights.layers.add(name="data", type=caffe_pb2.V1LayerParameter.DATA)
    for name, blobs in reference.params.items():
        layer = weights.layers.add(name=name, type=caffe_pb2.V1LayerParameter.CONVOLUTION)
        for one in blobs:
            shape = (1,) * (4 - one.data.ndim) + one.data.shape
            sizes = dict(zip(("num", "channels", "height", "width"), shape))
            layer.blobs.add(data=one.data.ravel().tolist(), **sizes)
    path = str(tmp_path_factory.mktemp("zoo") / "bvlc_reference_caffenet.caffemodel")
    with open(path, "wb") as stream:
        stream.write(weights.SerializeToString())
    return path


def test_layers_become_the_baselines_parameters_in_both_formats(reference, new_file, old_file):
    new, old = alexnet.parameters(new_file), alexnet.parameters(old_file)
    names = {f"hyperface/{name}/{kind}" for name in SHAPES for kind in "wb"}
    assert set(new) == set(old) == names  # fc6 is left
    for name in names:
        np.testing.assert_array_equal(new[name], old[name])
    for name, (weights, biases) in list(reference.params.items())[:5]:
        np.testing.assert_array_equal(new[f"hyperface/{name}/w"], weights.data)
        np.testing.assert_allclose(new[f"hyperface/{name}/b"], biases.data / 58, rtol=1e-6)


def test_every_map_is_alexnets_divided_by_58(reference, old_file, rng):
    """Both nets see one picture: Caffe's as grey levels less the mean, ours as its data layer."""
    definition = deploy.bare_net(profiles.PAPER, (tasks.HYPERFACE,))
    net = caffe_nets.net(str(definition), caffe.TEST)
    parameters = initial.parameters_of(old_file, net)
    report = surgery.transplant(net, definition, parameters, old_file, partial=True)
    assert set(report.matched) == set(parameters) and not report.unused
    picture = rng.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    reference.blobs["data"].data[0] = (picture - np.float32(blob.MEAN)).transpose(2, 0, 1)
    net.blobs["hyperface/input"].data[...] = blob.to_blob([picture])
    reference.forward()
    net.forward()
    for name in ("conv1", "pool1", "norm1", "conv2", "norm2", "conv3", "conv4", "conv5", "pool5"):
        theirs, ours = reference.blobs[name].data / 58, net.blobs[f"hyperface/{name}"].data
        np.testing.assert_allclose(ours, theirs, atol=1e-4 * np.abs(theirs).max(), err_msg=name)
        assert theirs.max() > 0.1, name
    without = reference.blobs["norm1"].data / reference.blobs["pool1"].data.clip(1)
    assert without.min() < 0.95  # the normalization is at work, so that its alpha matters


def test_maps_fit_the_layers_that_start_anew(old_file):
    """Their spread is near 1, as random weights of a layer with an activation expect."""
    net = caffe_nets.net(str(deploy.bare_net(profiles.PAPER, (tasks.HYPERFACE,))), caffe.TEST)
    for name, array in alexnet.parameters(old_file).items():
        layer, kind = name.rsplit("/", 1)
        net.params[layer]["wb".index(kind)].data[...] = array
    pictures = np.random.default_rng(2).integers(0, 256, (1, SIDE, SIDE, 3), dtype=np.uint8)
    net.blobs["hyperface/input"].data[...] = blob.to_blob(pictures)
    net.forward()
    for name in ("pool1", "conv3", "pool5"):
        assert 0.05 < net.blobs[f"hyperface/{name}"].data.std() < 5, name


def test_another_nets_file_is_refused_by_what_it_lacks(tmp_path, new_file):
    path = str(tmp_path / "vgg.caffemodel")
    with open(path, "wb") as stream:
        weights = caffe_pb2.NetParameter()
        weights.layer.add(name="conv1_1").blobs.add(data=[1.0])
        stream.write(weights.SerializeToString())
    with pytest.raises(InputError, match=r"vgg.caffemodel: neither .* conv1, conv2, .*bvlc_ref"):
        alexnet.parameters(path)
    with open(path, "wb") as stream, open(new_file, "rb") as whole:
        stream.write(whole.read()[:-100])
    with pytest.raises(InputError, match="cut off"):
        alexnet.parameters(path)
    with pytest.raises(InputError, match="no such file"):
        alexnet.parameters(os.path.join(tmp_path, "none.caffemodel"))


def test_it_starts_no_other_net_than_the_baseline(new_file):
    net = caffe_nets.net(str(deploy.bare_net(profiles.TINY, ("age",))), caffe.TEST)
    with pytest.raises(InputError, match="AlexNet's weights start job hyperface alone"):
        initial.parameters_of(new_file, net)


def hyperface(chain, out, profile, *more):
    """Return the options of one iteration of the baseline, with a few regions."""
    same = ["--job", "hyperface", "--db", chain / "db", "--out", out, "--iterations", 1]
    return ["--profile", profile, *same, "--batch", 0.02, *more]


def test_the_command_takes_it_and_says_what_it_took(chain, tmp_path, command, old_file):
    done = command("tools.train", *hyperface(chain, tmp_path / "run", "paper", "--init", old_file))
    assert done.returncode == 0, done.stderr
    taken = ", ".join(f"hyperface/{name}" for name in SHAPES)
    assert f"taken over: {taken}\n" in done.stdout and "warning" not in done.stderr


def test_a_profile_whose_sizes_do_not_fit_is_refused(chain, tmp_path, expect_refusal, old_file):
    options = hyperface(chain, tmp_path / "run", "tiny", "--init", old_file)
    expect_refusal("tools.train", options, "hyperface/conv1/w", "(96, 3, 11, 11)", "profile")


def test_a_run_that_has_nothing_of_the_baseline_is_refused(chain, tmp_path, expect_refusal):
    options = hyperface(chain, tmp_path / "run", "tiny", "--init", chain / "run")
    expect_refusal("tools.train", options, "hyperface/conv1/w", "missing")


def test_random_weights_come_with_a_warning(chain, tmp_path, command):
    done = command("tools.train", *hyperface(chain, tmp_path / "run", "tiny"))
    assert done.returncode == 0, done.stderr
    assert "warning: HyperFace starts from random weights" in done.stderr
    assert "bvlc_reference_caffenet.caffemodel" in done.stderr
