"""A run that was stopped, by Ctrl-C or a kill, ends as one that was not."""

import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from conftest import BATCH, ITERATIONS, run_well, started
from training_runs import (
    job_options,
    log_of,
    losses_of,
    options,
    same_weights,
    snapshot_of,
    weights_of,
)

from allinone import tasks

TRAIN = "tools.train"


def start(arguments):
    """Start tools.train as a terminal does."""
    command = [sys.executable, "-m", TRAIN, *map(str, arguments)]
    return started(command, stderr=subprocess.STDOUT)


def wait_for_snapshot(process, out, iteration):
    while not snapshot_of(out, iteration, "solverstate").is_file():
        assert process.poll() is None, process.stdout.read()
        time.sleep(0.01)


# Iterations: a tower alone makes many in a second, and is to be stopped before the last.
LENGTH = dict(joint=ITERATIONS, age=80)


def of(job, chain, out, cores):
    """Return the options of tools.train for a run that is stopped, or is the whole one."""
    if job == "joint":
        return options(chain, out, "--cores", cores)
    return job_options(chain, out, job, LENGTH[job], "--snapshot", 5, "--cores", cores)


@pytest.fixture(scope="module")
def whole_run(chain, tmp_path_factory):
    """whole_run(job, cores) -> the folder of a run that nobody has stopped, trained once."""
    found = {("joint", 1): chain / "run"}

    def train(job, cores):
        if (job, cores) not in found:
            found[job, cores] = tmp_path_factory.mktemp("whole") / "run"
            run_well(TRAIN, *of(job, chain, found[job, cores], cores))
        return found[job, cores]

    return train


CODES = {signal.SIGKILL: -signal.SIGKILL, signal.SIGINT: 130, signal.SIGTERM: 143}


def children_of(pid):
    """Return the processes that a process has started, the first one first."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as stream:
        return list(map(int, stream.read().split()))


@pytest.mark.parametrize(
    "how, job, cores, to_all",
    [
        (signal.SIGKILL, "joint", 1, False),
        (signal.SIGINT, "age", 1, True),  # as a terminal does
        (signal.SIGKILL, "age", 2, False),
        (signal.SIGINT, "joint", 2, True),
        (signal.SIGTERM, "age", 2, True),  # as timeout(1) does
        (signal.SIGINT, "age", 2, False),  # as a program does that has started it
    ],
)
def test_a_stopped_training_ends_with_the_weights_of_an_uninterrupted_one(
    chain, whole_run, tmp_path, how, job, cores, to_all
):
    out = tmp_path / "run"
    process = start(of(job, chain, out, cores))
    wait_for_snapshot(process, out, 5)
    if to_all:
        os.killpg(process.pid, how)
    else:
        process.send_signal(how)
    text, _ = process.communicate()  # ends when all its processes have
    assert process.returncode == CODES[how] and "Traceback" not in text, text
    assert how == signal.SIGKILL or "with a snapshot" in text, text
    assert not snapshot_of(out, LENGTH[job], "solverstate").is_file()
    if (how, to_all) == (signal.SIGINT, False):
        return  # ends as the one before
    done = run_well(TRAIN, *of(job, chain, out, cores), "--resume")
    assert "resuming at iteration" in done.stdout
    whole = whole_run(job, cores)
    same_weights(whole, out, LENGTH[job])
    assert log_of(out) == log_of(whole)


@pytest.mark.parametrize("cores", [1, 2])
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_training_that_has_not_begun_ends_at_once(chain, tmp_path, how, cores):
    process = start(of("age", chain, tmp_path / "run", cores))
    for line in process.stdout:
        if line.startswith("starting from" if cores == 1 else "training in 2"):
            break
    os.killpg(process.pid, how)
    text, _ = process.communicate()
    assert process.returncode == CODES[how] and "Traceback" not in text, text
    assert "interrupted: what is finished is kept" in text


def test_when_the_process_that_makes_mini_batches_dies_the_run_ends_with_a_sentence(
    chain, tmp_path
):
    process = start(job_options(chain, tmp_path / "run", "gender", 500, "--snapshot", 1))
    wait_for_snapshot(process, tmp_path / "run", 1)
    os.kill(children_of(process.pid)[-1], signal.SIGKILL)
    text, _ = process.communicate()
    assert process.returncode == 2 and "Traceback" not in text, text
    assert "the process that prepares mini-batches has died (code -9" in text
    assert "go on with --resume" in text


def test_when_one_of_two_processes_dies_the_run_ends_and_says_how_to_go_on(chain, tmp_path):
    process = start(job_options(chain, tmp_path / "run", "age", 500, "--snapshot", 5, "--cores", 2))
    wait_for_snapshot(process, tmp_path / "run", 5)
    os.kill(children_of(process.pid)[-1], signal.SIGKILL)
    text, _ = process.communicate()
    assert process.returncode == 2
    assert "one of the 2 processes that train ended with code -9" in text
    assert "go on with --resume" in text


@pytest.mark.parametrize("cores", [1, 2])
def test_with_dropout_and_erasing_a_resumed_run_ends_with_the_same_weights(chain, tmp_path, cores):
    known = ["--profile", "small", "--job", "age", "--db", chain / "db", "--cores", cores]
    known += ["--iterations", 4, "--snapshot", 2, "--batch", BATCH]
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    run_well(TRAIN, *known, "--out", whole)
    net = (whole / "train.prototxt").read_text()
    assert "Dropout" in net and "erasing" in net
    shutil.copytree(whole, parts)
    os.remove(snapshot_of(parts, 4, "solverstate"))
    done = run_well(TRAIN, *known, "--out", parts, "--resume")
    assert "resuming at iteration 2" in done.stdout
    same_weights(whole, parts, 4)


def test_with_iter_size_a_resumed_run_ends_with_the_same_weights(chain, tmp_path):
    """Two mini-batches an iteration.

    The data goes on where it was, and the age loss switches at the same iteration.
    """
    more = ["--iter-size", 2, "--age-switch", 2, "--snapshot", 1, "--batch", 1]
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    run_well(TRAIN, *job_options(chain, whole, "age", 4, *more))
    shutil.copytree(whole, parts)
    for iteration in (3, 4):
        os.remove(snapshot_of(parts, iteration, "solverstate"))
    done = run_well(TRAIN, *job_options(chain, parts, "age", 4, *more, "--resume"))
    assert "resuming at iteration 2" in done.stdout
    same_weights(whole, parts, 4)
    losses = losses_of(whole, "age")
    most = tasks.AGE_GAUSSIAN_WEIGHT  # of the Gaussian term; before it, half squared years
    assert min(losses[:2]) > most > max(losses[2:])


def test_a_damaged_newest_snapshot_is_skipped(chain, tmp_path):
    out = tmp_path / "run"
    shutil.copytree(chain / "run", out)
    with open(snapshot_of(out, ITERATIONS), "r+b") as stream:
        stream.truncate(1000)
    done = run_well(TRAIN, *options(chain, out, "--resume"))
    assert "damaged snapshot" in done.stdout
    assert f"resuming at iteration {ITERATIONS - 5}" in done.stdout
    np.testing.assert_array_equal(
        weights_of(out)["det/conv1"][0], weights_of(chain / "run")["det/conv1"][0]
    )
