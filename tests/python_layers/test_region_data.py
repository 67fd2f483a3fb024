import h5py
import numpy as np
import pytest

from allinone import boxes, landmarks, store
from python_layers import vary
from python_layers.region_data import RegionSampler, choose

SETTINGS = dict(batch=64, size=115, seed=3)


@pytest.fixture(scope="module")
def sampler(chain):
    return RegionSampler(dict(SETTINGS, source=str(chain / "db" / "det")))


def test_choose_follows_the_shares_as_far_as_they_go():
    rng, picture = np.random.default_rng(0), np.arange(900) % 3
    label = np.array([1] * 300 + [-1] * 300 + [0] * 300)
    chosen = choose(rng, label, picture, 200)
    assert [(label[chosen] == kind).sum() for kind in (1, -1, 0)] == [90, 20, 90]  # 45, 10, 45 %
    assert len(set(chosen)) == 200  # none twice while there are enough
    few = np.array([1] * 10 + [0] * 300)
    assert np.bincount(few[choose(rng, few, picture[:310], 200)]).tolist() == [
        190,
        10,
    ]  # background makes up for faces
    assert set(choose(rng, np.zeros(5, int), np.zeros(5, int), 8)) <= set(range(5))
    assert len(choose(rng, np.zeros(5, int), np.zeros(5, int), 8)) == 8  # too few: some twice


def test_a_picture_with_many_candidates_gives_no_more_than_the_others():
    rng, label = np.random.default_rng(0), np.ones(1100, int)
    picture = np.array([0] * 1000 + [1] * 100)
    chosen = np.concatenate([picture[choose(rng, label, picture, 20)] for _ in range(50)])
    assert chosen.mean() == pytest.approx(0.5, abs=0.1)


def test_every_mini_batch_has_the_documented_shares(sampler):
    for number in range(5):
        label = sampler.batch(number)[1]
        assert {kind: int((label == kind).sum()) for kind in (1, -1, 0)} == {
            1: 29,
            -1: 6,
            0: 29,
        }  # of 64


def test_a_batch_depends_on_seed_and_iteration_only(sampler):
    for one, two in zip(sampler.batch(7), sampler.batch(7)):
        np.testing.assert_array_equal(one, two)
    assert not np.array_equal(sampler.batch(7)[0], sampler.batch(8)[0])


def test_what_teaches_what(sampler):
    rows = [sampler.batch(iteration) for iteration in range(6)]
    label = np.concatenate([batch[1] for batch in rows])
    points_mask, seen_mask, pose_mask = [
        np.concatenate([batch[place] for batch in rows]) for place in (3, 5, 7)
    ]
    assert set(label) == {1, 0, -1}
    regresses = pose_mask.any(axis=1)
    assert (
        regresses[label == 1].all()
        and not regresses[label == 0].any()
        and regresses[label == -1].mean() > 0.9
    )
    np.testing.assert_array_equal(seen_mask.all(axis=1), regresses)
    assert (points_mask.sum(axis=1) <= 42).all() and points_mask[label == 1].any(axis=1).all()


class Flip:
    """A generator that always or never flips: only a single random() is replaced."""

    def __init__(self, flip):
        self.flip, self.rng = flip, np.random.default_rng(1)

    def random(self, *size):
        return self.rng.random(*size) if size else 0.0 if self.flip else 0.9

    def __getattr__(self, name):
        return getattr(self.rng, name)


@pytest.mark.parametrize("flip", [False, True])
def test_labels_belong_to_the_crop_that_is_seen(sampler, chain, flip, monkeypatch):
    """Landmarks are taken back to pixels and compared with the record's, mirrored by hand."""
    with h5py.File(chain / "db" / "det" / store.REGIONS) as data:
        index = int(np.flatnonzero(np.diff(data["face_start"][...]) == 1)[0])
        face = int(data["face_start"][index])
        truth, box, angles, seen = [
            data[name][face] for name in ("landmarks", "box", "pose", "visibility")
        ]
    image = sampler.reader.image(sampler.reader.datum(index))
    side, found = SETTINGS["size"], 0
    monkeypatch.setattr(
        vary, "colours", lambda rng, patch: patch
    )  # where the picture lies is looked at here, not how it is coloured
    patches, _, values, masks, _, seen_masks, poses, pose_masks, _ = sampler._regions(
        Flip(flip), [index], varied=True
    )
    for patch, value, mask, pose_label, pose_mask in zip(patches, values, masks, poses, pose_masks):
        assert patch.shape == (side, side, 3)
        if not pose_mask.any():
            continue
        found += 1
        in_crop = landmarks.decode(value.reshape(21, 2), np.float32([0, 0, side, side]))
        # Where the region is follows from two points; the crop must show the picture there.
        order = landmarks.MIRROR if flip else np.arange(21)
        known = np.flatnonzero(mask.reshape(21, 2)[:, 0])
        np.testing.assert_array_equal(known, np.flatnonzero(seen[order] > 0))
        sign = -1 if flip else 1
        scale = np.ptp(truth[order][known], axis=0) / np.ptp(in_crop[known], axis=0)
        shift = truth[order][known] - in_crop[known] * scale * [sign, 1]
        assert np.ptp(shift, axis=0).max() < 0.1  # one shift and scale explains all points
        x = (np.arange(side) + 0.5) * scale[0] * sign + shift[0, 0]
        y = (np.arange(side) + 0.5) * scale[1] + shift[0, 1]
        column, row = [
            np.clip(c.astype(int), 0, limit - 1)
            for c, limit in ((x, image.shape[1]), (y, image.shape[0]))
        ]
        inside = (x >= 1) & (x < image.shape[1] - 1)
        assert (
            np.abs(image[row][:, column].astype(int) - patch).mean(axis=(0, 2))[inside].mean() < 12
        )
        expected = (
            angles * np.float32([-1, 1, -1]) if flip else angles
        )  # roll and yaw change their sign, pitch does not
        np.testing.assert_allclose(np.degrees(pose_label), expected, rtol=1e-4)
    assert found >= 3 and seen_masks[pose_masks.any(axis=1)].all()
    assert boxes.area(box) > 0


def test_gender_is_that_of_the_face_and_unknown_elsewhere(sampler, chain):
    _, label, *_, gender = sampler.batch(3)
    assert set(gender[label == 1]) <= {0, 1} and (gender[label != 1] == -1).all()
    with h5py.File(chain / "db" / "det" / store.REGIONS) as data:
        start = data["face_start"][...]
        index = int(np.flatnonzero(np.diff(start) == 1)[0])
        truth = data["gender"][int(start[index])]
    _, label, *_, gender = sampler._regions(np.random.default_rng(0), [index], varied=False)
    assert (gender[label == 1] == truth).all()


def test_the_test_phase_sees_every_picture_unmirrored_and_the_same_each_time(sampler):
    for one, two in zip(sampler.test_batch(1), sampler.test_batch(1)):
        np.testing.assert_array_equal(one, two)
    assert not np.array_equal(sampler.test_batch(1)[0], sampler.test_batch(2)[0])
