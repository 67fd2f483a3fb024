"""The figures of real photographs: intervals and matching by hand, and the whole way on drawn pictures in their form."""

import json

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from allinone import files
from evaluate import intervals, real


def test_wilsons_interval_of_a_known_case():
    """Newcombe 1998, table I: 81 of 263 gives 0.2553 to 0.3662."""
    value, low, high, count = intervals.share([1] * 81 + [0] * 182)
    assert (round(value, 4), count) == (0.308, 263) and [low, high] == pytest.approx(
        [0.2553, 0.3662], abs=2e-4
    )
    assert intervals.share([True] * 10)[1] < 0.75 and intervals.share([True] * 10)[2] == 1


def test_an_interval_of_means_is_that_of_the_normal_law_for_many(rng):
    values = rng.normal(5, 2, 2000)
    middle, low, high, count = intervals.mean(values)
    half = 1.96 * values.std() / np.sqrt(2000)
    assert (
        middle == pytest.approx(values.mean())
        and count == 2000
        and [low, high] == pytest.approx([middle - half, middle + half], abs=0.02)
    )


def test_identity_is_the_area_over_all_pairs(rng):
    people = np.repeat(np.arange(12), 3)
    descriptors = rng.normal(size=(12, 8))[people] + rng.normal(size=(36, 8)) * 0.8
    value, low, high, pairs = intervals.person_auc(descriptors, people)
    unit = descriptors / np.linalg.norm(descriptors, axis=1, keepdims=True)
    first, second = np.triu_indices(36, 1)
    assert (
        value
        == pytest.approx(
            roc_auc_score(people[first] == people[second], (unit @ unit.T)[first, second])
        )
        and low < value < high + 0.02
        and pairs == 36 * 35 / 2
    )


def test_recall_is_the_greatest_that_is_precise_enough():
    scores, true = [0.9, 0.8, 0.7, 0.6, 0.5], [1, 1, 0, 1, 0]  # precision 1, 1, 2/3, 3/4, 3/5
    assert real.recall_at(scores, true, 4, 0.75) == pytest.approx((0.75, 0.75, 0.6))
    assert real.recall_at(scores, true, 4, 0.8) == pytest.approx((0.5, 1, 0.8))
    assert real.recall_at([0.9], [0], 4, 0.8) == (0, 0, 1) and real.recall_at([], [], 4, 0.8) == (
        0,
        0,
        1,
    )


def test_detections_of_ignored_faces_count_neither_way():
    known, ignored = [[0, 0, 100, 100], [200, 0, 240, 40]], [False, True]
    found, scores = (
        [[0, 0, 100, 90], [198, 0, 240, 44], [5, 5, 100, 100], [400, 0, 440, 40]],
        [0.9, 0.8, 0.7, 0.6],
    )
    assert real.matched(found, scores, known, ignored) == ([0.9, 0.7, 0.6], [True, False, False])
    assert real.matched([], [], known, ignored) == ([], []) and real.matched(
        found[:1], [1.0], [], []
    ) == ([1.0], [False])


def test_measured_on_pictures_of_the_same_form(chain, real_folders, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(real, "FEW", 2)
    command = ["--data", str(real_folders), "--model", str(chain / "model"), "--out", str(tmp_path)]
    assert real.main(command) == 0
    results = files.read_json(str(tmp_path / "results.json"), "")
    rows = {(one["set"], one["task"], one["figure"]): one for one in results["rows"]}
    assert {(name, task) for name, task, _ in rows} == {
        ("photos", "detection"),
        ("photos", "landmarks"),
        ("photos", "pose"),
        ("utkface", "gender"),
        ("celeba", "gender"),
        ("celeba", "smile"),
        ("utkface", "age"),
        ("celeba", "identity"),
        ("celeba", "landmarks"),
        ("celeba", "pose"),
        ("utkface", "landmarks"),
        ("utkface", "pose"),
    }
    # Against the lines that the net wrote and the labels as they were drawn.
    lines = [
        json.loads(line)
        for line in (tmp_path / "celeba" / "predictions.jsonl").read_text().splitlines()
    ]
    truth = {
        line["image"]: line
        for line in map(
            json.loads, (real_folders.parent / "real" / "celeba.jsonl").read_text().splitlines()
        )
    }
    assert len(lines) == 12 and all(truth[line["image"]]["split"] == "test" for line in lines)
    right = [(line["faces"][0]["smile"] >= 0.5) == truth[line["image"]]["smile"] for line in lines]
    assert (
        rows["celeba", "smile", "accuracy"]["value"] == pytest.approx(np.mean(right))
        and rows["celeba", "smile", "accuracy"]["samples"] == 12
    )
    smiles = [truth[line["image"]]["smile"] for line in lines]
    assert rows["celeba", "smile", "accuracy"]["baseline"] == pytest.approx(
        max(np.mean(smiles), 1 - np.mean(smiles))
    )
    yaw = [abs(line["faces"][0]["pose"][2] - truth[line["image"]]["pose"][2]) for line in lines]
    assert next(one for key, one in rows.items() if key[:2] == ("celeba", "pose"))[
        "value"
    ] == pytest.approx(np.mean(yaw), abs=1e-3)
    text = (tmp_path / "results.md").read_text()
    assert text.startswith("| set | task | figure |") and "cascade" in text and "men" in text
    assert "score_for_that_precision" in capsys.readouterr().out


def test_without_the_sets_it_says_how(tmp_path, chain, expect_refusal):
    expect_refusal(
        real.main,
        ["--data", tmp_path, "--model", chain / "model", "--out", tmp_path],
        "make train-real",
    )
