import hashlib
import json
import shutil

import caffe_nets
import cv2
import numpy as np
import pytest
from conftest import ITERATIONS, run_well

from allinone import snapshots, surgery, tasks
from allinone.backend import Backend
from allinone.blob import to_blob
from allinone.pycaffe import caffe
from prototxt import deploy
from tools import fuse


@pytest.fixture
def run_copy(chain, tmp_path):
    """A run folder whose newest snapshot may be spoiled."""
    shutil.copytree(chain / "run", tmp_path / "run")
    return tmp_path / "run", snapshots.newest(str(tmp_path / "run"))


def test_fused_outputs_are_the_towers_own(chain):
    with open(chain / "model" / "provenance.json", encoding="utf-8") as stream:
        provenance = json.load(stream)
    assert set(provenance["largest_difference"]) == {
        f"{task.tower}/{task.output}" for task in tasks.TASKS
    }
    assert max(provenance["largest_difference"].values()) <= fuse.TOLERANCE
    assert all(
        name.startswith("fc8/") or name.endswith("/count") for name in provenance["left_out"]
    )


def test_provenance_says_what_the_model_is_made_of(chain):
    """Checksums against the files themselves, iterations and data against the run and the databases."""
    provenance = json.loads((chain / "model" / "provenance.json").read_text())
    sha256 = lambda path: hashlib.sha256(path.read_bytes()).hexdigest()
    (source,) = provenance["sources"]
    assert source["sha256"] == sha256(
        chain / "run" / "snapshots" / f"iter_{ITERATIONS:07d}.caffemodel"
    )
    assert provenance["model_sha256"] == sha256(chain / "model" / "allinone.caffemodel")
    assert (
        source["iteration"] == source["iterations"] == ITERATIONS
        and source["job"] == "joint"
        and provenance["profile"] == "tiny"
    )
    for tower in tasks.TOWERS:
        assert source["data"][tower] == [
            json.loads((chain / "db" / tower / "manifest.json").read_text())
        ]
    weights = caffe.Net(
        str(chain / "model" / "deploy.prototxt"),
        caffe.TEST,
        weights=str(chain / "model" / "allinone.caffemodel"),
    )
    assert provenance["parameters"] == sum(map(len, weights.params.values()))


@pytest.fixture(scope="module")
def tuned(chain, tmp_path_factory):
    """The age tower trained further from the joint net: its trunk is no longer the joint one's."""
    out = tmp_path_factory.mktemp("tuned") / "age"
    run_well(
        "tools.train",
        "--profile",
        "tiny",
        "--job",
        "lap2015",
        "--db",
        f"{chain}/db",
        "--out",
        str(out),
        "--iterations",
        "2",
        "--init",
        f"{chain}/run",
    )
    return out


def outputs(model, batch, names):
    net = caffe.Net(f"{model}/deploy.prototxt", caffe.TEST, weights=f"{model}/allinone.caffemodel")
    net.blobs["data"].reshape(*batch.shape)
    net.blobs["data"].data[...] = batch
    net.forward()
    return {name: net.blobs[name].data.copy() for name in names}


def test_towers_trained_alone_are_refused_where_their_trunks_differ_and_the_layers_named(
    chain, tuned, tmp_path, expect_refusal
):
    expect_refusal(
        fuse.main,
        ["--profile", "tiny", "--run", chain / "run", "--run", tuned, "--out", tmp_path / "model"],
        "conv1, conv2, conv3, conv4, conv5, conv6 of",
        str(tuned),
        "differ",
        "--trunk",
    )
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize("owner", ["run", "tuned"])
def test_with_a_trunk_named_they_fuse_and_its_towers_say_exactly_what_they_said(
    chain, tuned, tmp_path, rng, owner
):
    runs = dict(run=str(chain / "run"), tuned=str(tuned))
    assert (
        fuse.main(
            [
                "--profile",
                "tiny",
                "--run",
                runs["run"],
                "--run",
                runs["tuned"],
                "--trunk",
                runs[owner],
                "--out",
                str(tmp_path / "model"),
            ]
        )
        == 0
    )
    provenance = json.loads((tmp_path / "model" / "provenance.json").read_text())
    moved = {blob.split("/")[0] for blob in provenance["moved_by_trunk"]}
    assert (
        moved == ({"age"} if owner == "run" else {"det", "smile", "gender", "id"})
        and max(provenance["moved_by_trunk"].values()) > 1e-4
    )
    assert max(provenance["largest_difference"].values()) <= 1e-5
    batch = rng.normal(size=(2, 3, 115, 115)).astype(np.float32)
    both = outputs(tmp_path / "model", batch, ["age", "descriptor", "landmarks"])
    if owner == "run":
        whole = outputs(chain / "model", batch, ["descriptor", "landmarks"])
        for name, values in whole.items():
            np.testing.assert_array_equal(both[name], values)
    else:  # Caffe itself, on the fine-tuned run's own net
        bare = caffe_nets.net(str(deploy.bare_net(profiles.TINY, ("age",))), caffe.TEST)
        bare.copy_from(snapshots.newest(str(tuned)))
        bare.blobs["age/input"].reshape(*batch.shape)
        bare.blobs["age/input"].data[...] = batch
        bare.forward()
        np.testing.assert_allclose(both["age"], bare.blobs["age/age"].data, atol=1e-5)


