"""What the targets of make call, and with which options."""

import os
import re

import pytest
from conftest import ROOT
from makefile import Kit, planned

from data_prep import reader


@pytest.fixture
def kit(tmp_path):
    """A folder like the kit's, in which make calls a stand-in for Python."""
    return Kit(tmp_path)


def trainings(*arguments):
    """Return the (job, --init) of each training that a target would start, in order."""
    found = []
    for line in planned(*arguments):
        if "tools.train" in line:
            start = re.search(r"--init (\S+)", line)
            found.append((re.search(r"--job (\S+)", line).group(1), start and start.group(1)))
    return found


def test_training_starts_from_the_identity_network_unless_told_otherwise():
    pretrained = ("pretrain", None)
    assert trainings("train") == [pretrained, ("joint", "out/paper/pretrain")]
    assert trainings("train", "PROFILE=tiny") == [pretrained, ("joint", "out/tiny/pretrain")]
    assert trainings("train", "PROFILE=small") == [pretrained, ("joint", "out/small/pretrain")]
    assert trainings("train", "PROFILE=small", "INIT=out/small/distill") == [
        ("joint", "out/small/distill")
    ]
    assert trainings("train", "INIT=") == [("joint", None)]
    assert trainings("train", "INIT=other/run") == [("joint", "other/run")]
    assert trainings("train-age") == [pretrained, ("age", "out/paper/pretrain")]
    assert trainings("train-hyperface") == [("hyperface", None)]
    given = trainings("train-hyperface", "INIT=zoo/x.caffemodel")
    assert given == [("hyperface", "zoo/x.caffemodel")]
    assert trainings("train-proposal") == [("proposal", None)]
    assert trainings("train-screen") == [("screen", None)]


def test_profile_small_starts_from_a_teachers_descriptors_where_there_are_some(kit):
    for folder in (
        "my sets/distill",
        "out/small/distill",
        "out/small/pretrain",
        "out/tiny/pretrain",
    ):
        (kit.root / folder).mkdir(parents=True)
    for target in ("train", "train-age"):
        first, second = kit.calls(target, "PROFILE=small", "DB=my sets")
        assert "--job distill --out out/small/distill" in first
        assert "--init out/small/distill" in second
        (kit.root / "out/small/distill/finished").unlink()
    first, _ = kit.calls("train", "PROFILE=small")
    assert "--job pretrain" in first
    first, _ = kit.calls("train", "PROFILE=tiny", "DB=my sets")
    assert "--job pretrain" in first
    (kit.root / "out/small/distill/finished").touch()
    (call,) = kit.calls("train", "PROFILE=small")
    assert "--init out/small/distill" in call


def test_fusing_takes_the_nets_of_windows_that_were_trained(kit):
    call, calibrate, score = kit.calls("fuse", "PROFILE=tiny")
    assert "--proposal" not in call
    assert "evaluate.calibrate --model out/tiny/model --run out/tiny/joint" in calibrate
    assert "evaluate.operating_point" in score  # of the scores as they are then
    for job in ("proposal", "screen"):
        (kit.root / "out/tiny" / job).mkdir(parents=True)
    call, *_ = kit.calls("fuse", "PROFILE=tiny")
    assert "--run out/tiny/joint --proposal out/tiny/proposal out/tiny/screen" in call
    call, *_ = kit.calls("fuse", "PROFILE=tiny", "PROPOSAL=other/run")
    assert "--proposal other/run" in call


def test_an_identity_network_that_is_finished_is_taken_as_it_is(kit):
    (kit.root / "out/tiny/pretrain").mkdir(parents=True)
    assert kit.calls("train", "PROFILE=tiny", "LR=0.5")[0].endswith("out/tiny/pretrain")
    assert (kit.root / "out/tiny/pretrain/finished").exists()
    (call,) = kit.calls("train", "PROFILE=tiny", "LR=0.5")
    assert "--job joint" in call and "--init out/tiny/pretrain" in call
    assert "--job pretrain" in kit.calls("pretrain", "PROFILE=tiny")[0]


