"""Whole runs of tools.train as a user starts them: what they leave, and what is refused."""

import os
import shutil

import numpy as np
import pytest
from conftest import BATCH, ITERATIONS, run_well
from tensorboard_events import scalars
from training_runs import job_options, log_of, losses_of, options, snapshot_of

from allinone import snapshots, tasks
from allinone.pycaffe import caffe

TRAIN = "tools.train"


def test_the_losses_are_logged_and_fall(chain):
    losses = [entry for entry in log_of(chain / "run") if "loss" in entry]
    assert [entry["iteration"] for entry in losses] == list(range(1, ITERATIONS + 1))
    for task in ("landmarks", "pose", "visibility"):
        values = losses_of(chain / "run", task)
        assert np.mean(values[-5:]) < np.mean(values[:5])
    assert os.path.getsize(chain / "run" / "curves.png") > 10000
    assert len(os.listdir(chain / "run" / "snapshots")) <= 3 * snapshots.KEEP + 1


def test_every_task_is_measured_on_held_out_faces_and_all_goes_to_tensorboard(chain):
    measured = [entry for entry in log_of(chain / "run") if "validation" in entry]
    assert [entry["iteration"] for entry in measured] == [ITERATIONS]
    figures = measured[0]["validation"]
    assert set(figures) == {task.name for task in tasks.TASKS}
    for task in ("detection", "visibility", "smile", "gender"):
        assert 0 <= figures[task]["accuracy"] <= 1
    assert 0 < figures["age"]["mae"] < 60
    found = scalars(chain / "run" / "tensorboard")
    mae = pytest.approx(figures["age"]["mae"], rel=1e-5)
    assert found["validation/age_mae"] == [(ITERATIONS, mae)]
    assert [step for step, _ in found["loss/detection"]] == [10, 20]


def test_a_wide_net_goes_on_where_a_narrow_one_stood(chain, tmp_path):
    """After a step too short to change anything, held-out faces are judged as by the narrow net."""
    figures = []
    for profile, more in (("tiny", ()), ("small", ("--widen",))):
        start = ["--profile", profile, "--db", chain / "db", "--init", chain / "run", *more]
        short = ["--iterations", 1, "--batch", BATCH, "--base-lr", "1e-12"]
        short += ["--out", tmp_path / profile]
        run_well(TRAIN, *start, *short)
        figures.append(log_of(tmp_path / profile)[-1]["validation"])
    narrow, wide = figures
    assert wide["age"]["mae"] == pytest.approx(narrow["age"]["mae"], rel=1e-3)
    for task in ("smile", "gender", "identity"):
        assert wide[task] == pytest.approx(narrow[task], abs=1e-3)


def test_a_run_that_diverges_ends_with_code_2_and_a_sentence(chain, tmp_path, command):
    """With an absurd rate."""
    out = tmp_path / "run"
    done = command(TRAIN, *job_options(chain, out, "gender", 40, "--base-lr", "1e6"))
    assert done.returncode == 2, done.stderr
    assert "error: the loss of 'gender' is no number" in done.stderr
    assert "lower base_lr" in done.stderr and "There is no snapshot yet" in done.stderr


def test_what_is_missing_or_does_not_fit_is_named(chain, tmp_path, expect_refusal):
    out = ["--out", tmp_path / "run"]
    without = ["--profile", "tiny", "--db", tmp_path, *out]
    expect_refusal(TRAIN, without, tmp_path / "det", "build the database")
    other = ["--profile", "paper", "--db", chain / "db", *out]
    expect_refusal(TRAIN, other, "115", "227", "--profile paper")
    assert not (tmp_path / "run").exists()


def test_a_tower_that_learns_from_one_database_refuses_two(chain, tmp_path, expect_refusal):
    for name in ("a", "b"):
        shutil.copytree(chain / "db" / "id", tmp_path / "db" / "id" / name)
    arguments = ["--profile", "tiny", "--job", "id", "--db", tmp_path / "db"]
    expect_refusal(
        TRAIN, [*arguments, "--out", tmp_path / "run"], tmp_path / "db" / "id", "keep one of"
    )


def test_several_gpus_without_nccl_are_refused(chain, tmp_path, expect_refusal):
    if getattr(caffe, "has_nccl", bool)():
        pytest.skip("this Caffe has NCCL")
    arguments = options(chain, tmp_path / "run", "--gpu", "0,1")
    expect_refusal(TRAIN, arguments, "GPU=0,1", "without NCCL")
    assert not (tmp_path / "run").exists()


def test_a_broken_database_is_named_although_another_process_reads_it(
    chain, tmp_path, expect_refusal
):
    shutil.copytree(chain / "db", tmp_path / "db")
    shutil.rmtree(tmp_path / "db" / "gender" / "images.lmdb")
    arguments = ["--profile", "tiny", "--db", tmp_path / "db", "--out", tmp_path / "run"]
    expect_refusal(TRAIN, arguments, tmp_path / "db" / "gender", "build the database again")


def test_a_finished_run_is_not_trained_over(chain, expect_refusal):
    expect_refusal(TRAIN, options(chain, chain / "run"), "--resume", chain / "run")


def test_a_finished_run_resumed_is_left_as_it_is(chain, tmp_path):
    out = tmp_path / "run"
    shutil.copytree(chain / "run", out)
    os.remove(out / "curves.png")
    before = snapshot_of(out, ITERATIONS).read_bytes()
    done = run_well(TRAIN, *options(chain, out, "--resume"))
    assert f"resuming at iteration {ITERATIONS}" in done.stdout
    assert (out / "curves.png").is_file()
    assert snapshot_of(out, ITERATIONS).read_bytes() == before
