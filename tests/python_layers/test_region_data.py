import h5py
import numpy as np
import pytest

from allinone import boxes, landmarks, pose, store
from python_layers import region_data
from python_layers.region_data import RegionSampler, choose

SETTINGS = dict(batch=64, size=115, seed=3)


@pytest.fixture(scope="module")
def sampler(chain):
    return RegionSampler(dict(SETTINGS, source=str(chain / "db" / "det")))


def test_choose_follows_the_shares_as_far_as_they_go():
    rng = np.random.default_rng(0)
    label = np.array([1] * 300 + [-1] * 300 + [0] * 300)
    chosen = label[choose(rng, label, 200)]
    for kind, share in region_data.SHARES:
        assert (chosen == kind).mean() == pytest.approx(share, abs=0.02)
    assert len(set(choose(rng, label, 200))) == 200                      # none twice while there are enough
    assert set(label[choose(rng, np.zeros(5, int), 8)]) <= {1, 0, -1}
    assert len(choose(rng, np.zeros(5, int), 8)) == 8                    # too few: some twice


def test_a_batch_depends_on_seed_and_iteration_only(sampler):
    for one, two in zip(sampler.batch(7), sampler.batch(7)):
        np.testing.assert_array_equal(one, two)
    assert not np.array_equal(sampler.batch(7)[0], sampler.batch(8)[0])


def test_what_teaches_what(sampler):
    rows = [sampler.batch(iteration) for iteration in range(6)]
    label = np.concatenate([batch[1] for batch in rows])
    points_mask, seen_mask, pose_mask = [np.concatenate([batch[place] for batch in rows]) for place in (3, 5, 7)]
    assert set(label) == {1, 0, -1}
    regresses = pose_mask.any(axis=1)
    assert regresses[label == 1].all() and not regresses[label == 0].any() and regresses[label == -1].mean() > 0.9
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
def test_labels_belong_to_the_crop_that_is_seen(sampler, chain, flip):
    """Landmarks are taken back to pixels of the crop and compared with the record's, cut and mirrored by hand."""
    with h5py.File(chain / "db" / "det" / store.REGIONS) as data:
        index = int(np.flatnonzero(np.diff(data["face_start"][...]) == 1)[0])
        face = int(data["face_start"][index])
        truth, box, angles, seen = [data[name][face] for name in ("landmarks", "box", "pose", "visibility")]
    image = sampler.reader.image(sampler.reader.datum(index))
    side, found = SETTINGS["size"], 0
    for _, patch, kind, targets in sampler._regions(Flip(flip), index, range(12)):
        assert patch.shape == (side, side, 3)
        if not targets:
            continue
        found += 1
        values, mask = targets["landmarks"]
        in_crop = landmarks.decode(values.reshape(21, 2), np.float32([0, 0, side, side]))
        # Where the region is follows from two points; the crop must show the picture there.
        order = landmarks.MIRROR if flip else np.arange(21)
        known = np.flatnonzero(mask.reshape(21, 2)[:, 0])
        np.testing.assert_array_equal(known, np.flatnonzero(seen[order] > 0))
        sign = -1 if flip else 1
        scale = np.ptp(truth[order][known], axis=0) / np.ptp(in_crop[known], axis=0)
        shift = truth[order][known] - in_crop[known] * scale * [sign, 1]
        assert np.ptp(shift, axis=0).max() < 0.1                       # one shift and scale explains all points
        x = (np.arange(side) + 0.5) * scale[0] * sign + shift[0, 0]
        y = (np.arange(side) + 0.5) * scale[1] + shift[0, 1]
        column, row = [np.clip(c.astype(int), 0, limit - 1) for c, limit in ((x, image.shape[1]), (y, image.shape[0]))]
        inside = (x >= 1) & (x < image.shape[1] - 1)
        assert np.abs(image[row][:, column].astype(int) - patch).mean(axis=(0, 2))[inside].mean() < 12
        expected = pose.mirror_pose(angles) if flip else angles
        np.testing.assert_allclose(np.degrees(targets["pose"][0]), expected, rtol=1e-4)
    assert found >= 3
    assert boxes.area(box) > 0
