"""Further variation of training pictures: off by default, seeded, and each kind what it says."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest
from conftest import run_well

from allinone import align, store
from allinone.profiles import TINY
from allinone.pycaffe import caffe
from allinone.schedules import JOBS
from prototxt import towers
from python_layers import variations
from python_layers.face_data import FaceSampler
from python_layers.region_data import RegionSampler
from python_layers.variations import KINDS


@pytest.fixture
def face():
    """A picture of random points, (115, 115, 3)."""
    return np.random.default_rng(0).integers(60, 200, (115, 115, 3), dtype=np.uint8)


def settings(chain, tower="age", **more):
    return dict(source=str(chain / "db" / tower), batch=16, size=115, seed=1, **more)


def sharpness(image):
    return np.abs(cv2.Laplacian(np.float32(image), cv2.CV_32F)).mean()


def test_without_kinds_nothing_changes_and_no_random_number_is_drawn(face):
    rng = np.random.default_rng(1)
    state = rng.bit_generator.state
    np.testing.assert_array_equal(variations.placed(rng, face, ()), face)
    np.testing.assert_array_equal(variations.spoilt(rng, face, ()), face)
    assert rng.bit_generator.state == state


@pytest.mark.parametrize("kind", sorted(variations.SPOIL))
def test_each_kind_changes_its_share_of_the_pictures(face, kind):
    rng, changed = np.random.default_rng(2), []
    for _ in range(300):
        before = face.copy()
        one = variations.spoilt(rng, face, (kind,))
        np.testing.assert_array_equal(face, before)  # the database's own is left alone
        assert one.shape == face.shape and one.dtype == np.uint8
        if (one != face).any():
            changed.append(one)
    assert len(changed) / 300 == pytest.approx(variations.SHARES[kind], abs=0.09)
    if kind == "grey":
        assert all(np.ptp(one, axis=2).max() == 0 for one in changed)
    if kind in ("blur", "small"):
        assert max(map(sharpness, changed)) < sharpness(face)
    if kind == "casts":
        means = [one.mean(axis=(0, 1)) / face.mean(axis=(0, 1)) for one in changed]
        assert np.ptp(means, axis=1).max() > 0.2
    if kind == "patches":
        hidden = [(np.abs(one.astype(int) - face).max(axis=2) > 4).mean() for one in changed]
        assert 0.03 < np.median(hidden) < 0.3 and max(hidden) < 0.5


def test_borders_are_repeated_edges_and_the_face_stays():
    """Of a picture of random points: rows outside the cut are copies of the edge."""
    stored = np.random.default_rng(3).integers(0, 256, (131, 131, 3)).astype(np.uint8)
    rng, cut = np.random.default_rng(4), 0
    features = align.CANONICAL[align.STABLE] * 131
    for _ in range(50):
        one = variations.placed(rng, stored, ("borders",))
        same = (one == stored).all(axis=2)
        rows, columns = (
            np.flatnonzero(same.mean(axis=1) > 0.4),
            np.flatnonzero(same.mean(axis=0) > 0.4),
        )
        top, bottom, left, right = rows[0], rows[-1], columns[0], columns[-1]
        assert same[top : bottom + 1, left : right + 1].all()
        np.testing.assert_array_equal(one[:top], np.repeat(one[top : top + 1], top, axis=0))
        assert left < features[:, 0].min() and features[:, 0].max() < right
        assert top < features[:, 1].min() and features[:, 1].max() < bottom + 1
        cut += (top, left) != (0, 0)
    assert 30 < cut < 50


def test_a_mini_batch_depends_on_seed_and_number_alone(chain):
    sampler = FaceSampler(settings(chain, vary=list(KINDS)))
    again = FaceSampler(settings(chain, vary=list(KINDS)))
    sampler.batch(0)
    for one, other in zip(sampler.batch(3), again.batch(3)):
        np.testing.assert_array_equal(one, other)
    plain = FaceSampler(settings(chain))
    assert (np.array(plain.batch(3)[0]) != np.array(sampler.batch(3)[0])).any()
    np.testing.assert_array_equal(plain.batch(3)[1], sampler.batch(3)[1])  # the same faces
    np.testing.assert_array_equal(plain.test_batch(0)[0], sampler.test_batch(0)[0])


def test_regions_keep_their_labels(chain):
    plain = RegionSampler(settings(chain, "det"))
    varied = RegionSampler(settings(chain, "det", vary=list(variations.OF_REGIONS)))
    one, other = plain.batch(2), varied.batch(2)
    np.testing.assert_array_equal(one[1], other[1])
    assert (np.array(one[0]) != np.array(other[0])).any()
    assert not set(variations.OF_REGIONS) & {"borders", "crops", "patches"}


def test_training_takes_the_kinds_that_are_named(chain, tmp_path, expect_refusal):
    """By the settings of the net's data layers; each has those that it may have."""
    job = replace(JOBS["tiny"]["joint"], vary=KINDS, balance=("age", "gender"))
    found = {}
    for layer in towers.train_net(TINY, job, "db", 6).layer:
        if layer.name.endswith("/data") and layer.include[0].phase == caffe.TRAIN:
            found[layer.name.split("/")[0]] = json.loads(layer.python_param.param_str)
    assert found["det"]["vary"] == list(variations.OF_REGIONS)
    for tower in ("age", "gender", "smile", "id"):
        assert found[tower]["vary"] == list(KINDS)
    assert {tower for tower, one in found.items() if one.get("balance")} == {"age", "gender"}
    plain = str(towers.train_net(TINY, JOBS["tiny"]["joint"], "db", 6))
    assert "vary" not in plain and "balance" not in plain
    base = ["--profile", "tiny", "--db", chain / "db", "--out", tmp_path / "run"]
    expect_refusal("tools.train", [*base, "--vary", "fog"], "--vary", "fog", "blur")
    expect_refusal("tools.train", [*base, "--balance", "id"], "--balance", "'id'")


def test_a_sheet_shows_faces_as_training_varies_them(chain, tmp_path):
    run_well("tools.inspect_db", chain / "db", "--out", tmp_path, "--vary", "all")
    shown = cv2.imread(str(tmp_path / "age.jpg"))[:200, :200]
    sampler = FaceSampler(dict(settings(chain), batch=24, vary=list(KINDS)))
    first = cv2.resize(sampler.batch(0)[0][0], (200, 200), interpolation=cv2.INTER_CUBIC)
    assert np.abs(shown.astype(int) - first).mean() < 4
    assert store.Reader(str(chain / "db" / "age")).manifest["input_size"] == 115
