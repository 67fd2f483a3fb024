"""Job distill: the identity net learns a teacher's descriptors, without any label."""

import json
import os
import shutil
from dataclasses import replace

import numpy as np
import pytest
from conftest import made_once, run_well
from training_runs import log_of, losses_of, same_weights, weights_of

from allinone import profiles, record, schedules
from allinone.pycaffe import caffe_pb2, text_format
from prototxt import towers
from tools.training.log import LOG

TRAIN, BUILD = "tools.train", "data_prep.build_db"
ITERATIONS, NUMBERS = 12, 5


def write_teacher(path, records, numbers):
    """Write a file of descriptors of drawn people: a point for each, with some noise."""
    rng, faces = np.random.default_rng(4), list(record.read(str(records)))
    people = rng.normal(size=(100, numbers))
    rows = [people[face.identity] + rng.normal(0, 0.1, numbers) for face in faces]
    names = [face.image for face in faces]
    np.savez(path, image=names, descriptor=np.float16(rows))


def without_labels(source, path):
    """Write the records of a file without anything that a person would have to label."""
    with open(path, "w", encoding="utf-8") as stream:
        for face in record.read(str(source)):
            image = os.path.relpath(source.parent / face.image, path.parent)
            kept = dict(image=image, landmarks=face.landmarks, visibility=face.visibility)
            stream.write(json.dumps(kept) + "\n")


@pytest.fixture(scope="module")
def taught(chain, tmp_path_factory):
    """A folder: db with the database of a teacher and one to validate on; run, trained on it."""

    def make(root):
        without_labels(chain / "faces" / "records.jsonl", root / "records.jsonl")
        write_teacher(root / "named.npz", chain / "faces" / "records.jsonl", NUMBERS)
        with np.load(root / "named.npz") as stored:
            names = [os.path.relpath(chain / "faces" / name, root) for name in stored["image"]]
            np.savez(root / "t.npz", image=names, descriptor=stored["descriptor"])
        given = ["--records", root / "records.jsonl", "--teacher", root / "t.npz"]
        run_well(BUILD, "distill", *given, "--out", root / "db")
        os.symlink(chain / "db" / "val", root / "db" / "val")
        run_well(TRAIN, *options(root, root / "run"))

    return made_once(tmp_path_factory, "taught", make)


def options(taught, out, *more):
    """Return the options of tools.train for a short run of the job."""
    same = ["--profile", "tiny", "--job", "distill", "--db", taught / "db", "--batch", 0.25]
    same += ["--base-lr", 0.002]  # faster than the job's own: few iterations
    return [*same, "--iterations", ITERATIONS, "--snapshot", 6, "--out", out, *more]


def test_it_learns_the_descriptors_and_is_measured_on_people_held_out(taught):
    """Of as many numbers as the file has; the teacher's layer has no other place than training."""
    losses = losses_of(taught / "run", "identity")
    assert len(losses) == ITERATIONS and sum(losses[-3:]) < sum(losses[:3])
    (figures,) = [entry["validation"] for entry in log_of(taught / "run") if "validation" in entry]
    assert set(figures["identity"]) == {"auc", "tar_at_far_0.01"}
    weights = weights_of(taught / "run", ITERATIONS)
    assert weights["id/to_teacher"][0].shape == (NUMBERS, 512) and "id/fc8" not in weights


def test_a_run_that_goes_on_ends_with_the_same_weights(taught, tmp_path):
    out = tmp_path / "run"
    shutil.copytree(taught / "run", out)
    for name in os.listdir(out / "snapshots"):
        if f"{ITERATIONS:07d}" in name:
            os.remove(out / "snapshots" / name)
    done = run_well(TRAIN, *options(taught, out, "--resume"))
    assert "resuming at iteration 6" in done.stdout
    same_weights(taught / "run", out, ITERATIONS)
    assert (out / LOG).read_text() == (taught / "run" / LOG).read_text()


def test_the_joint_net_and_a_model_of_one_tower_take_its_weights(chain, taught, tmp_path):
    start = ["--profile", "tiny", "--db", chain / "db", "--init", taught / "run", "--batch", 0.25]
    done = run_well(TRAIN, *start, "--iterations", 1, "--out", tmp_path / "joint")
    taken, anew, left = [line for line in done.stdout.splitlines() if line.startswith("  ")][:3]
    assert all(f" {layer}" in taken for layer in ("conv1", "conv7", "fc6", "fc7"))
    assert "fc8" in anew and left.split() == ["left:", "to_teacher"]
    fuse = ["--run", taught / "run", "--tower", "id", "--out", tmp_path / "model"]
    run_well("tools.fuse", *fuse)
    assert "to_teacher" not in (tmp_path / "model" / "deploy.prototxt").read_text()


