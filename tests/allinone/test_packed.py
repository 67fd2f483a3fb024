"""Weights as bytes: the same numbers as Caffe's own messages give, and the same file again."""

import numpy as np
import pytest

from allinone import packed, surgery
from allinone.errors import InputError
from allinone.pycaffe import caffe_pb2

NUMBERS = np.array([[1.5, -0.0, 3e-39], [np.float32(0.1), 1e38, -7]], np.float32)


def net_with(blob_of):
    """Return a NetParameter of Caffe's with one layer; blob_of fills its blob."""
    net = caffe_pb2.NetParameter()
    layer = net.layer.add(name="fc")
    layer.param.add(name="fc/w")
    blob_of(layer.blobs.add())
    return net


def shaped(blob):
    blob.shape.dim.extend(NUMBERS.shape)
    blob.data.extend(NUMBERS.ravel().tolist())


def shaped_as_in_2014(blob):
    blob.num, blob.channels, blob.height, blob.width = 1, 1, *NUMBERS.shape
    blob.data.extend(NUMBERS.ravel().tolist())


@pytest.mark.parametrize("blob_of", (shaped, shaped_as_in_2014))
def test_numbers_are_those_of_caffes_messages(blob_of, tmp_path):
    net, path = net_with(blob_of), tmp_path / "x.caffemodel"
    path.write_bytes(net.SerializeToString())
    stored = surgery.read_weights(str(path))
    ((_, array),) = surgery.by_name(net, stored, "x")["fc/w"]
    np.testing.assert_array_equal(array.reshape(NUMBERS.shape), NUMBERS)
    assert array.dtype == np.float32 and array.flags.writeable
    assert stored.SerializeToString() == path.read_bytes()


def test_a_state_is_written_as_it_was_read():
    state = caffe_pb2.SolverState(iter=3, learned_net="a.caffemodel")
    shaped(state.history.add())
    same = packed.SolverState.FromString(state.SerializeToString())
    assert (same.iter, same.learned_net, len(same.history)) == (3, "a.caffemodel", 1)
    same.learned_net = state.learned_net = "b.caffemodel"
    assert same.SerializeToString() == state.SerializeToString()


def test_bytes_that_are_no_whole_numbers_are_malformed():
    stored = packed.NetParameter()
    stored.layer.add(name="fc").blobs.add(data=b"\x00" * 7)
    with pytest.raises(InputError, match="here: weights of 'fc' are malformed"):
        surgery.by_name(net_with(shaped), stored, "here")
