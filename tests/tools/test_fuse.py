"""python -m tools.fuse: what it makes, and that it proves it."""

import hashlib
import json
import os
import shutil

import caffe_nets
import cv2
import numpy as np
import pytest
from conftest import ITERATIONS, run_well
from training_runs import job_options, snapshot_of

from allinone import embeddings, model, model_writing, profiles, snapshots, surgery, tasks
from allinone.backend import Backend
from allinone.blob import to_blob
from allinone.pycaffe import caffe
from prototxt import deploy
from tools.fusing import proof

FUSE = "tools.fuse"


def history_of(folder):
    return json.loads((folder / "provenance.json").read_text())


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def run_copy(chain, tmp_path):
    """A run folder whose newest snapshot may be spoiled."""
    shutil.copytree(chain / "run", tmp_path / "run")
    return tmp_path / "run", snapshots.newest(str(tmp_path / "run"))


def test_fused_outputs_are_the_towers_own(chain):
    history = history_of(chain / "model")
    expected = {f"{task.tower}/{task.output}" for task in tasks.TASKS}
    assert set(history["largest_difference"]) == expected
    assert max(history["largest_difference"].values()) <= proof.TOLERANCE <= 1e-5
    for name in history["left_out"]:
        assert name.startswith("fc8/") or name.endswith("/count")


def test_the_model_says_what_is_in_its_folder(chain):
    """Profile and hashes, by model.json; `open_model` checks the files against it."""
    told = json.loads((chain / "model" / "model.json").read_text())
    assert (told["profile"], told["input_size"]) == ("tiny", 115)
    for stage in ("1", "2"):
        names = [task.output for task in tasks.of_stage(int(stage))]
        assert told["stages"][stage] == dict(zip(names, names))
    files = (*model.FUSED, *model.DENSE, model.PROVENANCE)
    assert told["files"] == {name: sha256(chain / "model" / name) for name in files}
    opened = model.open_model(str(chain / "model"))
    assert opened.score == model.SCORE  # it has none of its own yet


def test_provenance_says_what_the_model_is_made_of(chain):
    """Checksums against the files themselves, iterations and data against run and databases."""
    history = history_of(chain / "model")
    (source,) = history["sources"]
    assert source["sha256"] == sha256(snapshot_of(chain / "run", ITERATIONS))
    assert source["iteration"] == source["iterations"] == ITERATIONS
    assert source["job"] == "joint" and history["profile"] == source["profile"] == "tiny"
    for tower in tasks.TOWERS:
        manifest = json.loads((chain / "db" / tower / "manifest.json").read_text())
        (taught,) = source["data"][tower]
        assert taught["hash"] == manifest["hash"] and taught["count"] == manifest["count"]
    net, weights = [str(chain / "model" / name) for name in model.FUSED]
    params = caffe.Net(net, caffe.TEST, weights=weights).params
    assert history["parameters"] == sum(len(blobs) for blobs in params.values())


def test_a_model_does_not_tell_others_where_somebody_keeps_data(chain):
    """Runs and databases of tests stand in a folder that is named from the root of the disk."""
    assert str(chain) in (chain / "run" / "data.json").read_text()
    for name in ("provenance.json", "model.json"):
        text = (chain / "model" / name).read_text()
        assert '"/' not in text and str(chain) not in text, name


@pytest.fixture(scope="module")
def tuned(chain, tmp_path_factory):
    """The age tower trained further from the joint net: its trunk is no longer the joint one's."""
    out = tmp_path_factory.mktemp("tuned") / "age"
    run_well("tools.train", *job_options(chain, out, "age", 2, "--init", chain / "run"))
    return out


def outputs(folder, batch, names):
    """Return {output: values} of a fused model in Caffe itself."""
    net, weights = [f"{folder}/{name}" for name in model.FUSED]
    return proof.outputs_of(caffe.Net(net, caffe.TEST, weights=weights), "data", batch, names)


