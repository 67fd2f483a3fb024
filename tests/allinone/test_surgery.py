import numpy as np
import pytest

from allinone import surgery
from allinone.errors import InputError


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
    with pytest.raises(InputError, match="no such prototxt"):
        surgery.read_net(str(tmp_path / "none.prototxt"))
    (tmp_path / "x.caffemodel").write_bytes(b"\x0a\xff")
    with pytest.raises(InputError, match="cut off"):
        surgery.read_weights(str(tmp_path / "x.caffemodel"))
    (tmp_path / "empty.caffemodel").write_bytes(b"")
    with pytest.raises(InputError, match="without any weights"):
        surgery.read_weights(str(tmp_path / "empty.caffemodel"))
    with pytest.raises(InputError, match="no such caffemodel"):
        surgery.read_weights(str(tmp_path / "none.caffemodel"))
