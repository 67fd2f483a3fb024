"""ProposalData: windows, what they teach, where the face is beside them."""

import cv2
import numpy as np
import pytest

from allinone import blob, boxes, windows
from python_layers import vary
from python_layers.window_data import WindowSampler, window_of

SETTINGS = dict(batch=64, size=windows.SIDE, seed=3)


@pytest.fixture(scope="module")
def sampler(chain):
    return WindowSampler(dict(SETTINGS, source=str(chain / "db" / "det")))


def test_a_mini_batch_is_as_documented(sampler):
    patches, label, offsets, mask = sampler.batch(5)
    assert len(patches) == 64 and patches[0].shape == (24, 24, 3)
    assert {kind: int((label == kind).sum()) for kind in (1, -1, 0)} == {1: 29, -1: 6, 0: 29}
    assert offsets.shape == mask.shape == (64, 4)
    assert mask[label == 1].all() and not mask[label == 0].any()
    assert np.abs(offsets[label == 1]).max() < 1  # what allinone.fast believes


def test_a_batch_depends_on_seed_and_number_only(sampler):
    for one, two in zip(sampler.batch(7), sampler.batch(7)):
        np.testing.assert_array_equal(one, two)
    assert not np.array_equal(sampler.batch(7)[0], sampler.batch(8)[0])
    assert not np.array_equal(sampler.test_batch(1)[0], sampler.test_batch(2)[0])
    np.testing.assert_array_equal(sampler.test_batch(1)[0], sampler.test_batch(1)[0])


def test_windows_are_squares_and_their_kind_is_that_of_their_core(sampler):
    chosen = sampler._chosen(np.random.default_rng(1), [0, 1, 2, 3])
    sides = chosen.box[:, 2:] - chosen.box[:, :2]
    np.testing.assert_allclose(sides[:, 0], sides[:, 1], rtol=1e-4)
    faces = sampler.faces["box"][chosen.face]
    overlaps = boxes.iou(windows.cores(chosen.box), faces).diagonal()
    assert (overlaps[chosen.label == 1] > 0.5).all() and (chosen.label == 1).sum() > 10
    assert (overlaps[chosen.label == 0] < 0.35).all()


class Flip:
    """A generator that always or never flips."""

    def __init__(self, flip):
        self.flip = flip

    def random(self):
        return 0.0 if self.flip else 0.9


@pytest.mark.parametrize("flip", [False, True])
def test_the_face_is_where_the_offsets_say(sampler, flip, monkeypatch):
    """In what the net gets of pictures in which nothing but the face's box is white."""
    monkeypatch.setattr(vary, "colours", lambda rng, image: image)
    chosen = sampler._chosen(np.random.default_rng(2), [0])
    found = 0
    for row in np.flatnonzero(chosen.label == 1):
        x1, y1, x2, y2 = sampler.faces["box"][chosen.face[row]].round().astype(int).clip(0)
        white = np.zeros_like(chosen.images[0])
        white[y1:y2, x1:x2] = 255
        (patch, *_), _, offsets, _ = sampler._batch_of(Flip(flip), one_of(chosen, row, white), True)
        x1, y1, x2, y2 = windows.decode(offsets[0], [0, 0, 24, 24]).round().astype(int).clip(0)
        told, seen = np.zeros((24, 24), bool), patch[..., 0] > 127
        told[y1:y2, x1:x2] = True
        assert (told & seen).sum() > 0.85 * (told | seen).sum()
        found += 1
    assert found > 10


def one_of(chosen, row, image):
    """Return one of the chosen windows, of another picture."""
    one = slice(row, row + 1)
    rows = {name: values[one] for name, values in chosen._asdict().items() if name != "images"}
    return type(chosen)(images=[image], **rows)


def test_a_window_of_a_halved_picture_is_that_of_the_whole(rng):
    """Whatever its size, up to a grey level's noise: the picture is smooth."""
    image = cv2.resize(rng.integers(0, 255, (6, 8, 3)).astype(np.uint8), (801, 601))
    pyramid = [image]
    for box in ([100, 80, 124, 104], [50, 40, 250, 240], [-30, 10, 570, 610], [3, 5, 93, 95]):
        plain = blob.crop(image, box, 24).astype(int)
        assert np.abs(window_of(pyramid, np.float32(box), 24) - plain).mean() < 2
    assert [len(one) for one in pyramid] == [601, 300, 150, 75, 37]
    assert window_of([image[:1]], np.float32([0, -300, 600, 300]), 24).shape == (24, 24, 3)
