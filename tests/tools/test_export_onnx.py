"""Models as ONNX: what is refused. tests/allinone/test_engines.py exports one and compares it."""

import pytest

from allinone import InputError
from allinone.pycaffe import L, NetSpec
from tools import onnx_form


def test_a_model_that_does_not_exist_is_refused(expect_refusal, tmp_path):
    expect_refusal("tools.export_onnx", ["--model", tmp_path], tmp_path, "make fuse")


@pytest.mark.parametrize(
    "layer, message",
    [
        (lambda blob: L.TanH(blob), "layer 'out': no form for the type TanH"),
        (lambda blob: L.Power(blob, power=2), "layer 'out': a Power of exponent 2"),
    ],
    ids=["unknown", "power"],
)
def test_a_layer_that_has_no_form_is_refused(layer, message):
    net = NetSpec()
    net.data = L.Input(shape=dict(dim=[1, 3, 4, 4]))
    net.out = layer(net.data)
    with pytest.raises(InputError, match=message):
        onnx_form.convert(net.to_proto(), {}, ["out"], free_sides=False)