def test_towers_trained_alone_are_refused_where_their_trunks_differ_and_the_layers_named(
    chain, tuned, tmp_path, expect_refusal
):
    layers = "conv1, conv2, conv3, conv4, conv5, conv6 of"
    runs = ["--run", chain / "run", "--run", tuned]
    arguments = [*runs, "--out", tmp_path / "model"]
    expect_refusal(FUSE, arguments, layers, str(tuned), "differ", "--trunk")
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize("owner", ["run", "tuned"])
def test_with_a_trunk_named_they_fuse_and_its_towers_say_exactly_what_they_said(
    chain, tuned, tmp_path, rng, owner
):
    runs, out = dict(run=str(chain / "run"), tuned=str(tuned)), tmp_path / "model"
    both = ["--run", runs["run"], "--run", runs["tuned"]]
    run_well(FUSE, *both, "--trunk", runs[owner], "--out", out)
    history = history_of(out)
    moved = {blob.split("/")[0] for blob in history["moved_by_trunk"]}
    assert moved == ({"age"} if owner == "run" else {"det", "smile", "gender", "id"})
    assert max(history["moved_by_trunk"].values()) > 1e-4
    assert max(history["largest_difference"].values()) <= 1e-5
    batch = rng.normal(size=(2, 3, 115, 115)).astype(np.float32)
    found = outputs(out, batch, ["age", "descriptor", "landmarks"])
    if owner == "run":
        for name, values in outputs(chain / "model", batch, ["descriptor", "landmarks"]).items():
            np.testing.assert_array_equal(found[name], values)
    else:  # Caffe itself, on the fine-tuned run's own net
        bare = caffe_nets.net(str(deploy.bare_net(profiles.TINY, ("age",))), caffe.TEST)
        bare.copy_from(snapshots.newest(str(tuned)))
        age = proof.outputs_of(bare, "age/input", batch, ["age/age"])["age/age"]
        np.testing.assert_allclose(found["age"], age, atol=1e-5)


@pytest.fixture(scope="module")
def branch(chain, tmp_path_factory):
    """(a run of the age branch alone, from the fused model and without validation; its words)."""
    root = tmp_path_factory.mktemp("branch")
    (root / "db").mkdir()
    os.symlink(chain / "db" / "age", root / "db" / "age")
    given = ["--db", root / "db", "--out", root / "run", "--init", chain / "model"]
    given += ["--towers", "age", "--branches", "--iterations", 2, "--base-lr", 0.01]
    return root / "run", run_well("tools.train", *given).stdout


def test_a_training_without_validation_says_so(branch):
    run, said = branch
    assert f"not validated while it trains: there is no {run.parent}/db/val/age" in said


def test_a_fused_model_gives_the_towers_that_no_run_has(chain, branch, tmp_path, rng):
    """To the bit; its operating score with its detection, its embedding with its identity."""
    start, out = tmp_path / "start", tmp_path / "model"
    shutil.copytree(chain / "model", start)
    model_writing.set_score(str(start), 0.75, precision=0.9)
    mapped = np.float32(rng.normal(size=(4, 512)))
    known = dict(model=model.open_model(str(start)).sha256, threshold=0.5, people=7)
    with model_writing.replacing_file(str(start), model.TPE) as path:
        embeddings.save(path, {embeddings.OF_MODEL: mapped}, **known)
    run_well(FUSE, "--run", start, "--run", branch[0], "--out", out)
    batch = rng.normal(size=(2, 3, 115, 115)).astype(np.float32)
    names = [task.output for task in tasks.TASKS]
    before, after = outputs(chain / "model", batch, names), outputs(out, batch, names)
    for name in names:
        assert np.array_equal(before[name], after[name]) == (name != "age"), name
    history = history_of(out)
    assert history["tower_from"]["det"] == "allinone.caffemodel"
    assert history["tower_from"]["age"] == os.path.basename(snapshots.newest(str(branch[0])))
    assert max(history["largest_difference"].values()) <= 1e-5
    about = model.open_model(str(out)).about
    assert (about.score, about.score_from) == (0.75, {"precision": 0.9})
    weights, threshold = embeddings.of_model(model.open_model(str(out)))
    assert np.array_equal(weights, mapped) and threshold == 0.5
    assert embeddings.load(str(out / model.TPE))[1]["people"] == 7

    run_well(FUSE, "--run", start, "--run", chain / "run", "--out", out)  # identity learnt
    assert not model.open_model(str(out)).has(model.TPE) and not (out / model.TPE).exists()


