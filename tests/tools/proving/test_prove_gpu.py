"""make check-gpu, as it is started: short, on the CPU."""

import json
import re

import pytest
from conftest import run, run_well

PROOF = ["tools.prove_gpu", "--profile", "tiny", "--iterations", 2]


@pytest.fixture(scope="module")
def proof(tmp_path_factory):
    """The folder of a short proof on the CPU, and what was printed."""
    folder = tmp_path_factory.mktemp("proof") / "gpu"
    return folder, run_well(*PROOF, "--out", folder).stdout


def steps_of(folder):
    report = json.loads((folder / "report.json").read_text())
    return report, {step["name"]: step for step in report["steps"]}


def test_all_steps_are_done_and_no_figure_is_of_a_gpu(proof):
    folder, printed = proof
    report, steps = steps_of(folder)
    assert report["passed"] and report["device"] == "CPU"
    states = {name: step["state"] for name, step in steps.items()}
    assert states.pop("two-gpus") == states.pop("layers") == "not run"
    assert len(states) == 9 and set(states.values()) == {"passed"}
    for step in steps.values():
        for row in step["rows"]:
            assert "GPU" not in row["figure"]
            assert row["state"] != "not run" or "no GPU" in row["beside"], row
    assert str(folder / "index.html") in printed


def test_the_losses_are_those_of_the_log(proof):
    folder, _ = proof
    _, steps = steps_of(folder)
    with open(folder / "tiny" / "run" / "log.jsonl", encoding="utf-8") as lines:
        logged = [json.loads(line)["loss"] for line in lines]
    assert len(logged) == 2
    for task, figures in steps["train-tiny"]["figures"].items():
        assert figures["losses"] == pytest.approx([losses[task] for losses in logged])


def test_engines_agree_and_their_speed_is_counted(proof):
    folder, _ = proof
    _, steps = steps_of(folder)
    for name in ("engines-tiny", "engines-shipped"):
        named = {row["what"]: row["state"] for row in steps[name]["rows"]}
        on_cpu = [f"{one} on the CPU" for one in ("opencv", "onnxruntime", "onnxruntime-fp16")]
        assert named == {**dict.fromkeys(on_cpu, "good"), "the same engines on a GPU": "not run"}
    speed = steps["inference-speed-tiny"]["figures"]
    assert speed["flops_of_a_face"] > 1e7
    for engine in ("caffe", "opencv", "onnxruntime", "onnxruntime-fp16"):
        assert speed[engine]["faces_a_second"]["16"] > 0
    named = [row["what"] for row in steps["training-speed-tiny"]["rows"]]
    assert named == [
        "training",
        "data layers wait",
        "a new seed for every iteration",
        "convolution",
    ]
    assert steps["resume-tiny"]["rows"][0]["figure"] == "the same to the bit"


def test_the_page_says_the_same(proof):
    folder, _ = proof
    text = (folder / "index.html").read_text(encoding="utf-8")
    assert "No GPU: everything ran on the CPU" in text and "9 passed, 2 not run." in text
    assert len(re.findall(r'<h2 id="', text)) == 11


def test_a_gpu_that_is_not_there_fails_and_the_rest_is_done(proof):
    """What is the same on any device is kept; what needs no card is done, and says which failed."""
    folder, _ = proof
    done = run(*PROOF, "--out", folder, "--gpu", "99")
    report, steps = steps_of(folder)
    if steps["machine"]["state"] == "passed":
        pytest.skip("this machine has a GPU 99")
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "steps that failed: 2" in done.stderr.splitlines()[-1]
    assert not report["passed"]
    assert steps["machine"]["sentence"] == "wrong: a forward pass on GPU 99"
    assert steps["data"]["kept"] and steps["data"]["state"] == "passed"
    assert steps["train-tiny"]["sentence"] == "not run: it needs 'the machine'"
    shipped = {row["what"]: row for row in steps["engines-shipped"]["rows"]}
    assert shipped["onnxruntime on the CPU"]["state"] == "good"
    assert shipped["caffe on the GPU 99"]["state"] == "wrong"
    assert "GPU 99 cannot run this Caffe" in shipped["caffe on the GPU 99"]["beside"]
    assert shipped["opencv on the GPU 99"]["state"] == "not run"


@pytest.mark.parametrize(
    "arguments, part",
    [
        (["--iterations", "1"], "--iterations 1: must be a whole number from 2"),
        (["--gpu", "x"], "GPU=x"),
        (["--profile", "huge"], "--profile"),
    ],
)
def test_bad_options_are_refused(expect_refusal, tmp_path, arguments, part):
    expect_refusal("tools.prove_gpu", ["--out", tmp_path / "x", *arguments], part)


def test_a_folder_of_somebody_else_is_left(expect_refusal, tmp_path):
    (tmp_path / "index.html").write_text("mine")
    expect_refusal("tools.prove_gpu", ["--out", tmp_path], "index.html", "written over")
    assert (tmp_path / "index.html").read_text() == "mine"


def test_a_step_that_does_not_exist_is_named(expect_refusal, tmp_path):
    options = ["lunch", "--out", tmp_path, "--profile", "tiny"]
    expect_refusal("tools.prove_gpu_step", options, "lunch: no such step", "train-tiny")
