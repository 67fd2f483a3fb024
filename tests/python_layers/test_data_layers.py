"""The data layers as Caffe runs them, and the process that prepares their batches."""
import json

import numpy as np
import pytest

import caffe_nets
from allinone import store
from python_layers.face_data import FaceSampler, batch_indices
from python_layers.prefetch import Prefetch

FACES = """layer { name: "data" type: "Python" top: "data" top: "label" %s param { lr_mult: 0 decay_mult: 0 }
  python_param { module: "python_layers.face_data" layer: "FaceData" param_str: '%s' } }"""


def test_every_record_comes_once_an_epoch_and_the_order_changes():
    seen = np.concatenate([batch_indices(1, iteration, 8, 20) for iteration in range(5)]).reshape(2, 20)
    assert sorted(seen[0]) == sorted(seen[1]) == list(range(20)) and not np.array_equal(*seen)
    assert batch_indices(1, 3, 8, 20) == batch_indices(1, 3, 8, 20) != batch_indices(2, 3, 8, 20)


def test_caffe_sees_the_faces_and_labels_of_the_database(chain):
    settings = dict(source=str(chain / "db" / "age"), batch=6, size=115, seed=1)
    net = caffe_nets.net(FACES % ('top: "sigma"', json.dumps(settings)))
    reader = store.Reader(settings["source"])
    for iteration in range(2):
        out = net.forward()
        indices = batch_indices(1, iteration, 6, 30)
        np.testing.assert_allclose(out["label"], [reader.datum(i).float_data[0] for i in indices], rtol=1e-6)
        assert not out["sigma"].any() and out["data"].shape == (6, 3, 115, 115) and np.abs(out["data"]).max() < 3
        # Shifted by at most the stored margin of 8 pixels, and perhaps mirrored: the middle is the same picture.
        stored = reader.image(reader.datum(indices[0])).astype(float)
        middle = out["data"][0, 0][30:85, 30:85].mean() * 58 + 104
        assert middle == pytest.approx(stored[38:93, 38:93, 0].mean(), abs=15)


def test_batches_come_in_order_and_a_jump_starts_anew(chain):
    settings = dict(source=str(chain / "db" / "smile"), batch=4, size=115, seed=1)
    fetch, sampler = Prefetch(FaceSampler, settings), FaceSampler(settings)
    for iteration in (0, 1, 2, 9, 10, 4):
        for found, expected in zip(fetch.get(iteration), sampler.batch(iteration)):
            np.testing.assert_array_equal(found, expected)


def test_what_goes_wrong_in_the_other_process_is_raised_here(tmp_path):
    with pytest.raises(Exception, match="build the database"):
        Prefetch(FaceSampler, dict(source=str(tmp_path), batch=4, size=115, seed=1)).get(0)
