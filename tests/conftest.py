"""What several tests share: commands as a user runs them, and one small chain.

The chain goes from drawing to a fused model. Commands are run as a user runs them,
`python -m ...` in a process of its own.
"""

import multiprocessing
import os
import shutil
import signal
import subprocess

import clusters
import command_runs
import filelock
import kinds
import numpy as np
import pytest
import real_like

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # of commands: several tests run at once
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ITERATIONS = 20
BATCH = 0.25  # of a job's mini-batches: in the chain only the way counts


def pytest_collection_modifyitems(items):
    """Mark the tests that take their time, which `make quick` leaves out; their files come first.

    At the end the short ones then keep all processes busy. The last folder has the longest files.
    """
    slow, places = set(), {}
    for item in items:
        places.setdefault(item.path, len(places))
        for mark in kinds.marks_of(item):
            item.add_marker(mark)
            slow.add(item.path)
    items.sort(key=lambda item: (item.path not in slow, -places[item.path]))


def with_ctrl_c():
    """Let Ctrl-C reach a process that is about to start: a shell's background jobs ignore it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def started(command, **how):
    """Start a command as a terminal does, in a process group that Ctrl-C reaches.

    how: of subprocess.Popen; the folder is the root, output and errors are pipes of text.
    """
    pipe = subprocess.PIPE
    how = {"cwd": ROOT, "stdout": pipe, "stderr": pipe, "text": True, **how}
    return subprocess.Popen(command, start_new_session=True, preexec_fn=with_ctrl_c, **how)


def run(*arguments, **environment):
    """Run `python -m <arguments>` from the root; return the finished process with its text."""
    return command_runs.RUNS.run([str(one) for one in arguments], environment)


def run_well(*arguments):
    """Run a command that must succeed; return the finished process."""
    done = run(*arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def refused(module, arguments, *parts):
    """Run a command that must refuse: code 2, no traceback, a sentence that names all parts."""
    done = run(module, *arguments)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    sentence = done.stderr.strip().splitlines()[-1]
    assert sentence.startswith("error: "), done.stderr
    for part in parts:
        assert str(part) in done.stderr, done.stderr
    return done


@pytest.fixture(scope="session")
def command():
    """Give `run`: command("tools.train", "--db", ...)."""
    return run


@pytest.fixture(scope="session")
def expect_refusal():
    """Give `refused`: expect_refusal("tools.train", arguments, part of the sentence, ...)."""
    return refused


def draw(kind, count, identities, seed, out):
    """Draw a set of portraits or scenes."""
    numbers = ["--count", count, "--identities", identities, "--seed", seed]
    run_well("data_prep.synthetic", "--kind", kind, *numbers, "--out", out)


def made_once(tmp_path_factory, name, make):
    """Return a folder that make(folder) fills; where several processes test, one of them does."""
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    folder, whole = root / name, root / f"{name}.whole"
    with filelock.FileLock(root / f"{name}.lock"):
        if not whole.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            whole.touch()
    return folder


def make_chain(root):
    """Draw, build databases, train for 20 iterations and fuse, in a folder."""
    faces, scenes = f"{root}/faces/records.jsonl", f"{root}/scenes/records.jsonl"
    draw("portraits", 30, 6, 5, root / "faces")
    draw("scenes", 6, 6, 5, root / "scenes")
    build = "data_prep.build_db"
    unsearched = ["--without-search", faces]
    run_well(build, "scenes", "--records", scenes, *unsearched, "--out", root / "db")
    run_well(build, "aligned", "--records", faces, "--out", root / "db")
    # Validated on what it learns from: here only the way counts.
    run_well(build, "scenes", "--records", scenes, "--out", root / "db" / "val")
    run_well(build, "aligned", "--records", faces, "--out", root / "db" / "val")
    training = ["--profile", "tiny", "--db", root / "db", "--out", root / "run"]
    length = ["--iterations", ITERATIONS, "--batch", BATCH, "--snapshot", 5]
    run_well("tools.train", *training, *length)
    run_well("tools.fuse", "--run", root / "run", "--out", root / "model")


@pytest.fixture(scope="session")
def chain(tmp_path_factory):
    """The folder of a whole small chain: faces, scenes, db, run, model."""
    return made_once(tmp_path_factory, "chain", make_chain)


@pytest.fixture(scope="session")
def proposing(chain, tmp_path_factory):
    """A folder: proposal and screen, runs of 20 iterations; model, the chain's with both nets."""

    def make(root):
        numbers = ["--iterations", ITERATIONS, "--batch", 0.25]
        shutil.copytree(chain / "model", root / "model")
        runs = []
        for job in ("proposal", "screen"):
            training = ["--profile", "tiny", "--job", job, "--db", chain / "db"]
            run_well("tools.train", *training, *numbers, "--out", root / job)
            runs += ["--proposal", root / job]
        run_well("tools.fuse", *runs, "--out", root / "model")

    return made_once(tmp_path_factory, "proposing", make)


def make_real_source(root):
    """Draw portraits of 12 people as celeba and utkface, and scenes as photos, in a folder."""
    kinds = (("celeba", "portraits", 48), ("utkface", "portraits", 20), ("photos", "scenes", 6))
    for name, kind, count in kinds:
        draw(kind, count, 12, 31, root / "drawn" / name)
        real_like.write_set(root / "drawn" / name, root / "real", name)


@pytest.fixture(scope="session")
def real_source(tmp_path_factory):
    """A folder as real_sets takes it."""
    return made_once(tmp_path_factory, "real_like", make_real_source)


@pytest.fixture(scope="session")
def real_folders(real_source, tmp_path_factory):
    """The folders that real_sets and the reader make of it."""

    def make(out):
        run_well("data_prep.real_sets", "--real", real_source / "real", "--out", out)
        for name in ("celeba", "utkface", "photos"):
            run_well("data_prep.convert", "custom", "--folder", out / name)

    return made_once(tmp_path_factory, "real_sets", make)


@pytest.fixture(scope="module")
def local_cluster(tmp_path_factory):
    """A cluster of dask on this machine, of two processes, which take their time when idle too."""
    distributed = pytest.importorskip("distributed", reason="dask is not there; make setup")
    with clusters.started_in(tmp_path_factory.mktemp("dask"), distributed) as cluster:
        yield cluster


@pytest.fixture
def own_children():
    """Give a function that lists the running processes that multiprocessing started in this test.

    Data layers of earlier tests may have some of theirs still.
    """
    before = multiprocessing.active_children()

    def started_since():
        return [process for process in multiprocessing.active_children() if process not in before]

    return started_since


@pytest.fixture
def rng():
    """Give a seeded random generator."""
    return np.random.default_rng(0)