def test_what_cannot_be_fused_is_named(chain, tuned, tmp_path, expect_refusal):
    base = ["--profile", "tiny", "--out", tmp_path / "model", "--run"]
    expect_refusal(fuse.main, [*base, tuned], "no run has the tower det, smile, gender, id")
    expect_refusal(fuse.main, [*base, chain / "model"], chain / "model", "none of the towers")
    expect_refusal(
        fuse.main,
        [*base, chain / "run", "--trunk", tuned],
        f"--trunk {tuned}",
        "with --run as well",
    )


def test_the_dense_net_says_the_same_of_a_picture_of_its_size(chain):
    net = caffe.Net(
        str(chain / "model" / "dense.prototxt"),
        caffe.TEST,
        weights=str(chain / "model" / "dense.caffemodel"),
    )
    batch = np.random.default_rng(3).normal(size=(1, 3, 115, 115)).astype(np.float32)
    net.blobs["data"].data[...] = batch
    net.forward()
    for name, values in outputs(
        chain / "model", batch, ["detection", "landmarks", "visibility", "pose"]
    ).items():
        np.testing.assert_allclose(net.blobs[name].data.ravel(), values.ravel(), atol=1e-5)


def test_opencv_reads_the_fused_model_and_says_the_same(chain, rng):
    """Another implementation on the same two files: max abs difference 1e-4."""
    images = rng.integers(0, 255, (3, 115, 115, 3)).astype(np.uint8)
    net = cv2.dnn.readNetFromCaffe(
        str(chain / "model" / "deploy.prototxt"), str(chain / "model" / "allinone.caffemodel")
    )
    backend = Backend(str(chain / "model"))
    ours = {**backend(images, stage=1), **backend(images, stage=2)}
    assert set(ours) == {task.output for task in tasks.TASKS}
    for output, values in ours.items():
        net.setInput(to_blob(images))
        np.testing.assert_allclose(
            values, net.forward(output).reshape(3, -1), atol=1e-4, err_msg=output
        )


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
    layer.blobs[0].data[0] += 0.5
    with open(path, "wb") as stream:
        stream.write(weights.SerializeToString())
    expect_refusal(
        fuse.main,
        ["--profile", "tiny", "--run", run, "--out", tmp_path / "model"],
        path,
        "'conv2/w'",
        "differ",
    )
    assert not (tmp_path / "model").exists()


def test_a_caffemodel_of_another_profile_is_refused_and_the_old_model_stays(
    run_copy, chain, tmp_path, expect_refusal
):
    shutil.copytree(chain / "model", tmp_path / "model")
    before = (tmp_path / "model" / "allinone.caffemodel").read_bytes()
    run, path = run_copy
    expect_refusal(
        fuse.main,
        ["--profile", "paper", "--run", run, "--out", tmp_path / "model"],
        path,
        "another net or profile",
    )
    assert (tmp_path / "model" / "allinone.caffemodel").read_bytes() == before


def test_a_missing_and_a_cut_snapshot_are_named(run_copy, tmp_path, expect_refusal):
    run, path = run_copy
    base = ["--profile", "tiny", "--out", tmp_path / "model", "--run"]
    expect_refusal(fuse.main, [*base, tmp_path / "none"], tmp_path / "none", "train")
    expect_refusal(fuse.main, [*base, tmp_path / "no.caffemodel"], "no.caffemodel", "train")
    with open(path, "r+b") as stream:
        stream.truncate(5000)
    expect_refusal(fuse.main, [*base, run], path, "cut off")
