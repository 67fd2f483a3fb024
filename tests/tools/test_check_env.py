"""The diagnosis of the machine: what is in order, and each problem with its mend."""

import json
import os
import re

import pytest
from conftest import ROOT

from allinone.pycaffe import caffe


def test_the_placeholder_named_caffe_is_recognised(command, tmp_path):
    (tmp_path / "caffe.py").write_text("version = '0.0.1'\n")
    done = command("tools.check_env", PYTHONPATH=str(tmp_path))
    assert done.returncode == 2 and "1 problem(s)" in done.stdout
    assert "PyPI's package `caffe` is an unrelated placeholder" in done.stdout
    assert "mend: pip uninstall caffe" in done.stdout


def test_a_caffe_that_does_not_load_is_a_problem(command, tmp_path):
    (tmp_path / "caffe").mkdir()
    (tmp_path / "caffe/__init__.py").write_text("raise ImportError('libcudart.so.11.0')\n")
    (tmp_path / "caffe/_caffe.so").write_text("")
    done = command("tools.check_env", PYTHONPATH=str(tmp_path))
    assert done.returncode == 2 and "libcudart.so.11.0" in done.stdout


def test_the_environment_of_these_tests_is_in_order(command):
    done = command("tools.check_env")
    assert done.returncode == 0, done.stdout
    assert re.search(r"ok +layers +Python, Data, HDF5Data, PReLU", done.stdout)
    assert "ximgproc" in done.stdout
    # Every package that is asked for is looked at.
    with open(os.path.join(ROOT, "requirements.txt"), encoding="utf-8") as stream:
        wanted = re.findall(r"^([\w-]+)[>=]", stream.read(), re.M)
    assert len(wanted) > 15
    for name in wanted:
        assert re.search(rf"ok +{'OpenCV' if 'opencv' in name else name} ", done.stdout), name


def test_a_gpu_that_is_not_there_is_an_error(command):
    done = command("tools.check_gpu", "99")
    if done.returncode == 0:
        pytest.skip("this machine has a GPU 99")
    assert done.returncode == 2 and "GPU=99" in done.stderr
    done = command("tools.check_env", "--gpu", "99")
    assert done.returncode == 2 and "GPU 99" in done.stdout


def test_what_was_built_here_is_told(command, tmp_path):
    """For which GPUs and from what; Caffe itself is the one of these tests, behind a link."""
    (tmp_path / "site").mkdir()
    os.symlink(os.path.dirname(caffe.__file__), tmp_path / "site" / "caffe")
    said = dict(cuda=True, architectures="75-virtual;90-real", cudnn=False, source="a folder")
    (tmp_path / "built.json").write_text(json.dumps(said))
    done = command("tools.check_env", PYTHONPATH=str(tmp_path / "site"))
    assert re.search(r"ok +built by +make caffe-gpu, from a folder", done.stdout), done.stdout
    assert re.search(r"ok +GPU code +sm_90, PTX 75 for any other; no cuDNN", done.stdout)
    assert re.search(r"ok +NCCL ", done.stdout)