def test_towers_that_no_run_has_are_refused(chain, branch, tmp_path, expect_refusal):
    given = ["--run", chain / "model", "--run", branch[0], "--out", tmp_path / "model"]
    words = "--towers smile: no run has it", "leave it out"
    expect_refusal(FUSE, [*given, "--towers", "age", "smile"], *words)
    expect_refusal(FUSE, ["--run", chain / "model", *given[-2:], "--towers", "age"], "age: no run")


def test_a_fused_model_goes_with_its_own_trunk(chain, tuned, tmp_path, expect_refusal):
    given = ["--run", chain / "model", "--run", tuned, "--out", tmp_path / "model"]
    expect_refusal(FUSE, given, "conv1, conv2", "--trunk")
    words = f"give --trunk {chain / 'model'}"
    expect_refusal(FUSE, [*given, "--trunk", tuned], chain / "model", words)


@pytest.mark.parametrize("tower, more", [("det", ()), ("hyperface", ("gender",))])
def test_a_tower_of_stage_1_is_taken_out_as_a_model(chain, tmp_path, rng, tower, more):
    run, out = chain / "run", tmp_path / "model"
    if tower == "hyperface":
        run = tmp_path / "run"
        run_well("tools.train", *job_options(chain, run, tower, 1))
    run_well(FUSE, "--run", run, "--tower", tower, "--out", out)
    told = json.loads((out / "model.json").read_text())
    names = ("detection", "landmarks", "visibility", "pose", *more)
    assert told["stages"] == {"1": {name: f"{tower}/{name}" for name in names}}
    assert told["profile"] == "tiny"
    assert set(told["files"]) == {*model.FUSED, model.PROVENANCE}
    assert history_of(out)["tower_from"] == {tower: os.path.basename(snapshots.newest(str(run)))}
    # Its answers are those of the training net's own layers, filled by Caffe.
    batch = rng.normal(size=(2, 3, 115, 115)).astype(np.float32)
    bare = caffe_nets.net(str(deploy.bare_net(profiles.TINY, (tower,))), caffe.TEST)
    bare.copy_from(snapshots.newest(str(run)))
    data, blobs = f"{tower}/input", list(told["stages"]["1"].values())
    expected = proof.outputs_of(bare, data, batch, blobs)
    net, weights = [str(out / name) for name in model.FUSED]
    taken = caffe.Net(net, caffe.TEST, weights=weights)
    for blob, values in proof.outputs_of(taken, data, batch, blobs).items():
        np.testing.assert_array_equal(values, expected[blob])


def test_what_cannot_be_fused_is_named(chain, tuned, tmp_path, expect_refusal):
    base = ["--out", tmp_path / "model", "--run"]
    expect_refusal(FUSE, [*base, tuned], "no run has the tower det, smile, gender, id")
    expect_refusal(FUSE, [*base, chain / "model"], chain / "model", "none of the towers")
    foreign = [*base, chain / "run", "--trunk", tuned]
    expect_refusal(FUSE, foreign, f"--trunk {tuned}", "with --run as well")
    several = [*base, chain / "run", "--run", tuned, "--tower", "det"]
    expect_refusal(FUSE, several, "--tower takes one --run")


