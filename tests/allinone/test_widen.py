import caffe_nets
import numpy as np
import pytest
from google.protobuf import text_format

from allinone import profiles, surgery, tasks, widen
from allinone.errors import InputError
from allinone.pycaffe import caffe_pb2
from prototxt import deploy


def random_net(profile, seed):
    """Return (net, definition, parameters) of a profile's deploy net with random weights."""
    text = str(deploy.deploy_net(profile))
    net, definition, rng = (
        caffe_nets.net(text),
        text_format.Parse(text, caffe_pb2.NetParameter()),
        np.random.default_rng(seed),
    )
    parameters = {}
    for layer, names in surgery.parameter_names(definition).items():
        for blob, name in zip(net.params[layer], names):
            blob.data[...] = rng.normal(0, 1 / np.sqrt(max(blob.data[0].size, 4)), blob.data.shape)
            parameters[name] = blob.data.copy()
    return net, definition, parameters


def test_the_wider_net_says_what_the_narrow_one_said():
    """All eight answers of the whole net in Caffe.

    They pass branches that join, pooled maps that become units, and slopes.
    """
    narrow, _, parameters = random_net(profiles.TINY, 1)
    wide, definition, _ = random_net(profiles.SMALL, 2)
    report = surgery.transplant(
        wide, definition, widen.widened(parameters, wide, definition, "narrow"), "narrow"
    )
    assert not report.missing and not report.unused
    images = np.random.default_rng(3).normal(size=(3, 3, 115, 115)).astype(np.float32)
    answers = []
    for net in (narrow, wide):
        net.blobs["data"].reshape(*images.shape)
        net.blobs["data"].data[...] = images
        answers.append({name: values.copy() for name, values in net.forward().items()})
    assert set(answers[0]) == {task.output for task in tasks.TASKS}
    for name, expected in answers[0].items():
        assert expected.std() > 0
        np.testing.assert_allclose(
            answers[1][name], expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max(), err_msg=name
        )


def test_repeated_maps_differ_in_what_reads_them_so_that_they_part_in_training():
    _, _, parameters = random_net(profiles.TINY, 1)
    wide, definition, _ = random_net(profiles.SMALL, 2)
    found = widen.widened(parameters, wide, definition, "narrow")
    np.testing.assert_array_equal(found["conv1/w"][:16], found["conv1/w"][16:])
    first, second = np.split(found["conv2/w"], 2, axis=1)
    np.testing.assert_allclose((first + second)[:32], parameters["conv2/w"], atol=1e-6)
    assert np.abs(first - second).mean() > 0.2 * np.abs(parameters["conv2/w"]).mean()


def test_a_net_that_does_not_widen_into_another_is_refused():
    _, _, parameters = random_net(profiles.SMALL, 1)
    narrow, definition, _ = random_net(profiles.TINY, 2)
    sentence = (
        r"mine: 'conv1/w' has the shape \(32, 3, 11, 11\), "
        r"which cannot be widened to \(16, 3, 11, 11\)"
    )
    with pytest.raises(InputError, match=sentence):
        widen.widened(parameters, narrow, definition, "mine")