@pytest.mark.parametrize(
    "target",
    ["pretrain", "distill", "train", "train-age", "train-hyperface"]
    + ["finetune-fddb", "finetune-custom", "train-real"],
)
def test_iterations_rate_and_batch_reach_every_training(target):
    lines = planned(target, "ITERATIONS=7", "LR=0.5", "BATCH=2")
    started = [line for line in lines if "tools.train" in line or "tools.recipes" in line]
    assert started
    for line in started:
        assert "--iterations 7 --base-lr 0.5 --batch 2" in line
    assert "--iterations" not in "\n".join(planned(target))


def test_the_training_that_finds_landmarks_takes_them_too():
    (line,) = [line for line in planned("data", "ITERATIONS=7", "BATCH=2") if "recipes" in line]
    assert "--iterations 7  --batch 2" in line


def test_without_a_gpu_two_processes_train_and_with_one_none_is_asked_for():
    one, other, three = (
        "\n".join(planned("train", "INIT=", *more)) for more in ((), ("GPU=0",), ("CORES=3",))
    )
    assert "--cores 2" in one and "--gpu" not in one.split("tools.train")[1]
    assert '--gpu "0"' in other and "--cores" not in other and "--cores 3" in three
    assert 'tools.check_gpu "0"' in other and "check_gpu" not in one


def test_a_proof_takes_a_profile_only_where_one_is_given():
    """By default it has two; and it tries the cards itself, so that it can report a bad one."""
    (line,) = [line for line in planned("check-gpu", "GPU=0,1") if "prove_gpu" in line]
    assert '--gpu "0,1" --out out/gpu' in line and "--profile" not in line
    assert "tools.check_gpu" not in "\n".join(planned("check-gpu", "GPU=0,1"))
    short = "\n".join(planned("check-gpu", "PROFILE=tiny", "ITERATIONS=2", "OUT=x"))
    assert re.search(r"--out x\s+--iterations 2 --profile tiny", short)


def test_every_reader_has_its_target_and_takes_another_folder():
    for name in reader.names():
        assert f"data_prep.convert {name} --folder data/{name}" in "\n".join(
            planned(f"data-{name}")
        )
    mine = "\n".join(planned("data-custom", "SRC=mine"))
    assert "data_prep.convert custom --folder mine" in mine
    assert "--folder mine" in mine.split("data_prep.databases custom")[1]


def test_one_set_is_read_and_its_databases_built():
    lines = planned("data-morph", "DATA=elsewhere", "PROFILE=tiny", "LANDMARKS=my/model")
    assert "data_prep.convert morph --folder elsewhere/morph" in "\n".join(lines)
    (build,) = [line for line in lines if "data_prep.databases" in line]
    assert "morph --data elsewhere --out elsewhere/db --profile tiny" in build
    assert "--landmarks-from my/model" in build


def test_a_model_is_passed_on_only_where_it_is_given():
    """Else each benchmark is measured with what was fine-tuned for it, and pictures with ours."""
    for target, more in (("eval-afw", []), ("eval", []), ("analyze", ["IN=a.jpg"])):
        assert "--model" not in "\n".join(planned(target, *more))
        assert "--model mine" in "\n".join(planned(target, *more, "MODEL=mine"))
    both = "\n".join(planned("eval-ijba", "MODEL=mine", "STAGE1=other"))
    assert "--model mine --stage1 other" in both and "--stage1" not in "\n".join(planned("eval"))
    assert "--model models/small" in "\n".join(planned("eval-real"))
    assert "--model mine" in "\n".join(planned("eval-real", "MODEL=mine"))


def test_lint_checks_style_and_layout(kit):
    assert kit.calls("lint") == ["-m ruff check .", "-m ruff format --check ."]


def test_quick_leaves_out_tests_of_nets_and_of_commands():
    """tests/test_kinds.py has which tests those are."""
    assert '-m pytest -m "not net and not command"' in "\n".join(planned("quick"))


def test_what_has_to_pass_is_the_style_and_then_the_tests():
    with open(os.path.join(ROOT, ".ci", "run"), encoding="utf-8") as stream:
        called = re.findall(r"make (\w+)", stream.read())
    assert called == ["lint", "test"]
