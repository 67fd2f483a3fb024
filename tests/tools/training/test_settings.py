"""What the options of tools.train ask for."""

import json
import os

import pytest
from training_runs import options

from allinone import schedules, surgery, tasks
from allinone.arguments import LARGEST
from allinone.errors import InputError
from allinone.profiles import PAPER, TINY
from tools.training import plan, settings
from tools.training.options import Options

JOINT = schedules.JOBS["tiny"]["joint"]


def made(**asked):
    """Return the Settings of a joint run of profile tiny, with other options where asked."""
    return settings.make(Options(**{**dict(profile="tiny", db="db", out="run"), **asked}))


def test_without_options_a_run_is_the_jobs_own():
    found = made()
    assert found.iterations == JOINT.iterations and found.job.base_lr == JOINT.base_lr
    assert found.job.batch == {tower: TINY.batch[tower] for tower in JOINT.towers}
    assert found.job.age_switch == JOINT.age_switch and found.processes == 1


def test_some_towers_may_learn_alone_and_of_them_the_branches():
    found = made(towers=("age", "det"), branches=True)
    assert found.job.towers == ("det", "age")  # in the job's order
    assert found.job.branches == ("detection", "landmarks", "visibility", "pose", "age")
    assert set(found.job.batch) == {"det", "age"} and not made().job.branches
    with pytest.raises(InputError, match="--towers smile: job pretrain has id"):
        made(job="pretrain", towers=("smile",))


def test_the_age_loss_switches_at_the_same_share_of_other_iterations():
    assert JOINT.age_switch / JOINT.iterations == pytest.approx(8 / 9)
    assert made(iterations=90).job.age_switch == 80
    assert made(iterations=90, age_switch=7).job.age_switch == 7


def test_the_age_loss_has_the_kits_weight_unless_another_is_asked_for():
    assert made().job.age_weight == tasks.AGE_GAUSSIAN_WEIGHT == 36
    assert made(age_weight=1.0).job.age_weight == 1


def test_mini_batches_are_multiplied_and_then_shared_out_to_processes():
    """Of 36, 20, 18, 22, 16: half of each, at least one; two processes have a half each, up."""
    assert made(batch=0.5).job.batch == dict(det=18, smile=10, gender=9, age=11, id=8)
    assert made(batch=2).job.batch["det"] == 72 and made(batch=0.001).job.batch["det"] == 1
    halves = made(batch=0.5, cores=2)
    assert halves.job.batch == dict(det=9, smile=5, gender=5, age=6, id=4)
    assert halves.processes == 2
    assert made(job="pretrain", batch=0.5).job.batch == dict(id=24)  # the job's own is 48


def test_gpus_have_a_mini_batch_each():
    found = made(gpu="0,1")
    assert found.processes == 2 and found.job.batch["det"] == TINY.batch["det"]


@pytest.mark.parametrize("place", ["run", "run/snapshots/iter_0000020.caffemodel", "model"])
def test_the_profile_is_that_of_the_run_or_model_to_start_from(chain, place):
    found = made(profile=None, init=str(chain / place))
    assert found.profile is TINY
    assert made(profile="paper", init=str(chain / place)).profile is PAPER  # what is given counts


def test_a_profile_that_nothing_names_is_asked_for(chain, tmp_path, expect_refusal):
    without = ["--db", chain / "db", "--out", tmp_path / "run"]
    expect_refusal("tools.train", without, "--profile", "tiny", "--init")
    stray = tmp_path / "stray" / "iter_0000001.caffemodel"
    stray.parent.mkdir()
    stray.write_bytes(b"weights")
    sentence = "plan.json", "model.json", "give --profile"
    expect_refusal("tools.train", [*without, "--init", stray], stray, *sentence)
    assert not (tmp_path / "run").exists()


def test_a_profile_that_is_no_longer_there_is_named(chain, tmp_path):
    (tmp_path / "snapshots").mkdir()
    (tmp_path / "snapshots" / "iter_0000001.caffemodel").write_bytes(b"weights")
    (tmp_path / "plan.json").write_text(json.dumps(dict(profile="mini")))
    with pytest.raises(InputError, match="plan.json: profile 'mini' is none of paper, tiny"):
        made(profile=None, init=str(tmp_path))


