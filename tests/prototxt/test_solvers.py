"""Solver files hold any path: Caffe aborts at one that it cannot parse."""

import caffe_nets
import numpy as np
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


FAR_OFF = """
layer { name: "one" type: "DummyData" top: "one" dummy_data_param { shape { dim: 1 dim: 1 }
  data_filler { type: "constant" value: 1 } } }
layer { name: "far" type: "DummyData" top: "far" dummy_data_param { shape { dim: 1 dim: 1 }
  data_filler { type: "constant" value: 500 } } }
layer { name: "fc" type: "InnerProduct" bottom: "one" top: "fc" inner_product_param {
  num_output: 1 bias_term: false weight_filler { type: "constant" value: 0 } } }
layer { name: "loss" type: "EuclideanLoss" bottom: "fc" bottom: "far" top: "loss" }
"""


@pytest.mark.parametrize("iter_size", [1, 4])
def test_gradients_are_clipped_alike_however_many_mini_batches_an_iteration_has(
    tmp_path, iter_size
):
    """Of the weight 0 the gradient is -500: clipped to 20, the rate of 0.1 makes it 2.

    Caffe clips the sum of the mini-batches' gradients, and takes their mean afterwards.
    """
    job = schedules.JOBS["tiny"]["age"]
    text = solvers.solver_text(profiles.TINY, job, "net", "run", iter_size=iter_size)
    clipping = text_format.Parse(text, caffe_pb2.SolverParameter()).clip_gradients
    more = f"iter_size: {iter_size} clip_gradients: {clipping}"
    solver = caffe_nets.solver(FAR_OFF, tmp_path, more)
    solver.step(1)
    np.testing.assert_allclose(solver.net.params["fc"][0].data, [[2]], rtol=1e-6)
