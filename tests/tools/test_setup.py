"""The set-up of the environment, in a folder of its own."""

import os
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT


@pytest.fixture
def clone(tmp_path):
    """The set-up's files alone, so that the environment of this checkout is left as it is."""
    (tmp_path / "tools").mkdir()
    for name in (
        "tools/setup.sh",
        "tools/fetch_uv.py",
        "requirements.txt",
        "requirements-caffe.txt",
    ):
        shutil.copy(os.path.join(ROOT, name), tmp_path / name)
    return tmp_path


def setup(clone, path=(), **environment):
    """Run the set-up in a clone; return the finished process with its text."""
    search = os.pathsep.join([*map(str, path), os.environ["PATH"]])
    own = {"HOME": str(clone), "PYENV_ROOT": str(clone), "PYTHON": "", "PATH": search}
    return subprocess.run(
        ["bash", "tools/setup.sh"],
        cwd=clone,
        capture_output=True,
        text=True,
        env={**os.environ, **own, **environment},
    )


def program(path, text):
    """Write a shell script that can be run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_a_python_that_does_not_start_is_refused_and_nothing_is_removed(clone):
    (clone / ".venv").mkdir()
    done = setup(clone, PYTHON="/no/such/python")
    assert done.returncode == 2 and "PYTHON=/no/such/python" in done.stderr
    assert "older than Python 3.9" in done.stderr and (clone / ".venv").is_dir()


def test_a_python_that_is_too_old_is_refused(clone):
    """Python 3.8 has a Caffe wheel, but the kit and its packages need 3.9."""
    old = "import sys; sys.version_info = (3, 8, 20)"
    text = f'code=$2; shift 2; exec {sys.executable} -c "{old}; $code" "$@"'
    done = setup(clone, PYTHON=program(clone / "bin/python3.8", text))
    assert done.returncode == 2 and "older than Python 3.9" in done.stderr


def test_without_any_python_one_message_names_the_ways(clone):
    for name in ("python3.9", "python3", "conda", "uv"):  # there, but none of them starts
        program(clone / "bin" / name, "exit 127")
    done = setup(clone, [clone / "bin"], CONDA_PREFIX="")
    assert done.returncode == 2
    assert "pyenv install 3.9" in done.stderr and "PYTHON=/path/to/python" in done.stderr
    assert not (clone / ".venv").exists()


def test_a_caffe_that_is_there_is_used_and_no_wheel_put_over_it(clone):
    done = setup(clone, PYTHON=sys.executable)
    assert done.returncode == 0, done.stderr
    assert "using the Caffe of this Python" in done.stdout
    place = subprocess.run(
        [str(clone / ".venv/bin/python"), "-c", "import caffe; print(caffe.__file__)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert not place.startswith(str(clone))
    assert setup(clone, PYTHON=sys.executable).stdout == ""  # done: does nothing


def test_uv_that_cannot_be_fetched_is_an_error(command, tmp_path):
    nowhere = "http://127.0.0.1:9"
    done = command("tools.fetch_uv", tmp_path / "uv", https_proxy=nowhere, HTTPS_PROXY=nowhere)
    assert done.returncode == 2 and "error: PyPI cannot be reached" in done.stderr
    assert not (tmp_path / "uv").exists()
