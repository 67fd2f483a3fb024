"""Caffe's own command, `caffe train` and `caffe time`: where a Caffe was built here."""

import os
import subprocess
import sys

import pytest

from allinone import profiles, schedules, surgery
from allinone.pycaffe import caffe
from prototxt import solvers, towers

CAFFE = os.path.join(os.path.dirname(sys.executable), "caffe")
pytestmark = pytest.mark.skipif(
    not os.path.exists(CAFFE), reason="no Caffe was built here (make caffe-cpu)"
)
JOB = schedules.JOBS["tiny"]["smile"]


def write_job(chain, folder):
    """Write net and solver as for Caffe's command, for three iterations; return their paths."""
    folder.mkdir()
    net, solver, prefix = (str(folder / name) for name in ("net.prototxt", "solver", "iter"))
    definition = towers.train_net(profiles.TINY, JOB, str(chain / "db"), 6, validation=2)
    text = solvers.solver_text(profiles.TINY, JOB, net, prefix, iterations=3)
    (folder / "net.prototxt").write_text(str(definition))
    (folder / "solver").write_text(text.replace("test_iter: 50", "test_iter: 2"))
    return net, solver


def run(*arguments):
    """Run the command from the root, whose Python layers it imports."""
    return subprocess.run(
        [CAFFE, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": ".", "GLOG_minloglevel": "0"},
    )


def test_the_plain_command_trains_as_pycaffe_does(chain, tmp_path):
    _, solver = write_job(chain, tmp_path / "command")
    done = run("train", "-solver", solver)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Optimization Done" in done.stderr
    _, solver = write_job(chain, tmp_path / "pycaffe")
    caffe.get_solver(solver).solve()
    models = [tmp_path / name / "iter_iter_3.caffemodel" for name in ("command", "pycaffe")]
    first, second = (surgery.read_weights(str(path)) for path in models)
    assert first == second


def test_a_snapshot_is_gone_on_with(chain, tmp_path):
    _, solver = write_job(chain, tmp_path / "run")
    assert run("train", "-solver", solver).returncode == 0
    longer = tmp_path / "run" / "longer"
    longer.write_text((tmp_path / "run" / "solver").read_text().replace("iter: 3", "iter: 4"))
    state = str(tmp_path / "run" / "iter_iter_3.solverstate")
    done = run("train", "-solver", str(longer), "-snapshot", state)
    assert done.returncode == 0, done.stderr[-2000:]
    assert (tmp_path / "run" / "iter_iter_4.caffemodel").is_file()


def test_every_layer_is_timed(chain, tmp_path):
    net, _ = write_job(chain, tmp_path / "run")
    done = run("time", "-model", net, "-iterations", "2", "-phase", "TRAIN")
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Average Forward pass" in done.stderr and "Average Backward pass" in done.stderr