def test_databases_that_do_not_fit_are_refused_before_caffe(
    chain, taught, tmp_path, expect_refusal
):
    db, given = tmp_path / "db", options(taught, tmp_path / "run")
    given[given.index(taught / "db")] = db
    expect_refusal(TRAIN, given, db / "distill", "build the database first")
    shutil.copytree(chain / "db" / "id", db / "distill")
    expect_refusal(TRAIN, given, db / "distill", "descriptors of no numbers", "build them again")
    shutil.rmtree(db / "distill")
    shutil.copytree(taught / "db" / "distill", db / "distill" / "one")
    path = db / "distill" / "two" / "manifest.json"
    shutil.copytree(taught / "db" / "distill", path.parent)
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps({**manifest, "descriptor": 7}))
    expect_refusal(TRAIN, given, db / "distill", f"of {NUMBERS}, 7 numbers", "one teacher")
    alone = options(taught, tmp_path / "run")
    alone[alone.index(0.25)] = 0.001
    expect_refusal(TRAIN, alone, "--batch", "one face")
    assert not (tmp_path / "run").exists()


def test_only_training_has_the_teachers_layer_and_testing_asks_who_somebody_is():
    job = schedules.JOBS["small"]["distill"]
    net = towers.train_net(profiles.SMALL, job, "db", 0)
    train, test = [layer for layer in net.layer if layer.name == "id/data"]
    assert json.loads(train.python_param.param_str)["source"] == "db/distill"
    settings = json.loads(test.python_param.param_str)
    assert settings["source"] == "db/val/id" and "descriptor" not in settings
    for name in ("id/to_teacher", "id/loss_identity"):
        (layer,) = [layer for layer in net.layer if layer.name == name]
        assert [rule.phase for rule in layer.include] == [0]


def test_where_branches_alone_learn_the_teachers_layer_does_too():
    """It is behind the descriptor, as the classifier is; the trunk stays."""
    job = replace(schedules.JOBS["tiny"]["distill"], branches=("identity",))
    net, rates = towers.train_net(profiles.TINY, job, "db", 0), {}
    for layer in net.layer:
        rates.update({param.name: param.lr_mult for param in layer.param})
    assert rates["to_teacher/w"] == rates["conv7/w"] == 1 and rates["conv6/w"] == 0


def test_the_joint_net_may_go_on_to_learn_from_the_teacher(chain, taught, tmp_path, expect_refusal):
    """Beside tasks that have labels; its own layer goes on from what it has learnt."""
    db, out = tmp_path / "db", tmp_path / "run"
    shutil.copytree(taught / "db" / "distill", db / "distill")
    for name in ("det", "smile", "gender", "age", "val"):
        os.symlink(chain / "db" / name, db / name)
    given = ["--profile", "tiny", "--db", db, "--init", taught / "run", "--batch", 0.25]
    given += ["--iterations", 2, "--out", out, "--taught"]
    expect_refusal(TRAIN, [*given, "--towers", "smile", "age"], "--taught", "no identity net")
    done = run_well(TRAIN, *given)
    taken = next(line for line in done.stdout.splitlines() if line.startswith("  "))
    assert " to_teacher" in taken and " fc7" in taken
    weights = weights_of(out, 2)
    assert weights["id/to_teacher"][0].shape == (NUMBERS, 512) and "id/fc8" not in weights
    net = text_format.Parse((out / "train.prototxt").read_text(), caffe_pb2.NetParameter())
    assert not [layer for layer in net.layer if layer.name.startswith("id/drop")]
    (loss,) = [layer for layer in net.layer if layer.name == "id/loss_identity"]
    assert list(loss.loss_weight) == [schedules.TAUGHT_WEIGHT]
    for task in ("identity", "age", "detection"):
        assert np.isfinite(losses_of(out, task)).all()
    (figures,) = [entry["validation"] for entry in log_of(out) if "validation" in entry]
    assert set(figures["identity"]) == {"auc", "tar_at_far_0.01"} and "smile" in figures
