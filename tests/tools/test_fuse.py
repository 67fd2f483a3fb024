import json
import shutil

import cv2
import numpy as np
import pytest

from allinone import surgery, tasks
from allinone.backend import CaffeBackend
from allinone.blob import to_blob
from tools import fuse


@pytest.fixture
def run_copy(chain, tmp_path):
    """A run folder whose newest snapshot may be spoiled."""
    shutil.copytree(chain / "run", tmp_path / "run")
    return tmp_path / "run", fuse.newest_snapshot(str(tmp_path / "run"))


def test_fused_outputs_are_the_towers_own(chain):
    with open(chain / "model" / "provenance.json", encoding="utf-8") as stream:
        provenance = json.load(stream)
    assert set(provenance["largest_difference"]) == {f"{task.tower}/{task.output}" for task in tasks.TASKS}
    assert max(provenance["largest_difference"].values()) <= fuse.TOLERANCE
    assert all(name.startswith("fc8/") or name.endswith("/count") for name in provenance["left_out"])


def test_opencv_reads_the_fused_model_and_says_the_same(chain, rng):
    """Another implementation on the same two files: max abs difference 1e-4."""
    images = rng.integers(0, 255, (3, 115, 115, 3)).astype(np.uint8)
    net = cv2.dnn.readNetFromCaffe(str(chain / "model" / "deploy.prototxt"), str(chain / "model" / "allinone.caffemodel"))
    backend = CaffeBackend(str(chain / "model"))
    ours = {**backend(images, stage=1), **backend(images, stage=2)}
    assert set(ours) == {task.output for task in tasks.TASKS}
    for output, values in ours.items():
        net.setInput(to_blob(images))
        np.testing.assert_allclose(values, net.forward(output).reshape(3, -1), atol=1e-4, err_msg=output)


def test_a_batch_is_its_images_one_by_one(chain, rng):
    images = rng.integers(0, 255, (5, 115, 115, 3)).astype(np.uint8)
    whole, parts = CaffeBackend(str(chain / "model")), CaffeBackend(str(chain / "model"), batch=2)
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
    expect_refusal(fuse.main, ["--profile", "mini", "--run", run, "--out", tmp_path / "model"], path, "'conv2/w'", "differ")
    assert not (tmp_path / "model").exists()


def test_a_caffemodel_of_another_profile_is_refused_and_the_old_model_stays(run_copy, chain, tmp_path, expect_refusal):
    shutil.copytree(chain / "model", tmp_path / "model")
    before = (tmp_path / "model" / "allinone.caffemodel").read_bytes()
    run, path = run_copy
    expect_refusal(fuse.main, ["--profile", "paper", "--run", run, "--out", tmp_path / "model"], path, "another net or profile")
    assert (tmp_path / "model" / "allinone.caffemodel").read_bytes() == before


def test_a_missing_and_a_cut_snapshot_are_named(run_copy, tmp_path, expect_refusal):
    run, path = run_copy
    base = ["--profile", "mini", "--out", tmp_path / "model", "--run"]
    expect_refusal(fuse.main, [*base, tmp_path / "none"], tmp_path / "none", "train first")
    expect_refusal(fuse.main, [*base, run, "--snapshot", tmp_path / "no.caffemodel"], "no.caffemodel", "train first")
    with open(path, "r+b") as stream:
        stream.truncate(5000)
    expect_refusal(fuse.main, [*base, run], path, "cut off")
