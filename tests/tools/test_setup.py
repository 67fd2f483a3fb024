"""The set-up of the environment, in a folder of its own."""

import fcntl
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT
from programs import program


@pytest.fixture
def clone(tmp_path):
    """The set-up's files alone, so that the environment of this checkout is left as it is."""
    (tmp_path / "tools").mkdir()
    for name in (
        "tools/setup.sh",
        "tools/pythons.sh",
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


def test_a_python_that_does_not_start_is_refused_and_nothing_is_removed(clone):
    (clone / ".venv").mkdir()
    done = setup(clone, PYTHON="/no/such/python")
    assert done.returncode == 2 and "PYTHON=/no/such/python" in done.stderr
    assert "older than Python 3.9" in done.stderr and (clone / ".venv").is_dir()


def test_an_environment_of_somebody_else_is_left_as_it_is(clone, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    (other / "mine.txt").write_text("mine")
    (clone / ".venv").symlink_to(other)
    for _ in range(2):
        done = setup(clone, PYTHON=sys.executable)
        assert done.returncode == 2 and ".venv is there" in done.stderr, done.stderr
        assert (clone / ".venv" / "mine.txt").read_text() == "mine"
        if (clone / ".venv").is_symlink():
            os.remove(clone / ".venv")
            shutil.copytree(other, clone / ".venv")  # and the same as a folder


@pytest.mark.skipif(shutil.which("flock") is None, reason="this machine has no flock")
def test_a_second_set_up_waits_for_the_first(clone):
    with open(clone / ".venv.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        second = subprocess.Popen(
            ["bash", "tools/setup.sh"],
            cwd=clone,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "PYTHON": "/no/such/python"},
        )
        assert "another set-up is still at work on .venv" in second.stdout.readline()
        assert second.poll() is None
    assert second.wait() == 2  # it goes on, and finds what is wrong


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
    built_for = f"numpy=={importlib.metadata.version('numpy')}"
    assert built_for in (clone / ".venv/constraints.txt").read_text().splitlines()
    assert setup(clone, PYTHON=sys.executable).stdout == ""  # done: does nothing


def test_uv_that_cannot_be_fetched_is_an_error(command, tmp_path):
    nowhere = "http://127.0.0.1:9"
    done = command("tools.fetch_uv", tmp_path / "uv", https_proxy=nowhere, HTTPS_PROXY=nowhere)
    assert done.returncode == 2 and "error: PyPI cannot be reached" in done.stderr
    assert not (tmp_path / "uv").exists()


def stand_in(folder):
    """Write a package that passes for Caffe."""
    package = folder / "caffe/__init__.py"
    package.parent.mkdir(parents=True)
    package.write_text("Net = TRAIN = layer_type_list = 1\n")


def build_of(clone, name, version=None, interpreter=None):
    """Make what a build of Caffe leaves, with a stand-in for Caffe that says which it is."""
    stand_in(clone / name / "site")
    program(clone / name / "site/bin/caffe", f'echo "{name} $1 $(command -v python)"')
    version = version or "{}.{}".format(*sys.version_info)
    interpreter = interpreter or f"{clone}/bin/python"
    said = json.dumps({"python": version, "interpreter": interpreter}, indent=1)
    (clone / name / "built.json").write_text(f"{said}\n")


# Stands in for pip, which takes its time: it installs nothing, or fails.
PIP = """
import sys
sys.exit(any("no package" in open(name).read() for name in sys.argv if name.endswith(".txt")))
"""


@pytest.fixture
def bare(clone):
    """The set-up's files, where no package is asked for but Caffe.

    bin/python is the Python of these tests with a stand-in for Caffe; the environments that it
    makes have a stand-in for pip.
    """
    for name in ("requirements.txt", "requirements-caffe.txt"):
        (clone / name).write_text("")
    (clone / "pip").mkdir()
    (clone / "pip/__main__.py").write_text(PIP)
    stand_in(clone / "own")
    text = f"""[ "$1 $2" = "-m venv" ] || PYTHONPATH={clone}/own exec {sys.executable} "$@"
{sys.executable} -m venv --without-pip "$3"
ln -s {clone}/pip $(echo "$3"/lib/python*/site-packages)/pip"""
    program(clone / "bin/python", text)
    return clone


def caffe_of(clone):
    """Return the folder that the environment's Caffe is imported from."""
    asking = [str(clone / ".venv/bin/python"), "-c", "import caffe; print(caffe.__file__)"]
    return subprocess.run(asking, capture_output=True, text=True, check=True).stdout.strip()


def test_a_caffe_that_was_built_here_is_used_and_the_one_with_cuda_first(bare):
    build_of(bare, ".caffe-cpu")
    done = setup(bare)
    assert done.returncode == 0, done.stderr
    assert "using the Caffe built here, in .caffe-cpu" in done.stdout
    assert caffe_of(bare).startswith(f"{bare}/.caffe-cpu/site")
    assert setup(bare).stdout == ""
    build_of(bare, ".caffe-gpu")
    assert "using the Caffe built here, in .caffe-gpu" in setup(bare).stdout
    assert caffe_of(bare).startswith(f"{bare}/.caffe-gpu/site")
    assert setup(bare).stdout == ""


def test_caffes_own_command_comes_with_the_environment(bare):
    build_of(bare, ".caffe-cpu")
    assert setup(bare).returncode == 0
    path = f"{bare}/.venv/bin:{os.environ['PATH']}"
    words = ["bash", "-c", "caffe train"]
    done = subprocess.run(words, capture_output=True, text=True, env={**os.environ, "PATH": path})
    assert done.stdout == f".caffe-cpu train {bare}/.venv/bin/python\n", done.stderr


def test_the_python_that_was_asked_for_stays_until_something_else_is(bare):
    assert setup(bare, PYTHON=f"{bare}/bin/python").returncode == 0
    own = caffe_of(bare)
    assert setup(bare).stdout == ""  # without PYTHON=: a ready environment is used
    # What a new release of the kit asks for is installed for the same Python.
    (bare / "requirements.txt").write_text("# a new line\n")
    done = setup(bare)
    assert done.returncode == 0 and "using the Caffe of this Python" in done.stdout
    assert caffe_of(bare) == own and setup(bare).stdout == ""
    # A build is asked for too: the newest wish counts.
    build_of(bare, ".caffe-gpu")
    assert "using the Caffe built here" in setup(bare).stdout
    done = setup(bare, PYTHON=f"{bare}/bin/python")
    assert "using the Caffe of this Python" in done.stdout
    assert setup(bare).stdout == "" and caffe_of(bare) == own


def test_what_was_asked_for_outlives_a_set_up_that_failed(bare):
    (bare / "requirements.txt").write_text("no package of this name\n")
    assert setup(bare, PYTHON=f"{bare}/bin/python").returncode == 2
    (bare / "requirements.txt").write_text("")
    done = setup(bare)
    assert done.returncode == 0 and "using the Caffe of this Python" in done.stdout, done.stderr


def test_a_python_without_a_caffe_is_told_how_to_get_one(bare):
    newer = "import sys; sys.version_info = (3, 12, 1); sys.modules['caffe'] = None"
    text = f'code=$2; shift 2; exec {sys.executable} -c "{newer}; $code" "$@"'
    python = program(bare / "bin/python3.12", text)
    done = setup(bare, PYTHON=python)
    assert done.returncode == 2 and f"make caffe-cpu PYTHON={python}" in done.stderr


def test_a_build_for_a_python_that_cannot_be_had_is_an_error(bare):
    build_of(bare, ".caffe-gpu", version="3.77", interpreter="/no/such/python")
    for name in ("python3", "conda", "uv"):  # there, but none of them starts
        program(bare / "bin" / name, "exit 127")
    done = setup(bare, [bare / "bin"], CONDA_PREFIX="")
    assert done.returncode == 2 and ".caffe-gpu is for Python 3.77" in done.stderr
