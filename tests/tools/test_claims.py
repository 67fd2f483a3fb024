import json
import os
import re
import sys

import pytest
from conftest import ROOT

from allinone import tasks
from allinone.errors import InputError
from tools.claiming import page, runs

BY_NAME = tasks.BY_NAME


def test_a_verdict_counts_the_seeds_in_which_the_claimed_side_is_better():
    gender, age = BY_NAME["gender"], BY_NAME["age"]
    # Accuracy: more is better. Years: less is better.
    assert page.verdict(gender, [0.9, 0.8, 0.9], [0.8, 0.7, 0.8]) == "3 of 3: holds"
    assert page.verdict(age, [5.0, 6.0, 5.0], [4.0, 5.0, 4.0]) == "0 of 3: contradicts"
    assert page.verdict(age, [5.0, 6.0, 5.0], [6.0, 5.0, 6.0]) == "2 of 3: undecided"


def test_figures_are_shown_with_unit_mean_and_deviation():
    assert page.shown(BY_NAME["smile"], [0.80, 0.90, 0.85]) == "85.0 ± 5.0 %"
    assert page.shown(BY_NAME["age"], [7.0, 8.0]) == "7.50 ± 0.71 years"
    assert page.shown(BY_NAME["landmarks"], [0.0712]) == "7.12 % of the region"
    assert page.shown(BY_NAME["pose"], [6.0, 8.0]) == "7.00 ± 1.41°"


def log(folder, *entries):
    """Write the log of a run."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "log.jsonl").write_text("".join(json.dumps(one) + "\n" for one in entries))


def test_only_the_last_validation_of_a_whole_run_counts(tmp_path):
    lines = [
        dict(iteration=300, validation=dict(age=dict(mae=9.0))),
        dict(iteration=900, loss=dict(age=1.0)),
        dict(iteration=900, validation=dict(age=dict(mae=7.5))),
    ]
    log(tmp_path, *lines)
    assert runs.last_figures(str(tmp_path)) == {"age": 7.5}
    log(tmp_path, lines[0])
    with pytest.raises(InputError, match="300, not 900"):
        runs.last_figures(str(tmp_path))


def test_a_training_that_fails_is_named_with_its_words(tmp_path):
    trainings = runs.Trainings(str(tmp_path / "db"), str(tmp_path / "out"))
    told = r"(?s)joint.log: the training ended with code 2.*build the database"
    with pytest.raises(InputError, match=told):
        trainings.train({"joint": ("--job", "joint")}, 1)


def test_a_training_that_fails_ends_the_others(tmp_path, monkeypatch):
    """They are told to stop, as by Ctrl-C, and none that waits is begun."""

    def command(trainings, folder, name, seed, arguments):
        work = "import sys; sys.exit(3)" if name == "joint" else "import time; time.sleep(60)"
        return [sys.executable, "-c", work]

    monkeypatch.setattr(runs.Trainings, "command", command)
    trainings = runs.Trainings("db", str(tmp_path))
    with pytest.raises(InputError, match="joint.log: the training ended with code 3"):
        trainings.train_all([1, 2], workers=2)
    assert not trainings.running


def test_a_run_starts_from_the_one_before_it_in_its_chain():
    trainings = runs.Trainings("db", "out")
    (chain,) = [chain for chain in runs.CHAINS if "joint_pretrained" in chain]
    command = trainings.command("out/seed3", "joint_pretrained", 3, chain["joint_pretrained"])
    text = " ".join(command)
    assert "--profile tiny" in text and "--seed 3" in text
    assert text.endswith("--job joint --init out/seed3/pretrain")


def drawn_runs(out, seeds):
    """Write logs of finished runs: in every one a task's figure is 0.5."""
    for seed in seeds:
        for chain in runs.CHAINS:
            for name in chain:
                figures = {task.name: {task.validation.metric: 0.5} for task in tasks.TASKS}
                log(
                    out / f"seed{seed}" / name,
                    dict(iteration=runs.ITERATIONS, validation=figures),
                )


def test_the_page_has_a_row_for_every_task_and_names_what_it_was_measured_on(tmp_path):
    drawn_runs(tmp_path, [1, 2])
    found = runs.figures(str(tmp_path), [1, 2])
    size = dict(faces=3000, people=1000, scenes=200, held_out=600, held_out_scenes=60)
    text = page.page(found, [1, 2], size)
    for task in tasks.TASKS:
        rows = re.findall(rf"^\| {task.name} \|.* 0 of 2: contradicts \|$", text, re.M)
        assert len(rows) == 2 + (task.name in tasks.HYPERFACE_TASKS), task.name
    for words in page.AGE_WORDS.values():
        words = words.format(late=800, early=90)
        beside = "" if words == "Euclidean alone" else "0 of 2: contradicts"
        assert f"| {words} | 0.50, 0.50 | 0.50 ± 0.00 years | {beside} |" in text
    assert "newer" not in text and "thrown" not in text
    assert "3000 portraits of 1000 people" in text and "{" not in text


def test_newer_figures_of_the_age_losses_stand_apart_and_the_page_says_so(tmp_path):
    drawn_runs(tmp_path, [1, 2])
    older = runs.figures(str(tmp_path), [1, 2])
    ages = {name: {"age": [7.0, 8.0]} for name in runs.AGE_LOSSES}
    ages["age_gaussian"] = {"age": [17.0, 687.0]}
    found = runs.beside_older(older, ages)
    assert found["age"] == older["age"] and "age_gaussian" not in found
    size = dict(faces=3000, people=1000, scenes=200, held_out=600, held_out_scenes=60)
    text = page.page(found, [1, 2], size)
    assert "| age | mae | 0.50 ± 0.00 years | 0.50 ± 0.00 years | 0 of 2: contradicts |" in text
    assert "| Gaussian alone | 17.00, 687.00 |" in text and "thrown beyond all labels" in text
    assert "These figures are newer than all others of this page" in text


def test_the_chains_of_the_age_losses_are_the_age_tower_alone():
    chains = runs.age_chains()
    assert {name for chain in chains for name in chain} == set(page.AGE_WORDS)
    for chain in chains:
        for arguments in chain.values():
            assert arguments[:2] == ("--job", "age")


def test_the_committed_page_is_of_the_committed_figures():
    with open(os.path.join(ROOT, "docs", "claims.json"), encoding="utf-8") as stream:
        found = json.load(stream)
    with open(os.path.join(ROOT, "docs", "claims.md"), encoding="utf-8") as stream:
        committed = stream.read().splitlines()
    size = dict(faces=3000, people=1000, scenes=200, held_out=600, held_out_scenes=60)
    for line in page.page(found, [1, 2, 3], size).splitlines():
        if not line.startswith("Seeds 1, 2, 3; "):  # and the machine
            assert line in committed


def test_databases_that_are_not_there_are_refused_before_anything_is_trained(
    expect_refusal, tmp_path
):
    folders = ["--db", tmp_path / "db", "--out", tmp_path / "out", "--page", tmp_path / "page.md"]
    expect_refusal("tools.claims", folders, tmp_path / "db")
    expect_refusal("tools.claims", [*folders, "--workers", "0"], "--workers 0")
    expect_refusal("tools.claims", [*folders, "--only-age-loss"], tmp_path / "db")
    assert not (tmp_path / "out").exists()