def test_the_profile_is_that_of_the_runs(chain, tuned, run_copy, tmp_path, expect_refusal):
    base = ["--out", tmp_path / "model", "--run"]
    run, _ = run_copy
    told = json.loads((run / "plan.json").read_text())
    (run / "plan.json").write_text(json.dumps(dict(told, profile="small")))
    expect_refusal(FUSE, [*base, run, "--run", tuned], "several profiles", "(small)", "(tiny)")
    os.remove(run / "plan.json")
    expect_refusal(FUSE, [*base, run], run, "plan.json", "give --profile")
    run_well(FUSE, *base, run, "--profile", "tiny")  # given, it need not be known
    assert history_of(tmp_path / "model")["sources"][0]["job"] is None


def test_the_dense_net_says_the_same_of_a_picture_of_its_size(chain):
    net, weights = [str(chain / "model" / name) for name in model.DENSE]
    batch = np.random.default_rng(3).normal(size=(1, 3, 115, 115)).astype(np.float32)
    names = ["detection", "landmarks", "visibility", "pose"]
    dense = proof.outputs_of(caffe.Net(net, caffe.TEST, weights=weights), "data", batch, names)
    for name, values in outputs(chain / "model", batch, names).items():
        np.testing.assert_allclose(dense[name].ravel(), values.ravel(), atol=1e-5)


def test_opencv_reads_the_fused_model_and_says_the_same(chain, rng):
    """Another implementation on the same two files: max abs difference 1e-4."""
    images = rng.integers(0, 255, (3, 115, 115, 3)).astype(np.uint8)
    net = cv2.dnn.readNetFromCaffe(*[str(chain / "model" / name) for name in model.FUSED])
    backend = Backend(str(chain / "model"))
    ours = {**backend(images, stage=1), **backend(images, stage=2)}
    assert set(ours) == {task.output for task in tasks.TASKS}
    for output, values in ours.items():
        net.setInput(to_blob(images))
        theirs = net.forward(output).reshape(3, -1)
        np.testing.assert_allclose(values, theirs, atol=1e-4, err_msg=output)


def test_a_batch_is_its_images_one_by_one(chain, rng):
    images = rng.integers(0, 255, (5, 115, 115, 3)).astype(np.uint8)
    whole, parts = Backend(str(chain / "model")), Backend(str(chain / "model"), batch=2)
    for stage in (1, 2):
        for output, values in whole(images, stage).items():
            np.testing.assert_allclose(parts(images, stage)[output], values, rtol=1e-4, atol=1e-4)
    assert whole(images[:0], 1)["landmarks"].shape == (0, 42)


def test_copies_that_disagree_are_refused(run_copy, tmp_path, expect_refusal):
    run, path = run_copy
    weights = surgery.read_weights(path)
    layer = next(layer for layer in weights.layer if layer.name == "gender/conv2")
    changed = surgery.blob_array(layer.blobs[0]) + 0.5
    layer.blobs[0].data = changed.tobytes()
    with open(path, "wb") as stream:
        stream.write(weights.SerializeToString())
    os.remove(path.replace(".caffemodel", ".sha256"))  # else that it was changed is said first
    arguments = ["--run", run, "--out", tmp_path / "model"]
    expect_refusal(FUSE, arguments, path, "'conv2/w'", "differ")
    assert not (tmp_path / "model").exists()


def test_a_caffemodel_of_another_profile_is_refused_and_the_old_model_stays(
    run_copy, chain, tmp_path, expect_refusal
):
    out = tmp_path / "model"
    shutil.copytree(chain / "model", out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    run, path = run_copy
    arguments = ["--profile", "paper", "--run", run, "--out", out]
    expect_refusal(FUSE, arguments, path, "another net or profile")
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_a_missing_and_a_cut_snapshot_are_named(run_copy, tmp_path, expect_refusal):
    run, path = run_copy
    base = ["--out", tmp_path / "model", "--run"]
    expect_refusal(FUSE, [*base, tmp_path / "none"], tmp_path / "none", "train")
    expect_refusal(FUSE, [*base, tmp_path / "no.caffemodel"], "no.caffemodel", "train")
    with open(path, "r+b") as stream:
        stream.truncate(5000)
    expect_refusal(FUSE, [*base, run], path, "cut off")
