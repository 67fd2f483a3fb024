"""A forked command does what one that is started anew does."""

import os
import signal
import sys

import command_runs
import pytest

SAYS = "import json, sys; print(json.dumps([{}]))"
ABOUT = "sys.path[0], sys.argv, __name__, __spec__.name, sorted(sys.modules)[:0], sys.stdin.read()"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder for the module `own`, which commands may import too."""
    place = tmp_path_factory.mktemp("own")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(place))
        yield place


@pytest.fixture(scope="module")
def runs(folder):
    """Runs that have started those commands once."""
    made = command_runs.Runs()
    made.started |= {"own", "tools.fuse"}
    return made


def write(folder, text):
    (folder / "own.py").write_text(text)


def both(runs, *arguments):
    """Return what comes of a command started anew, and of a forked one."""
    anew = command_runs.Runs().run(list(arguments), {})
    forked = runs.run(list(arguments), {})
    assert anew.args == forked.args == [sys.executable, "-m", *arguments]
    return [(done.returncode, done.stdout, done.stderr) for done in (anew, forked)]


def test_what_a_module_sees_is_the_same(runs, folder):
    write(folder, "print('first')\n" + SAYS.format(ABOUT))
    anew, forked = both(runs, "own", "a b", "--c")
    assert anew == forked and anew[0] == 0 and '"a b"' in anew[1] and command_runs.ROOT in anew[1]


@pytest.mark.parametrize(
    "text, code",
    [
        ("raise SystemExit(3)", 3),
        ("raise SystemExit('so')", 1),
        ("import atexit\natexit.register(print, 'last')", 0),
        (f"import os\nos.kill(os.getpid(), {signal.SIGKILL})", -signal.SIGKILL),
    ],
)
def test_its_end_is_the_same(runs, folder, text, code):
    write(folder, text)
    anew, forked = both(runs, "own")
    assert anew == forked and anew[0] == code


def test_an_exception_is_told(runs, folder):
    write(folder, "1 / 0")
    anew, forked = both(runs, "own")
    assert anew[0] == forked[0] == 1
    assert (
        anew[2].splitlines()[-1]
        == forked[2].splitlines()[-1]
        == ("ZeroDivisionError: division by zero")
    )


def test_a_refusal_of_the_kit_is_the_same(runs):
    anew, forked = both(runs, "tools.fuse", "--run", "nowhere", "--out", "never")
    assert anew == forked and anew[0] == 2 and anew[2].startswith("error: ")


def test_another_environment_is_given_to_a_command_that_is_started_anew(runs, folder, monkeypatch):
    write(folder, "import os\nprint(os.environ.get('OWN'), os.getppid())")
    runs.run(["own"], {})
    here = str(os.getpid())
    assert runs.run(["own"], {"OWN": "1"}).stdout.split() == ["1", here]
    assert runs.run(["own"], {}).stdout.split()[1] != here
    monkeypatch.setenv("OWN", "2")
    assert runs.run(["own"], {}).stdout.split() == ["2", here]
