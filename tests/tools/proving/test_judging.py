"""What steps call good and wrong, and what the page says of it."""

import json

import numpy as np
import pytest

from tools.proving import models_step, page, run, speed_step, training_step
from tools.proving.job import Found, Job
from tools.proving.steps import Step


def states(found):
    return [row["state"] for row in found.rows]


@pytest.mark.parametrize(
    "ours, state",
    [
        ([1.0, 0.5, 0.401, 0.5], "good"),
        ([1.01, 0.5, 0.4, 0.3], "wrong"),  # the first loss must be the same
        ([1.0, 0.5, 0.41, 0.3], "wrong"),  # and that after two steps nearly so
        ([1.0, 0.5, 0.4, 3.0], "wrong"),
        ([1.0, np.nan, 0.4, 0.3], "wrong"),
    ],
)
def test_losses_on_a_gpu_are_the_cpus(ours, state):
    found = Found()
    reference = {"smile": np.float64([1.0, 0.5, 0.4, 0.3])}
    training_step.compare_losses(found, {"smile": np.float64(ours)}, reference, "GPU 0", "CPU")
    assert states(found) == [state]
    assert found.figures["smile"]["reference"] == [1.0, 0.5, 0.4, 0.3]


@pytest.mark.parametrize(
    "engine, age, state",
    [
        ("onnxruntime", 80.004, "good"),
        ("onnxruntime", 80.05, "wrong"),
        ("onnxruntime-fp16", 80.05, "good"),
        ("onnxruntime-fp16", 81.0, "wrong"),
        ("onnxruntime", np.nan, "wrong"),
    ],
)
def test_an_engine_is_judged_by_its_worst_output(engine, age, state):
    found, reference = Found(), dict(smile=np.float32([0.5]), age=np.float32([80]))
    values = dict(reference, age=np.float32([age]))
    models_step.compare(found, engine, engine, reference, values)
    assert states(found) == [state] and "at age" in found.rows[0]["figure"]


def test_figures_of_speed_by_hand():
    """16 images in 0.4 s, 0.3 s without data layers, 0.303 s with a new seed."""
    found = Found()
    speed_step.report_training(found, 16, 0.4, 0.3, 0.303)
    assert [row["figure"] for row in found.rows] == [
        "40 images/s",
        "25% of an iteration",
        "3.0 ms",
    ]
    # 4 faces of 1 TFLOP in 2 s are 2 of the 8 TFLOP/s that its products reach.
    speed_step.report_engine(found, "caffe", 8e12, 1e12, {4: 2.0})
    assert found.figures["caffe"]["share_of_peak"] == {4: 0.25}
    assert found.rows[-1]["figure"] == "2 faces/s"
    products = {"caffe": 8e12, "opencv": 9e12, "onnxruntime-fp16": 40e12}
    peaks = speed_step.peaks_of(found, products)
    assert peaks == {"caffe": 9e12, "opencv": 9e12, "onnxruntime-fp16": 40e12}
    assert speed_step.peaks_of(found, {"caffe": 9e12, "onnxruntime-fp16": 1e12}) == {
        "caffe": 9e12,
        "onnxruntime-fp16": 9e12,  # on a CPU fp16 is no faster
    }
    assert speed_step.peaks_of(found, {"onnxruntime-fp16": 40e12}) == {"onnxruntime-fp16": 40e12}
    assert found.rows[-1]["what"] == "matrix products, fp16"
    product = speed_step.Product(rows=10, side=100, depth=2)
    assert speed_step.flops_of(product) == 2 * 10 * (48 * 100 + 2 * 100 * 100 + 100)


def test_figures_that_are_no_numbers_are_still_json():
    found = Found(figures={"smile": {16: [1.0, float("nan")]}, "worst": float("inf")})
    text = json.dumps(found.plain(), allow_nan=False)
    assert json.loads(text)["figures"] == {"smile": {"16": [1.0, "nan"]}, "worst": "inf"}


def job(folder):
    return Job("", str(folder), 2, ("tiny",))


def step_of(folder, module, monkeypatch, name="machine", **more):
    """Return the result of a step whose command is another module, and its log."""
    monkeypatch.setattr(run, "STEP_COMMAND", module)
    result = run.in_own_process(Step(name, "a title", "tools.proving.steps", **more), job(folder))
    log = folder / "steps" / f"{name}.log"
    return result, log.read_text(encoding="utf-8")


def test_a_step_that_ends_with_an_error_is_told_with_its_sentence(tmp_path, monkeypatch):
    (tmp_path / "steps").mkdir()
    result, log = step_of(tmp_path, "tools.plot_log", monkeypatch)
    assert result["state"] == "failed" and "--help says" in result["sentence"]
    assert result["sentence"] in log and result["rows"] == []


def test_a_step_that_does_not_end_is_stopped_with_all_that_it_started(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "LIMIT", 0.5)
    code, said = run.call(["sh", "-c", "sleep 100 & sleep 100"], str(tmp_path / "log"))
    assert code and "was stopped" in said


def test_a_step_counts_by_its_rows():
    found = Found()
    found.leave_out("a forward pass")
    assert run.state_of(found.rows) == ("not run", "not run: no GPU")
    found.judge("a loss", True, "1")
    assert run.state_of(found.rows) == ("passed", "")
    found.judge("an age", False, "81")
    assert run.state_of(found.rows) == ("failed", "wrong: an age")


def test_the_page_shows_what_failed_as_text():
    """Whatever a library says, it is no markup."""
    machine = dict(cards=[dict(name="Card <A>")])
    results = [
        run.result_of(Step("machine", "the machine", "m"), "passed", figures=machine),
        run.result_of(Step("layers", "layers", "m"), "failed", "no <b>kernel</b>"),
        run.result_of(Step("data", "drawn data", "m"), "not run", "not run: it needs 'layers'"),
    ]
    report = dict(date="today", device="GPU 0", gpu="0", iterations=50, profiles=["tiny"])
    text = page.page(dict(report, passed=False, seconds=1.0, steps=results))
    assert "Failed: no &lt;b&gt;kernel&lt;/b&gt;" in text and "<b>" not in text
    assert "Card &lt;A&gt;" in text and "No GPU" not in text
    assert "1 passed, 1 failed, 1 not run." in text
