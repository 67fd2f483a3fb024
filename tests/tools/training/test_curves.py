"""The log of a run and its curves, and python -m tools.plot_log."""

import json

import cv2
import numpy as np
import pytest
from conftest import run_well

from tools.training import curves
from tools.training.log import Log

PLOT = "tools.plot_log"


def test_the_curves_of_a_run_are_drawn(chain, tmp_path):
    run_well(PLOT, chain / "run" / "log.jsonl", tmp_path / "curves.png")
    picture = cv2.imread(str(tmp_path / "curves.png"))
    assert picture.shape[0] > 300 and picture.shape[1] > 800  # two rows of four
    blue, _, red = np.moveaxis(picture.astype(int), 2, 0)
    assert (blue - red > 80).any() and (red - blue > 80).any()  # mean losses, held-out figures


def test_a_log_is_read_as_it_was_written(tmp_path):
    log = Log(str(tmp_path), 0)
    for iteration in (1, 2, 3):
        log.losses(iteration, dict(age=10.0 / iteration, smile=0.5))
    log.figures(3, dict(age=dict(mae=4.5)))
    log.close()
    losses, held_out = curves.read_log(str(tmp_path / "log.jsonl"))
    assert losses["age"][0].tolist() == [1, 2, 3]
    np.testing.assert_allclose(losses["age"][1], [10, 5, 10 / 3], atol=1e-6)
    iterations, metric, values = held_out["age"]
    assert (iterations.tolist(), metric, values.tolist()) == ([3], "mae", [4.5])
    assert set(held_out) == {"age"}


def test_a_task_that_was_not_always_validated_has_the_figures_that_there_are(tmp_path):
    log = Log(str(tmp_path), 0)
    for iteration, found in (
        (1, dict(age=dict(mae=9.0))),
        (2, dict(age=dict(mae=8.0), smile=dict(accuracy=0.6))),
        (3, dict(smile=dict(accuracy=0.7))),
    ):
        log.losses(iteration, dict(age=1.0, smile=1.0))
        log.figures(iteration, found)
    log.close()
    _, held_out = curves.read_log(str(tmp_path / "log.jsonl"))
    shown = {task: (list(one[0]), one[1], list(one[2])) for task, one in held_out.items()}
    assert shown == dict(age=([1, 2], "mae", [9, 8]), smile=([2, 3], "accuracy", [0.6, 0.7]))


def test_a_resumed_log_goes_on_after_its_iteration(tmp_path):
    log = Log(str(tmp_path), 0)
    for iteration in (1, 2, 3):
        log.losses(iteration, dict(age=float(iteration)))
    log.close()
    with open(tmp_path / "log.jsonl", "a", encoding="utf-8") as stream:
        stream.write('{"iteration": 4, "lo')  # a kill in the middle of a line
    again = Log(str(tmp_path), 2)
    assert again.first == [dict(age=1.0), dict(age=2.0)]
    again.losses(3, dict(age=30.0))
    again.close()
    lines = (tmp_path / "log.jsonl").read_text().splitlines()
    assert [json.loads(line)["loss"]["age"] for line in lines] == [1, 2, 30]


@pytest.mark.parametrize(
    "text, sentence",
    [
        (None, "no such training log"),
        ("", "no line yet"),
        ("iteration 1\n", "line 1: not JSON"),
    ],
)
def test_a_log_that_cannot_be_drawn_is_named(tmp_path, expect_refusal, text, sentence):
    log = tmp_path / "log.jsonl"
    if text is not None:
        log.write_text(text)
    expect_refusal(PLOT, [log, tmp_path / "curves.png"], log, sentence)
    assert not (tmp_path / "curves.png").exists()
