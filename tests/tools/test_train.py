import json
import os
import shutil
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import ITERATIONS, ROOT, run_well
from tensorboard_events import scalars

from allinone import schedules, snapshots, surgery, tasks
from allinone.errors import InputError
from tools import plan, train


def arguments(chain, out, *more):
    return [
        "--profile",
        "tiny",
        "--db",
        f"{chain}/db",
        "--out",
        str(out),
        "--iterations",
        str(ITERATIONS),
        "--snapshot",
        "5",
        *more,
    ]


def final_weights(run):
    weights = surgery.read_weights(f"{run}/snapshots/iter_{ITERATIONS:07d}.caffemodel")
    return {
        layer.name: [surgery.blob_array(blob) for blob in layer.blobs]
        for layer in weights.layer
        if layer.blobs
    }


def start(arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "tools.train", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def wait_for_snapshot(process, out, iteration):
    while not os.path.isfile(f"{out}/snapshots/iter_{iteration:07d}.solverstate"):
        assert process.poll() is None, process.stdout.read()
        time.sleep(0.05)


def log_of(run):
    with open(f"{run}/log.jsonl", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def test_the_losses_are_logged_and_fall(chain):
    losses = [entry for entry in log_of(chain / "run") if "loss" in entry]
    assert [entry["iteration"] for entry in losses] == list(range(1, ITERATIONS + 1))
    for task in ("landmarks", "pose", "visibility"):
        values = [entry["loss"][task] for entry in losses]
        assert np.mean(values[-5:]) < np.mean(values[:5])
    assert os.path.getsize(chain / "run" / "curves.png") > 10000
    assert len(os.listdir(chain / "run" / "snapshots")) <= 2 * snapshots.KEEP + 1


def test_every_task_is_measured_on_held_out_faces_and_all_goes_to_tensorboard(chain):
    measured = [entry for entry in log_of(chain / "run") if "validation" in entry]
    assert [entry["iteration"] for entry in measured] == [ITERATIONS] and set(
        measured[0]["validation"]
    ) == {task.name for task in tasks.TASKS}
    figures = measured[0]["validation"]
    assert (
        all(
            0 <= figures[task]["accuracy"] <= 1
            for task in ("detection", "visibility", "smile", "gender")
        )
        and 0 < figures["age"]["mae"] < 60
    )
    found = scalars(chain / "run" / "tensorboard")
    assert found["validation/age_mae"] == [
        (ITERATIONS, pytest.approx(figures["age"]["mae"], rel=1e-5))
    ]
    assert [step for step, _ in found["loss/detection"]] == [10, 20]


def with_sgd(chain, out, batch, *more):
    """Train the gender tower alone by plain SGD, for three iterations of mini-batches of this size; return its weights."""
    script = f"{out}.py"
    with open(script, "w", encoding="utf-8") as stream:
        stream.write(f"""import sys
from allinone import schedules
from tools import train
if __name__ == "__main__":
    rule = schedules.RULES["paper"].settings
    schedules.RULES["tiny"].settings.clear()
    schedules.RULES["tiny"].settings.update({{name: rule[name] for name in ("type", "lr_policy", "gamma", "momentum", "weight_decay")}}, stepsize=100)
    schedules.JOBS["tiny"]["gender"].batch["gender"] = {batch}
    sys.exit(train.main(sys.argv[1:]))
""")
    done = subprocess.run(
        [
            sys.executable,
            script,
            "--profile",
            "tiny",
            "--job",
            "gender",
            "--db",
            f"{chain}/db",
            "--out",
            str(out),
            "--iterations",
            "3",
            *more,
        ],
        cwd=ROOT,
        text=True,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": ROOT},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return snapshots.parameters(f"{out}/snapshots/iter_0000003.caffemodel")


def test_two_cores_take_the_steps_that_caffe_takes_when_it_adds_up_two_halves(chain, tmp_path):
    """Caffe's own iter_size is the truth: the same two mini-batches an iteration, and the mean of their gradients."""
    halves = with_sgd(chain, tmp_path / "halves", 8, "--iter-size", "2")
    two = with_sgd(chain, tmp_path / "two", 16, "--cores", "2")
    one = with_sgd(chain, tmp_path / "one", 8)
    start = with_sgd(chain, tmp_path / "start", 8, "--base-lr", "1e-12")
    off = lambda other: sum(
        np.abs(other[name] - halves[name]).sum() for name in halves if not name.endswith("/count")
    )
    assert off(two) < 0.001 * off(start) and off(one) > 0.2 * off(start)


@pytest.mark.parametrize(
    "options, words",
    [
        (("--cores", "2", "--gpu", "0"), "goes without --gpu"),
        (("--cores", "0"), "1 or more"),
        (("--widen",), "needs --init"),
        (("--without-dropout", "ages"), "invalid choice"),
    ],
)
def test_options_that_do_not_go_together_are_refused(chain, tmp_path, capsys, options, words):
    with pytest.raises(SystemExit) as refused:
        train.parse(arguments(chain, tmp_path, *options))
    assert refused.value.code == 2 and words in capsys.readouterr().err


def test_a_wide_net_goes_on_where_a_narrow_one_stood(chain, tmp_path):
    """After a step too short to change anything, held-out faces are judged as by the narrow net."""
    figures = []
    for profile, more in (("tiny", ()), ("small", ("--widen",))):
        run_well(
            "tools.train",
            "--profile",
            profile,
            "--db",
            f"{chain}/db",
            "--init",
            f"{chain}/run",
            "--iterations",
            "1",
            "--base-lr",
            "1e-12",
            "--out",
            str(tmp_path / profile),
            *more,
        )
        figures.append(log_of(tmp_path / profile)[-1]["validation"])
    narrow, wide = figures
    assert wide["age"]["mae"] == pytest.approx(narrow["age"]["mae"], rel=1e-3)
    for task in ("smile", "gender", "identity"):
        assert wide[task] == pytest.approx(narrow[task], abs=1e-3)


@pytest.mark.parametrize("cores", [1, 2])
def test_with_dropout_and_erasing_a_resumed_run_ends_with_the_same_weights(chain, tmp_path, cores):
    options = [
        "--profile",
        "small",
        "--job",
        "age",
        "--db",
        f"{chain}/db",
        "--iterations",
        "4",
        "--snapshot",
        "2",
        "--cores",
        str(cores),
    ]
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    run_well("tools.train", *options, "--out", str(whole))
    assert (
        "Dropout" in (whole / "train.prototxt").read_text()
        and "erasing" in (whole / "train.prototxt").read_text()
    )
    shutil.copytree(whole, parts)
    os.remove(parts / "snapshots" / "iter_0000004.solverstate")
    assert (
        "resuming at iteration 2"
        in run_well("tools.train", *options, "--out", str(parts), "--resume").stdout
    )
    one, two = [
        surgery.read_weights(f"{run}/snapshots/iter_0000004.caffemodel").SerializeToString()
        for run in (whole, parts)
    ]
    assert one == two


def test_a_last_run_can_do_without_dropout_in_some_towers(chain, tmp_path):
    known = ["--profile", "small", "--db", f"{chain}/db", "--out", str(tmp_path)]
    for more, with_dropout in (
        ((), {"det", "smile", "gender", "age", "id"}),
        (("--without-dropout", "det", "age"), {"smile", "gender", "id"}),
    ):
        args = train.parse([*known, *more])
        profile, job, iterations, _ = train.settings(args)
        (tmp_path / "net.prototxt").write_text(
            plan.make(profile, job, args.db, args.out, 1, iterations, 1, None)[0]["train.prototxt"]
        )
        assert {
            layer.name.split("/")[0]
            for layer in surgery.read_net(str(tmp_path / "net.prototxt")).layer
            if layer.type == "Dropout"
        } == with_dropout


def test_no_two_iterations_or_processes_drop_the_same_units():
    seeds = [
        train.dropout_seed(seed, iteration, rank)
        for seed in (1, 2)
        for iteration in range(100)
        for rank in (0, 1)
    ]
    assert len(set(seeds)) == 400 and all(0 <= seed < 2**31 for seed in seeds)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
@pytest.mark.parametrize("cores", [1, 2])
def test_a_stopped_training_ends_with_the_weights_of_an_uninterrupted_one(
    chain, on_two_cores, tmp_path, how, cores
):
    out, whole = tmp_path / "run", chain / "run" if cores == 1 else on_two_cores
    process = start(arguments(chain, out, "--cores", str(cores)))
    wait_for_snapshot(process, out, 5)
    if how == signal.SIGINT:
        os.killpg(process.pid, how)  # as a terminal does
    else:
        process.kill()
    text, _ = process.communicate()  # ends when all its processes have
    assert process.returncode == (130 if how == signal.SIGINT else -signal.SIGKILL), text
    assert not os.path.isfile(f"{out}/snapshots/iter_{ITERATIONS:07d}.solverstate")
    done = run_well("tools.train", *arguments(chain, out, "--resume", "--cores", str(cores)))
    assert "resuming at iteration" in done.stdout
    same_weights(whole, out)
    assert log_of(out) == log_of(whole)


@pytest.fixture(scope="module")
def on_two_cores(chain, tmp_path_factory):
    """The run of the chain once more, by two processes."""
    out = tmp_path_factory.mktemp("cores") / "run"
    run_well("tools.train", *arguments(chain, out, "--cores", "2"))
    return out


def test_when_one_of_two_processes_dies_the_run_ends_and_says_how_to_go_on(chain, tmp_path):
    process = start(arguments(chain, tmp_path / "run", "--cores", "2"))
    wait_for_snapshot(process, tmp_path / "run", 5)
    with open(f"/proc/{process.pid}/task/{process.pid}/children", encoding="ascii") as stream:
        os.kill(
            int(stream.read().split()[-1]), signal.SIGKILL
        )  # the second of the two is the last that was started
    text, _ = process.communicate()
    assert (
        process.returncode == 2
        and "one of the 2 processes that train ended with code -9" in text
        and "go on with --resume" in text
    )


def same_weights(one, two):
    expected, found = final_weights(one), final_weights(two)
    assert expected.keys() == found.keys()
    for layer, blobs in expected.items():
        for blob, other in zip(blobs, found[layer]):
            np.testing.assert_array_equal(other, blob, err_msg=layer)


class Killed(BaseException):
    pass


@pytest.mark.parametrize(
    "moment", ["while Caffe writes", "between the two files", "before the old ones go"]
)
def test_a_kill_in_the_middle_of_a_snapshot_leaves_one_that_resumes(
    chain, tmp_path, monkeypatch, moment
):
    """What is on the disk at each moment of a snapshot, as a SIGKILL would leave it."""
    run = tmp_path / "run"
    shutil.copytree(chain / "run", run)
    for iteration in (15, 20):
        for kind in ("solverstate", "caffemodel"):
            os.remove(run / "snapshots" / f"iter_{iteration:07d}.{kind}")

    def solver_writes():
        for kind in ("caffemodel", "solverstate"):
            shutil.copy(
                chain / "run" / "snapshots" / f"iter_0000015.{kind}",
                run / "snapshots" / "partial" / f"run_iter_15.{kind}",
            )
        if moment == "while Caffe writes":
            with open(run / "snapshots" / "partial" / "run_iter_15.solverstate", "r+b") as stream:
                stream.truncate(100)
            raise Killed

    replace, renamed = os.replace, []

    def rename(source, target):
        if moment == "between the two files" and renamed:
            raise Killed
        renamed.append(target)
        replace(source, target)

    def remove(path):
        raise Killed

    solver = SimpleNamespace(iter=15, snapshot=solver_writes, net=SimpleNamespace(params={}))
    monkeypatch.setattr(os, "replace", rename)
    monkeypatch.setattr(os, "remove", remove)
    monkeypatch.setattr(snapshots, "KEEP", 1)
    with pytest.raises(Killed):
        snapshots.save(solver, str(run))
    monkeypatch.undo()
    assert snapshots.iteration_of(snapshots.newest_whole(str(run))) == (
        15 if moment == "before the old ones go" else 10
    )


def test_with_iter_size_a_resumed_run_ends_with_the_same_weights(chain, tmp_path):
    """Two mini-batches an iteration: the data goes on where it was, and the age loss switches at the same iteration."""
    options = [
        "--profile",
        "tiny",
        "--job",
        "age",
        "--db",
        f"{chain}/db",
        "--iterations",
        "4",
        "--iter-size",
        "2",
        "--age-switch",
        "2",
    ]
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    run_well("tools.train", *options, "--snapshot", "1", "--out", str(whole))
    shutil.copytree(whole, parts)
    for iteration in (3, 4):
        os.remove(parts / "snapshots" / f"iter_{iteration:07d}.solverstate")
    assert (
        "resuming at iteration 2"
        in run_well(
            "tools.train", *options, "--snapshot", "1", "--out", str(parts), "--resume"
        ).stdout
    )
    one, two = [
        surgery.read_weights(f"{run}/snapshots/iter_0000004.caffemodel").SerializeToString()
        for run in (whole, parts)
    ]
    assert one == two
    losses = [entry["loss"]["age"] for entry in log_of(whole) if "loss" in entry]
    assert min(losses[:2]) > 1 > max(losses[2:])  # half squared years, then at most 1


def test_a_finished_run_resumed_is_left_as_it_is(chain, tmp_path):
    out = tmp_path / "run"
    shutil.copytree(chain / "run", out)
    os.remove(out / "curves.png")
    done = run_well("tools.train", *arguments(chain, out, "--resume"))
    assert f"resuming at iteration {ITERATIONS}" in done.stdout and (out / "curves.png").is_file()
    same_weights(chain / "run", out)


def test_a_damaged_newest_snapshot_is_skipped(chain, tmp_path):
    out = tmp_path / "run"
    shutil.copytree(chain / "run", out)
    with open(out / "snapshots" / f"iter_{ITERATIONS:07d}.caffemodel", "r+b") as stream:
        stream.truncate(1000)
    done = run_well("tools.train", *arguments(chain, out, "--resume"))
    assert (
        "damaged snapshot" in done.stdout
        and f"resuming at iteration {ITERATIONS - 5}" in done.stdout
    )
    np.testing.assert_array_equal(
        final_weights(out)["det/conv1"][0], final_weights(chain / "run")["det/conv1"][0]
    )


def test_a_finished_run_is_not_trained_over(chain, expect_refusal):
    expect_refusal(train.main, arguments(chain, chain / "run"), "--resume", chain / "run")


def made(chain, out, seed):
    profile, job = profiles.TINY, schedules.JOBS["tiny"]["joint"]
    return plan.make(profile, job, f"{chain}/db", str(out), seed, ITERATIONS, 1, None)


def test_a_run_of_other_settings_is_moved_aside(chain, tmp_path, capsys):
    out = tmp_path / "run"
    shutil.copytree(chain / "run", out)
    assert plan.prepare(str(out), *made(chain, out, 7), resume=True) is False
    assert "now in" in capsys.readouterr().out
    assert (tmp_path / "run.before1" / "snapshots").is_dir() and os.listdir(out / "snapshots") == []


def test_training_starts_from_another_runs_weights_and_says_which(chain, tmp_path):
    """Joint from an identity net: conv1 to conv7, fc6, fc7 and fc8 are its own, everything else starts anew."""
    first, second = tmp_path / "pretrain", tmp_path / "joint"
    run_well(
        "tools.train",
        "--profile",
        "tiny",
        "--job",
        "pretrain",
        "--db",
        f"{chain}/db",
        "--out",
        str(first),
        "--iterations",
        "2",
    )
    done = run_well(
        "tools.train",
        "--profile",
        "tiny",
        "--job",
        "joint",
        "--db",
        f"{chain}/db",
        "--out",
        str(second),
        "--iterations",
        "1",
        "--seed",
        "2",
        "--init",
        str(first),
    )
    random = train.caffe.get_solver(str(second / "solver.prototxt")).net.params["det/conv1"][0].data
    taken = next(line for line in done.stdout.splitlines() if "taken over" in line)
    anew = next(line for line in done.stdout.splitlines() if "start anew" in line)
    assert (
        all(layer in taken for layer in ("conv1,", "conv6", "conv7", "fc6", "fc7", "fc8"))
        and "fc_full" in anew
        and "fc1_age" in anew
    )
    assert "conv1," not in anew
    before, after = [snapshots.parameters(snapshots.newest(str(run))) for run in (first, second)]
    moved, fresh = [np.abs(after["conv1/w"] - other).max() for other in (before["conv1/w"], random)]
    assert moved < 0.01 < fresh  # one step of Adam moves a weight by its rate, 0.002


def test_a_fine_tuning_that_lacks_a_layer_is_refused(chain, tmp_path, expect_refusal):
    run_well(
        "tools.train",
        "--profile",
        "tiny",
        "--job",
        "age",
        "--db",
        f"{chain}/db",
        "--out",
        str(tmp_path / "age"),
        "--iterations",
        "1",
    )
    expect_refusal(
        train.main,
        [
            "--profile",
            "tiny",
            "--job",
            "fotw",
            "--db",
            chain / "db",
            "--out",
            tmp_path / "fotw",
            "--init",
            tmp_path / "age",
        ],
        "'conv1a/w' of layer 'smile/conv1a' is missing",
    )
    expect_refusal(
        train.main,
        [
            "--profile",
            "tiny",
            "--job",
            "fotw",
            "--db",
            chain / "db",
            "--out",
            tmp_path / "x",
            "--init",
            tmp_path / "none",
        ],
        tmp_path / "none",
        "train it first",
    )


def fake_losses(**changed):
    return {"detection": 0.7, "age": 200.0, **changed}


@pytest.mark.parametrize(
    "losses, smooth, words",
    [
        (
            fake_losses(age=float("nan")),
            fake_losses(),
            "the loss of 'age' is no number at iteration 30",
        ),
        (
            fake_losses(age=1e5),
            fake_losses(age=9e4),
            "the loss of 'age' diverges (from 200 to 9e+04)",
        ),
        (
            fake_losses(detection=87.3),
            fake_losses(detection=85.0),
            "the loss of 'detection' diverges",
        ),
    ],
)
def test_a_loss_that_is_lost_stops_the_run_naming_task_and_snapshot(chain, losses, smooth, words):
    with pytest.raises(InputError) as refused:
        train.check_losses(losses, smooth, [fake_losses()] * 3, str(chain / "run"), 30)
    assert words in str(
        refused.value
    ) and f"last good snapshot is {chain}/run/snapshots/iter_{ITERATIONS:07d}" in str(refused.value)
    train.check_losses(
        fake_losses(age=2000.0), fake_losses(age=300.0), [fake_losses()] * 3, str(chain / "run"), 30
    )  # one bad mini-batch is none


def test_a_trained_net_that_begins_with_next_to_no_loss_does_not_diverge(chain):
    """Visibility, of which only drawn scenes teach: the first mini-batches may have none of them."""
    train.check_losses(
        dict(visibility=0.003),
        dict(visibility=0.001),
        [dict(visibility=2e-6)] * 3,
        str(chain / "run"),
        3,
    )
    with pytest.raises(InputError, match="'visibility' diverges"):
        train.check_losses(
            dict(visibility=40.0),
            dict(visibility=30.0),
            [dict(visibility=2e-6)] * 3,
            str(chain / "run"),
            3,
        )


def test_a_run_that_diverges_ends_with_code_2_and_a_sentence(chain, tmp_path):
    """In a process of its own, with an absurd rate."""
    code = (
        "import sys; from allinone import schedules; from tools import train; jobs = schedules.JOBS['tiny']; "
        "jobs['gender'] = schedules.Job(**{**vars(jobs['gender']), 'base_lr': 1e12}); sys.exit(train.main(sys.argv[1:]))"
    )
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            code,
            "--profile",
            "tiny",
            "--job",
            "gender",
            "--db",
            f"{chain}/db",
            "--out",
            str(tmp_path / "run"),
            "--iterations",
            "40",
        ],
        cwd=ROOT,
        text=True,
        capture_output=True,
    )
    assert done.returncode == 2, done.stderr
    assert (
        "error: the loss of 'gender' is no number" in done.stderr
        and "lower base_lr" in done.stderr
        and "There is no snapshot yet" in done.stderr
    )


def test_what_is_missing_or_does_not_fit_is_named(chain, tmp_path, expect_refusal):
    expect_refusal(
        train.main,
        ["--profile", "tiny", "--db", tmp_path, "--out", tmp_path / "run"],
        tmp_path / "det",
        "build the database",
    )
    expect_refusal(
        train.main,
        ["--profile", "paper", "--db", chain / "db", "--out", tmp_path / "run"],
        "115",
        "227",
        "--profile paper",
    )
    assert not (tmp_path / "run").exists()


def test_several_gpus_without_nccl_are_refused(chain, tmp_path, expect_refusal):
    if getattr(train.caffe, "has_nccl", bool)():
        pytest.skip("this Caffe has NCCL")
    expect_refusal(
        train.main, arguments(chain, tmp_path / "run", "--gpu", "0,1"), "GPU=0,1", "without NCCL"
    )
    assert not (tmp_path / "run").exists()


def test_a_broken_database_is_named_although_another_process_reads_it(
    chain, tmp_path, expect_refusal
):
    shutil.copytree(chain / "db", tmp_path / "db")
    shutil.rmtree(tmp_path / "db" / "gender" / "images.lmdb")
    expect_refusal(
        train.main,
        ["--profile", "tiny", "--db", tmp_path / "db", "--out", tmp_path / "run"],
        tmp_path / "db" / "gender",
        "build the database again",
    )


def test_a_full_disk_stops_before_caffe_would_abort(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=10))
    solver = SimpleNamespace(
        net=SimpleNamespace(params={"conv1": [SimpleNamespace(data=np.zeros(100))]})
    )
    with pytest.raises(InputError, match="no room left on the disk.*--resume"):
        snapshots.save(solver, str(tmp_path))


def test_weights_that_are_no_numbers_are_not_saved(tmp_path):
    solver = SimpleNamespace(
        iter=7,
        net=SimpleNamespace(params={"det/conv1": [SimpleNamespace(data=np.array([1, np.nan]))]}),
    )
    with pytest.raises(InputError, match="weights of 'det/conv1' are no numbers at iteration 7"):
        snapshots.save(solver, str(tmp_path))
