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

from allinone import surgery
from allinone.errors import InputError
from conftest import ITERATIONS, ROOT, run_well
from tools import train


def arguments(chain, out, *more):
    return ["--profile", "mini", "--db", f"{chain}/db", "--out", str(out), "--iterations", str(ITERATIONS), "--snapshot", "5", *more]


def final_weights(run):
    weights = surgery.read_weights(f"{run}/snapshots/iter_{ITERATIONS:07d}.caffemodel")
    return {layer.name: [surgery.blob_array(blob) for blob in layer.blobs] for layer in weights.layer if layer.blobs}


def iterations_in(log):
    if not os.path.isfile(log):
        return 0
    with open(log, encoding="utf-8") as lines:
        return sum(1 for _ in lines)


def start(arguments):
    return subprocess.Popen([sys.executable, "-m", "tools.train", *arguments], cwd=ROOT, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True)


def wait_for_snapshot(process, out, iteration):
    while not os.path.isfile(f"{out}/snapshots/iter_{iteration:07d}.solverstate"):
        assert process.poll() is None, process.stdout.read()
        time.sleep(0.05)


def test_the_losses_are_logged_and_fall(chain):
    with open(chain / "run" / "log.jsonl", encoding="utf-8") as lines:
        log = [json.loads(line) for line in lines]
    assert [line["iteration"] for line in log] == list(range(1, ITERATIONS + 1))
    for task in ("landmarks", "pose", "visibility"):
        losses = [line["loss"][task] for line in log]
        assert np.mean(losses[-5:]) < np.mean(losses[:5])
    assert os.path.getsize(chain / "run" / "curves.png") > 10000
    assert len(os.listdir(chain / "run" / "snapshots")) <= 2 * train.KEEP + 1


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_stopped_training_ends_with_the_weights_of_an_uninterrupted_one(chain, tmp_path, how):
    out = tmp_path / "run"
    process = start(arguments(chain, out))
    wait_for_snapshot(process, out, 5)
    process.send_signal(how)
    text, _ = process.communicate()
    assert process.returncode == (130 if how == signal.SIGINT else -signal.SIGKILL), text
    assert not os.path.isfile(f"{out}/snapshots/iter_{ITERATIONS:07d}.solverstate")
    done = run_well("tools.train", *arguments(chain, out, "--resume"))
    assert "resuming at iteration" in done.stdout
    expected, found = final_weights(chain / "run"), final_weights(out)
    assert expected.keys() == found.keys()
    for layer, blobs in expected.items():
        for blob, other in zip(blobs, found[layer]):
            np.testing.assert_array_equal(other, blob, err_msg=layer)
    with open(out / "log.jsonl", encoding="utf-8") as log, open(chain / "run" / "log.jsonl", encoding="utf-8") as other:
        assert log.read() == other.read()


def test_a_damaged_newest_snapshot_is_skipped(chain, tmp_path):
    out = tmp_path / "run"
    shutil.copytree(chain / "run", out)
    with open(out / "snapshots" / f"iter_{ITERATIONS:07d}.caffemodel", "r+b") as stream:
        stream.truncate(1000)
    done = run_well("tools.train", *arguments(chain, out, "--resume"))
    assert "damaged snapshot" in done.stdout and f"resuming at iteration {ITERATIONS - 5}" in done.stdout
    np.testing.assert_array_equal(final_weights(out)["det/conv1"][0], final_weights(chain / "run")["det/conv1"][0])


def test_a_finished_run_is_not_trained_over(chain, expect_refusal):
    expect_refusal(train.main, arguments(chain, chain / "run"), "--resume", chain / "run")


def test_a_run_of_other_settings_is_moved_aside(chain, tmp_path, capsys):
    out = tmp_path / "run"
    shutil.copytree(chain / "run", out)
    net, solver, plan = train.plan_run(train.tasks.PROFILES["mini"], f"{chain}/db", str(out), 7, ITERATIONS)
    assert train.prepare(str(out), net, solver, plan, resume=True) is False
    assert "now in" in capsys.readouterr().out
    assert (tmp_path / "run.before1" / "snapshots").is_dir() and os.listdir(out / "snapshots") == []


def test_what_is_missing_or_does_not_fit_is_named(chain, tmp_path, expect_refusal):
    expect_refusal(train.main, ["--profile", "mini", "--db", tmp_path, "--out", tmp_path / "run"], tmp_path / "det", "build the database")
    expect_refusal(train.main, ["--profile", "paper", "--db", chain / "db", "--out", tmp_path / "run"], "115", "227", "--profile paper")
    expect_refusal(train.main, arguments(chain, tmp_path / "run", "--gpu", "0,1"), "GPU=0,1")
    assert not (tmp_path / "run").exists()


def test_a_broken_database_is_named_although_another_process_reads_it(chain, tmp_path, expect_refusal):
    shutil.copytree(chain / "db", tmp_path / "db")
    shutil.rmtree(tmp_path / "db" / "gender" / "images.lmdb")
    expect_refusal(train.main, ["--profile", "mini", "--db", tmp_path / "db", "--out", tmp_path / "run"], tmp_path / "db" / "gender",
                   "build the database again")


def test_a_full_disk_stops_before_caffe_would_abort(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=10))
    solver = SimpleNamespace(net=SimpleNamespace(params={"conv1": [SimpleNamespace(data=np.zeros(100))]}))
    with pytest.raises(InputError, match="no room left on the disk.*--resume"):
        train.snapshot(solver, str(tmp_path))
