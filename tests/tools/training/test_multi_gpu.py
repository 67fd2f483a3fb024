"""How processes meet over NCCL, on a stand-in for a Caffe that has it."""

import pickle
from types import SimpleNamespace

import pytest

from allinone.errors import InputError
from tools.training import multi_gpu


def with_nccl(monkeypatch, name):
    """Give the module a Caffe whose connections have this name; return what its links are told."""
    told = []

    class Nccl:
        new_uid = staticmethod(lambda: name)

        def __init__(self, solver, uid):
            told.append(("name", uid))

        def bcast(self):
            told.append(("first weights", None))

    monkeypatch.setattr(multi_gpu, "caffe", SimpleNamespace(NCCL=Nccl, has_nccl=lambda: True))
    return told


def test_a_process_takes_the_whole_name_and_the_first_weights_before_it_steps(monkeypatch):
    name = bytes([7, 0, 2, 0] * 32)
    told = with_nccl(monkeypatch, name)
    solver = SimpleNamespace(add_callback=lambda link: told.append(("callback", None)))
    meeting = pickle.loads(pickle.dumps(multi_gpu.Meeting("0,1")))  # as a spawned process gets it
    meeting.connect(solver, rank=1)
    assert told == [("name", name), ("first weights", None), ("callback", None)]


def test_a_caffe_that_cuts_off_the_name_is_refused(monkeypatch):
    """BVLC's on Python 3 does: 9 bytes of 128."""
    with_nccl(monkeypatch, b"\x90\x1bn\xbc\xf7y\xdd\xd8\x02")
    with pytest.raises(InputError, match="GPU=0,1.*cuts off the name.*make caffe-gpu"):
        multi_gpu.Meeting("0,1")
