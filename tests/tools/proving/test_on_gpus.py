"""What steps ask for where there are cards, with stand-ins for what needs one."""

import json
import os

import numpy as np
import pytest

from allinone import profiles, schedules
from allinone.errors import InputError
from tools.proving import commands, layers_step, single_layers, training_step
from tools.proving.job import Job
from tools.training import settings


def job(folder, gpu):
    return Job(gpu, str(folder), 4, ("tiny",), "tiny")


@pytest.fixture
def trained(monkeypatch):
    """The trainings that were asked for: (run, mini-batches times, device); a log each."""
    asked = []

    def train(job, profile, out, batch, *device):
        asked.append((os.path.basename(out), batch, device))
        os.makedirs(out, exist_ok=True)
        with open(os.path.join(out, "log.jsonl"), "w", encoding="utf-8") as stream:
            for iteration in range(1, job.iterations + 1):
                entry = dict(iteration=iteration, loss=dict(smile=1 / iteration))
                stream.write(json.dumps(entry) + "\n")
        return "resuming at iteration 2"

    monkeypatch.setattr(training_step, "train", train)
    return asked


def test_a_card_trains_beside_the_cpu(tmp_path, trained):
    """On the first card alone, with the same mini-batches."""
    found = training_step.step(job(tmp_path, "2,3"))
    assert trained == [("run", 1.0, ("--gpu", "2")), ("run_cpu", 1.0, ())]
    assert [row["state"] for row in found.rows] == ["measured", "good"]
    assert found.rows[1]["figure"].startswith("GPU 2: 1 to ")
    assert found.figures["smile"]["losses"] == pytest.approx([1, 1 / 2, 1 / 3, 1 / 4], abs=1e-6)


@pytest.mark.parametrize("profile, batch", [("tiny", 1.0), ("paper", 1 / 16)])
def test_two_cards_are_set_beside_two_processes(tmp_path, trained, profile, batch):
    """Processes on the CPU share a mini-batch that is twice as large; of paper a CPU does few."""
    training_step.two_gpus(Job("2,3,5", str(tmp_path), 4, (profile,), profile))
    assert trained == [
        ("run_nccl", batch, ("--gpu", "2,3")),
        ("run_cores", 2 * batch, ("--cores", "2")),
    ]


def test_two_cards_and_two_processes_have_the_same_pictures():
    """Of each sub-network, whatever the rounding of few pictures."""
    for name, profile in profiles.PROFILES.items():
        joint, factor = schedules.JOBS[name]["joint"], training_step.BATCH.get(name, 1.0)
        card = settings.batches(joint, profile, factor, 1)
        assert settings.batches(joint, profile, 2 * factor, 2) == card


def test_a_run_of_any_length_has_one_snapshot_before_its_last_iteration(tmp_path):
    """The one that it is resumed from."""
    for length in range(2, 60):
        half = training_step.half(Job("", str(tmp_path), length, ("tiny",), "tiny"))
        assert [number for number in range(1, length) if number % half == 0] == [half], length


@pytest.mark.parametrize("gpu, states", [("0", ["good", "measured"]), ("", ["wrong"])])
def test_a_resumed_run_on_a_card_need_not_be_the_same_to_the_bit(
    tmp_path, trained, monkeypatch, gpu, states
):
    made = job(tmp_path, gpu)
    training_step.train(made, "tiny", made.path("tiny", "run"), 1.0)
    os.makedirs(made.path("tiny", "run", "snapshots"))
    for kind in ("caffemodel", "solverstate"):
        open(made.path("tiny", "run", "snapshots", f"iter_0000004.{kind}"), "w").close()
    monkeypatch.setattr(training_step, "weights_of", lambda run, _: {"w": np.float32([len(run)])})
    found = training_step.resume(made)
    assert [row["state"] for row in found.rows] == states


def test_layers_on_a_card_are_judged(tmp_path, monkeypatch):
    """With a device that gives products of other sizes."""
    cases = list(single_layers.cases(profiles.TINY))
    some = [one for one in cases if one.kind in ("Softmax", "Concat")]

    def doubled(case):
        found = layers_step.on_cpu(case)
        factor = 2 if case.kind == "Softmax" else 1
        return {name: factor * values for name, values in found.items()}

    chosen = []
    monkeypatch.setattr(single_layers, "cases", lambda profile: some)
    monkeypatch.setattr(layers_step, "on_gpu", doubled)
    monkeypatch.setattr(layers_step.caffe, "set_device", chosen.append)
    found = layers_step.step(job(tmp_path, "2,3"))
    assert chosen == [2]
    states = {row["what"].split(",")[0]: row["state"] for row in found.rows}
    assert states == {"Concat": "good", "Softmax": "wrong"}
    wrong = next(row for row in found.rows if row["state"] == "wrong")
    assert "more than 0.0001: AllInOneFace_tiny_deploy" in wrong["beside"]


def test_what_a_process_of_its_own_comes_to():
    assert commands.in_process(True, os.path.basename, "a/b") == "b"
    with pytest.raises(InputError, match="its process was ended"):
        commands.in_process(True, os._exit, 3)
    with pytest.raises(InputError, match="ValueError: invalid literal"):
        commands.in_process(True, int, "x")
