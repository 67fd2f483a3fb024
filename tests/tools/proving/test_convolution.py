"""What the convolutions of a net take."""

import pytest

from allinone.pycaffe import L, NetSpec
from tools import layers
from tools.proving import convolution
from tools.proving.job import Found


@pytest.fixture
def net():
    """Two convolutions of two pictures, with something else between them."""
    spec = NetSpec()
    spec.data = L.Input(input_param=dict(shape=dict(dim=[2, 3, 8, 6])))
    spec.first = L.Convolution(spec.data, num_output=4, kernel_size=3, pad=1)
    spec.relu = L.ReLU(spec.first)
    spec.second = L.Convolution(spec.relu, num_output=5, kernel_size=2, stride=2)
    return layers.load(spec.to_proto())


def test_flops_are_those_counted_by_hand(net):
    found = Found()
    convolution.measure(found, net, iteration=1.0, on_gpu=False)
    figures = found.figures["convolution"]
    by_hand = 2 * 2 * (3 * 3 * 3 * 4 * 8 * 6 + 2 * 2 * 4 * 5 * 4 * 3)
    flops = figures["flops_a_second"] * figures["seconds_forward"]
    assert flops == pytest.approx(by_hand) and figures["way"] == "lowering"
    assert 0 < figures["seconds_forward"] < figures["share_of_iteration"]


def test_a_row_by_hand():
    """1 s forward and 2 s backward of 4 s; 3e12 products and sums in the first of them."""
    found = Found()
    convolution.report(found, 1.0, 2.0, 4.0, 3e12, "cuDNN")
    (row,) = found.rows
    assert row["figure"] == "75% of an iteration without data layers"
    assert row["beside"] == "forward 1000.0 ms, 3 TFLOP/s; by cuDNN"