@pytest.mark.parametrize(
    "more, sentence",
    [
        (["--cores", 2, "--gpu", 0], "goes without --gpu"),
        (["--cores", 0], "--cores 0: must be a whole number from 1 up"),
        (["--widen"], "needs --init"),
        (["--branches"], "--branches needs --init"),
        (["--job", "fddb"], "--job fddb needs --init"),
        (["--job", "smile", "--balance", "age"], "--balance age: job smile has smile"),
        (["--without-dropout", "ages"], "invalid choice"),
        (
            ["--age-weight", 0],
            "--age-weight 0: must be a number above 0 up to 1e+06; 1 is",
        ),
        (["--age-ramp", -1], "--age-ramp -1: must be a whole number from 0 up"),
        (
            ["--batch", 0],
            "--batch 0: must be a number above 0 up to 1000; 0.5 halves",
        ),
        (["--batch", "nan"], "--batch nan: must be a number above 0"),
        (["--iterations", "many"], "--iterations many: must be a whole number from 1 up"),
        (["--profile", "mini"], "invalid choice"),
    ],
)
def test_options_that_do_not_go_together_are_refused(chain, tmp_path, command, more, sentence):
    done = command("tools.train", *options(chain, tmp_path / "run", *more))
    assert done.returncode == 2 and sentence in done.stderr
    assert "Traceback" not in done.stderr and not (tmp_path / "run").exists()


def test_widening_wants_the_profile_of_the_new_net(chain, tmp_path, command):
    start = ["--db", chain / "db", "--init", chain / "run", "--widen"]
    done = command("tools.train", *start, "--out", tmp_path / "run")
    assert done.returncode == 2 and "--widen needs --profile" in done.stderr


@pytest.mark.parametrize(
    "without, expected",
    [
        ((), {"det", "smile", "gender", "age", "id"}),
        (("det", "age"), {"smile", "gender", "id"}),
    ],
)
def test_a_last_run_can_do_without_dropout_in_some_towers(chain, tmp_path, without, expected):
    asked = made(profile="small", db=str(chain / "db"), without_dropout=without)
    path = os.path.join(tmp_path, "net.prototxt")
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(plan.make(asked)[0]["train.prototxt"])
    layers = surgery.read_net(path).layer
    assert {layer.name.split("/")[0] for layer in layers if layer.type == "Dropout"} == expected


@pytest.mark.parametrize(
    "asked, says",
    [
        (dict(iterations=0), "--iterations 0: must be a whole number from 1 up"),
        (dict(iterations=-5), "--iterations -5"),
        (dict(iter_size=0), "--iter-size 0"),
        (dict(snapshot=0), "--snapshot 0"),
        (dict(base_lr=0.0), "--base-lr 0.0: must be a number above 0"),
        (dict(base_lr=float("nan")), "--base-lr nan"),
        (dict(batch=float("inf")), "--batch inf"),
        (dict(seed=-1), "--seed -1: must be a whole number from 0 up"),
        (dict(seed=LARGEST + 1), "--seed 2147483648: must be .* up to 2147483647"),
        (dict(iterations=LARGEST + 1), "--iterations 2147483648"),
        (dict(age_switch=-1), "--age-switch -1: must be a whole number from 0 up"),
        (dict(age_ramp=-1), "--age-ramp -1"),
        (dict(age_weight=float("inf")), "--age-weight inf"),
    ],
)
def test_numbers_that_make_no_training_are_refused(asked, says):
    with pytest.raises(InputError, match=says):
        made(**asked)


@pytest.mark.parametrize(
    "asked, says",
    [
        (dict(job="fotw", towers=("smile", "age")), "--towers age: job fotw has smile, gender"),
        (dict(towers=("det",), without_dropout=("age",)), "--without-dropout age: .* has det$"),
        (dict(towers=("age",), balance=("age", "gender")), "--balance gender: .* has age$"),
        (dict(job="det", vary=("borders",)), "--vary borders: is for no picture of det"),
        (dict(job="proposal", vary=("blur", "grey")), "--vary blur grey: is for no picture of"),
        (dict(job="proposal", branches=True), "--branches: proposal has no branches"),
        (dict(job="hyperface", branches=True), "--branches: hyperface has no branches"),
    ],
)
def test_options_that_would_change_nothing_are_refused(asked, says):
    with pytest.raises(InputError, match=says):
        made(**asked)
    assert made(job="det", vary=("borders", "blur")).job.vary == ("borders", "blur")


@pytest.mark.parametrize("which", ["db", "out"])
def test_a_folder_whose_name_caffe_cannot_take_is_refused(which):
    with pytest.raises(InputError, match="Caffe trains in folders with names in UTF-8 alone"):
        made(**{which: "a\udce9b"})
