"""Commands that need Caffe say so where there is none."""

import pytest

COMMANDS = {
    "tools.train": ["--profile", "tiny", "--db", "db", "--out", "run"],
    "tools.fuse": ["--run", "run", "--out", "model"],
    "prototxt.generate": ["--check"],
}


@pytest.fixture(scope="module")
def hidden(tmp_path_factory):
    """A folder that hides Caffe when it stands first on Python's path."""
    folder = tmp_path_factory.mktemp("hidden")
    (folder / "caffe.py").write_text("raise ImportError('there is none')\n")
    return str(folder)


@pytest.mark.parametrize("module", COMMANDS)
def test_a_missing_caffe_is_a_sentence(command, hidden, module):
    done = command(module, *COMMANDS[module], PYTHONPATH=hidden)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert done.stderr.startswith("error: Caffe cannot be imported") and "make setup" in done.stderr


@pytest.mark.parametrize("module", COMMANDS)
def test_help_needs_no_caffe(command, hidden, module):
    done = command(module, "--help", PYTHONPATH=hidden)
    assert done.returncode == 0 and "usage:" in done.stdout
