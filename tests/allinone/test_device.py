import threading
from types import SimpleNamespace

import pytest

from allinone import device, pycaffe
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


def test_every_thread_runs_caffe_where_it_was_told_to(monkeypatch):
    """Caffe keeps its device for each thread, and begins on the CPU."""
    said = []
    caffe = SimpleNamespace(
        set_device=lambda number: said.append((threading.get_ident(), number)),
        set_mode_gpu=lambda: said.append((threading.get_ident(), "GPU")),
        set_mode_cpu=lambda: said.append((threading.get_ident(), "CPU")),
    )
    monkeypatch.setattr(pycaffe, "caffe", caffe)
    monkeypatch.setattr(device, "_chosen", 3)
    monkeypatch.setattr(device, "_thread", threading.local())
    threads = [threading.Thread(target=lambda: (device.follow(), device.follow())) for _ in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said, key=str) == sorted(
        [(thread.ident, what) for thread in threads for what in (3, "GPU")], key=str
    )
