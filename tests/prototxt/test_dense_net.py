"""The dense net against the deploy net: of a crop, and of each window of a picture."""

import caffe_nets
import numpy as np
import pytest

from allinone import profiles, surgery
from allinone.pycaffe import caffe
from prototxt import deploy


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
