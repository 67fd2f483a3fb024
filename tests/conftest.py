"""What several tests share: commands as a user runs them, and one small chain from drawing to a fused model."""
import os
import subprocess
import sys

import numpy as np
import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ITERATIONS = 20


def run(*arguments):
    """Run `python -m ...` from the root; return the finished process with its text."""
    return subprocess.run([sys.executable, "-m", *arguments], cwd=ROOT, text=True, capture_output=True)


def run_well(*arguments):
    """Run a command that must succeed."""
    done = run(*arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="session")
def command():
    """Run a command of the kit: command("tools.train", "--db", ...)."""
    return run


@pytest.fixture(scope="session")
def chain(tmp_path_factory):
    """The folder of a whole small chain: faces, scenes, db, run (20 iterations), model."""
    root = tmp_path_factory.mktemp("chain")
    run_well("data_prep.synthetic", "--kind", "portraits", "--count", "30", "--identities", "6", "--seed", "5", "--out", f"{root}/faces")
    run_well("data_prep.synthetic", "--kind", "scenes", "--count", "6", "--identities", "6", "--seed", "5", "--out", f"{root}/scenes")
    run_well("data_prep.build_db", "scenes", "--records", f"{root}/scenes/records.jsonl", "--without-search", f"{root}/faces/records.jsonl",
             "--out", f"{root}/db")
    run_well("data_prep.build_db", "aligned", "--records", f"{root}/faces/records.jsonl", "--out", f"{root}/db")
    for kind, source in (("scenes", "scenes"), ("aligned", "faces")):   # validated on what it learns from: here only the way counts
        run_well("data_prep.build_db", kind, "--records", f"{root}/{source}/records.jsonl", "--out", f"{root}/db/val")
    run_well("tools.train", "--profile", "mini", "--db", f"{root}/db", "--out", f"{root}/run", "--iterations", str(ITERATIONS),
             "--snapshot", "5")
    run_well("tools.fuse", "--profile", "mini", "--run", f"{root}/run", "--out", f"{root}/model")
    return root


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def refused(capsys, code, *parts):
    """Check that a command refused: exit code 2 and a sentence that names all parts."""
    message = capsys.readouterr().err
    assert code == 2, message
    assert message.startswith("error: ")
    for part in parts:
        assert str(part) in message, message


@pytest.fixture
def expect_refusal(capsys):
    """expect_refusal(main, arguments, part of the message, ...)"""
    return lambda main, arguments, *parts: refused(capsys, main([str(a) for a in arguments]), *parts)
