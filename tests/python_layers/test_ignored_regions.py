"""Whole photographs: where a face may be that nobody has marked, nothing is background."""

import json

import cv2
import h5py
import numpy as np
import pytest
from small_records import manifest_of, scenes

from allinone import regions, store
from allinone.record import FaceRecord
from allinone.stored_regions import IGNORED, StoredRegions
from evaluate import operating_score
from python_layers.region_data import RegionSampler
from python_layers.window_data import WindowSampler

MARKED, HIDDEN = [20, 20, 70, 80], [150, 40, 200, 100]
GROWN = [137.5, 25, 212.5, 115]  # HIDDEN with a quarter of its size on every side


@pytest.fixture(scope="module")
def db(tmp_path_factory):
    """A folder of a detection database: with a marked and a hidden face, with one, with none."""
    root = tmp_path_factory.mktemp("whole")
    noise = np.random.default_rng(0).integers(0, 255, (12, 16, 3)).astype(np.uint8)
    lines = []
    for name in "abcd":
        cv2.imwrite(str(root / f"{name}.jpg"), cv2.resize(noise, (240, 180)))
    lines += [dict(image="a.jpg", box=MARKED), dict(image="a.jpg", box=HIDDEN, ignore=1)]
    lines += [dict(image="b.jpg", box=MARKED), dict(image="c.jpg")]
    lines += [dict(image="d.jpg", box=HIDDEN, ignore=1)]  # nothing is marked: it teaches little
    records = root / "records.jsonl"
    records.write_text("".join(json.dumps(line) + "\n" for line in lines))
    scenes([], [records], root / "db")
    return root / "db"


def test_the_database_keeps_the_places_to_ignore(db):
    manifest = manifest_of(db, "det")
    assert (manifest["count"], manifest["faces"], manifest["ignored"]) == (3, 2, 1)
    stored = StoredRegions(str(db / "det"), [], 3)
    assert stored.ignored(0).tolist() == [HIDDEN]
    assert len(stored.ignored(1)) == len(stored.ignored(2)) == 0


def test_a_database_without_such_places_is_as_it_was(chain):
    with h5py.File(str(chain / "db" / "det" / store.REGIONS)) as data:
        assert not set(IGNORED) & set(data)
    assert "ignored" not in manifest_of(chain, "db", "det")


def share_inside(box, other):
    """Return the share of a box that lies in another, by counting points of a fine grid."""
    x, y = np.meshgrid(np.linspace(box[0], box[2], 60), np.linspace(box[1], box[3], 60))
    inside = (x > other[0]) & (x < other[2]) & (y > other[1]) & (y < other[3])
    return inside.mean()


@pytest.mark.parametrize("sampler_class", [RegionSampler, WindowSampler])
def test_nothing_is_background_where_a_face_may_hide(db, sampler_class):
    settings = dict(source=str(db / "det"), batch=16, size=115, seed=3)
    sampler, rng = sampler_class(settings), np.random.default_rng(5)
    near, far = [], []
    for _ in range(40):
        candidates, label, _, _ = sampler._candidates(rng, 0, (180, 240))
        for box, kind in zip(sampler._cores(candidates), label):
            share = share_inside(box, GROWN)
            if abs(share - regions.TOUCHED) > 0.03:
                (near if share > regions.TOUCHED else far).append(int(kind))
    assert len(near) > 50 and regions.BACKGROUND not in near
    assert regions.BACKGROUND in far and regions.FACE in far
    kinds = [int(kind) for _ in range(20) for kind in sampler._candidates(rng, 1, (180, 240))[1]]
    assert regions.BACKGROUND in kinds  # where nobody is to be ignored all is as it was


def test_a_detection_of_such_a_face_is_not_counted_as_false(db, monkeypatch):
    """Where the model finds both places in all three pictures: with both faces, with one, none."""
    said = [FaceRecord("", box=box, score=score) for box, score in ((MARKED, 0.9), (HIDDEN, 0.8))]
    monkeypatch.setattr(operating_score, "FaceAnalyzer", lambda *_: None)
    monkeypatch.setattr(operating_score.answers, "detected", lambda *_: said)
    counted = operating_score.counted_in("model", str(db / "det"), "opencv", "", "dense")
    assert sorted(zip(counted.scores, counted.true)) == [
        *[(0.8, False)] * 2,
        (0.9, False),
        *[(0.9, True)] * 2,
    ]
