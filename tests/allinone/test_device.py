import pytest

from allinone import device
from allinone.errors import InputError


def test_gpu_numbers():
    assert device.parse_gpus("") == device.parse_gpus(None) == []
    assert device.parse_gpus("0") == [0] and device.parse_gpus("0,2") == [0, 2]


@pytest.mark.parametrize("text", ["a", "-1", "0,0", "1.5"])
def test_nonsense_is_refused(text):
    with pytest.raises(InputError, match="GPU="):
        device.parse_gpus(text)


def test_a_gpu_that_cannot_run_caffe_is_an_error_and_never_the_cpu():
    if device.probe_gpu(99) is None:
        pytest.skip("this machine has a GPU 99")
    with pytest.raises(InputError, match="GPU 99 cannot run this Caffe"):
        device.use("99")
