"""The two kinds of tests that take their time, as they are found."""

import os

import kinds
from conftest import ROOT


def test_what_a_test_uses_says_whether_it_takes_its_time(command):
    for path, net, starts in (
        ("allinone/test_boxes.py", False, False),
        ("allinone/test_surgery.py", True, False),  # imports it through the library
        ("python_layers/test_age_loss.py", True, False),  # and through a module of the tests
        ("test_make_paths.py", False, True),  # through what starts make
    ):
        full = os.path.join(ROOT, "tests", path)
        assert kinds.imports_caffe(full) == net, path
        assert bool(kinds.imported_at_once(full) & kinds.STARTERS) == starts, path
    collect = ["--collect-only", "--durations=0", "-m", "not net and not command"]
    done = command("pytest", *collect, "tests/allinone")
    assert done.returncode == 0, done.stdout
    assert "test_boxes.py" in done.stdout and "test_surgery.py" not in done.stdout
