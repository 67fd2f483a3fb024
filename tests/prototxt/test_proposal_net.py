"""The nets of windows: of a picture they say what they say of crops; what they are trained with."""

import caffe_nets
import numpy as np
import pytest

from allinone import profiles, schedules, surgery, windows
from allinone.pycaffe import caffe
from prototxt import deploy, towers

LAYERS = ("conv1", "conv2", "conv3", "face_raw", "offsets")


@pytest.fixture(scope="module")
def net():
    """The net over pictures, with random weights."""
    return caffe_nets.net(str(deploy.proposal_net(profiles.TINY)), caffe.TEST)


def maps_of(net, picture):
    net.blobs["data"].reshape(1, *picture.shape)
    net.blobs["data"].data[...] = picture
    net.forward()
    return np.concatenate([net.blobs[name].data[0] for name in ("face", "offsets")])


def test_a_window_every_4_pixels_says_what_its_crop_says(net, rng):
    """No window sees anything beyond its 24 pixels."""
    picture = rng.normal(size=(3, 24 + 4 * 3, 24 + 4 * 5)).astype(np.float32)
    maps = maps_of(net, picture)
    assert maps.shape == (6, 4, 6) and np.ptp(maps[2:]) > 1e-4
    np.testing.assert_allclose(maps[:2].sum(axis=0), 1, rtol=1e-5)
    for row, column in ((0, 0), (3, 5), (2, 1)):
        y, x = row * windows.STRIDE, column * windows.STRIDE
        crop = maps_of(net, picture[:, y : y + windows.SIDE, x : x + windows.SIDE])
        np.testing.assert_allclose(crop[:, 0, 0], maps[:, row, column], atol=1e-6)


def test_every_pixel_of_a_window_counts(net, rng):
    """The first and the last one too: the net wastes none of the 24."""
    picture = rng.normal(size=(3, 24, 24)).astype(np.float32)
    before = maps_of(net, picture)
    for place in (0, 23):
        other = picture.copy()
        other[:, place, place] += 50
        assert np.abs(maps_of(net, other) - before).max() > 1e-6


@pytest.mark.parametrize(
    "name, layer, side, own",
    [("proposal", "ProposalData", 24, ()), ("screen", "ScreenData", 48, ("fc4",))],
)
def test_nets_are_trained_with_two_losses_on_windows_of_the_detection_database(
    name, layer, side, own
):
    job = schedules.JOBS["tiny"][name]
    definition = towers.train_net(profiles.TINY, job, "db", 0, validation=3)
    layers = {layer.name: layer for layer in definition.layer if not layer.include}
    data = [layer for layer in definition.layer if layer.name == f"{name}/data"]
    assert [one.python_param.layer for one in data] == [layer] * 2
    assert '"source": "db/det"' in data[0].python_param.param_str
    assert '"source": "db/val/det"' in data[1].python_param.param_str
    assert f'"size": {side}' in data[0].python_param.param_str
    losses = {one for one in layers if "loss_" in one}
    assert losses == {f"{name}/loss_face", f"{name}/loss_offsets"}
    assert not any("drop" in one for one in layers)
    names = surgery.parameter_names(definition)
    deployed = dict(proposal=deploy.proposal_net, screen=deploy.screen_net)[name]
    over_pictures = surgery.parameter_names(deployed(profiles.TINY))
    for one in (*LAYERS, *own):  # the same weights by name, and no other net's
        assert names[f"{name}/{one}"] == over_pictures[one]
        assert over_pictures[one][0] == f"{name}/{one}/w"
