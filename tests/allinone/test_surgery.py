import caffe_nets
import numpy as np
import pytest
from google.protobuf import text_format

from allinone import surgery
from allinone.errors import InputError
from allinone.pycaffe import caffe_pb2


def test_copies_of_a_shared_weight_must_agree():
    same = {"conv1/w": [("det/conv1", np.ones(3)), ("age/conv1", np.ones(3))]}
    np.testing.assert_array_equal(surgery.one_of_each(same, "x")["conv1/w"], np.ones(3))
    same["conv1/w"][1][1][2] = 1.001
    with pytest.raises(InputError, match="'conv1/w' in 'det/conv1' and 'age/conv1' differ"):
        surgery.one_of_each(same, "x")


def test_broken_files_are_named(tmp_path):
    (tmp_path / "net.prototxt").write_text("layer { what: 1 }")
    with pytest.raises(InputError, match="not a net"):
        surgery.read_net(str(tmp_path / "net.prototxt"))
    with pytest.raises(InputError, match="no such file; `make nets`"):
        surgery.read_net(str(tmp_path / "none.prototxt"))
    for read in (surgery.read_net, surgery.read_weights):
        with pytest.raises(InputError, match="/dev/zero: no plain file"):
            read("/dev/zero")
    (tmp_path / "x.caffemodel").write_bytes(b"\x0a\xff")
    with pytest.raises(InputError, match="cut off"):
        surgery.read_weights(str(tmp_path / "x.caffemodel"))
    (tmp_path / "empty.caffemodel").write_bytes(b"")
    with pytest.raises(InputError, match="without any weights"):
        surgery.read_weights(str(tmp_path / "empty.caffemodel"))
    with pytest.raises(InputError, match="no such file; train first"):
        surgery.read_weights(str(tmp_path / "none.caffemodel"))


TWO_LAYERS = """
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 3 } } }
layer { name: "age/conv1" type: "InnerProduct" bottom: "x" top: "h"
  param { name: "conv1/w" } param { name: "conv1/b" } inner_product_param { num_output: 2 } }
layer { name: "age/new" type: "InnerProduct" bottom: "h" top: "y"
  param { name: "new/w" } param { name: "new/b" } inner_product_param { num_output: 1 } }
"""


def test_a_transplant_says_what_it_wrote_what_it_left_and_what_found_no_place():
    definition, net = (
        text_format.Parse(TWO_LAYERS, caffe_pb2.NetParameter()),
        caffe_nets.net(TWO_LAYERS),
    )
    net.params["age/new"][0].data[...] = 7
    source = {
        "conv1/w": np.arange(6).reshape(2, 3),
        "conv1/b": np.ones(2),
        "fc8/w": np.ones(3),
        "id_data/count": np.ones(1),
    }
    report = surgery.transplant(net, definition, source, "here", partial=True)
    assert report == surgery.Report(
        matched=["conv1/b", "conv1/w"], missing=["new/b", "new/w"], unused=["fc8/w"]
    )
    np.testing.assert_array_equal(net.params["age/conv1"][0].data, [[0, 1, 2], [3, 4, 5]])
    assert (net.params["age/new"][0].data == 7).all()


def test_a_transplant_refuses_what_is_missing_or_of_another_shape():
    definition, net = (
        text_format.Parse(TWO_LAYERS, caffe_pb2.NetParameter()),
        caffe_nets.net(TWO_LAYERS),
    )
    whole = {
        "conv1/w": np.ones((2, 3)),
        "conv1/b": np.ones(2),
        "new/w": np.ones((1, 2)),
        "new/b": np.ones(1),
    }
    with pytest.raises(
        InputError, match="here: the parameter 'new/b' of layer 'age/new' is missing"
    ):
        surgery.transplant(
            net, definition, {name: whole[name] for name in ("conv1/w", "conv1/b", "new/w")}, "here"
        )
    with pytest.raises(
        InputError, match="'conv1/w' of layer 'age/conv1' is missing"
    ):  # the trunk must be there in any case
        surgery.transplant(net, definition, {"conv1/b": whole["conv1/b"]}, "here", partial=True)
    with pytest.raises(InputError, match=r"'new/w' has the shape \(2, 1\), the net needs \(1, 2\)"):
        surgery.transplant(net, definition, {**whole, "new/w": np.ones((2, 1))}, "here")
