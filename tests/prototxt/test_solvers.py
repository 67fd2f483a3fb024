"""Solver files hold any path: Caffe aborts at one that it cannot parse."""

import pytest
from google.protobuf import text_format

from allinone import profiles, schedules
from allinone.pycaffe import caffe, caffe_pb2
from prototxt import solvers

NET = 'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 } } }'
NAMES = ['a"b', "a'b", "a\\b", "a\\", "a b#c", "a\nb", "é和", "a\x01b", '"', "\\n", "x" * 200]


@pytest.mark.parametrize("name", NAMES)
def test_a_path_of_any_letters_is_read_back_by_caffe(tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    (folder / "net.prototxt").write_text(NET)
    job = schedules.JOBS["tiny"]["age"]
    prefix = str(folder / "run")
    text = solvers.solver_text(profiles.TINY, job, str(folder / "net.prototxt"), prefix)
    read = text_format.Parse(text, caffe_pb2.SolverParameter())
    assert read.net == str(folder / "net.prototxt") and read.snapshot_prefix == prefix
    (tmp_path / "solver.prototxt").write_text(
        solvers.solver_text(
            profiles.TINY, job, str(folder / "net.prototxt"), prefix, by_caffe=False
        )
    )
    solver = caffe.get_solver(str(tmp_path / "solver.prototxt"))
    assert list(solver.net.blobs) == ["x"]
    # With it, Caffe ends the training of sub-networks that share weights on several GPUs.
    assert not solver.param.layer_wise_reduce


def test_a_name_that_is_not_utf8_is_kept():
    assert solvers.quoted("a\udce9b") == '"a\\351b"'
