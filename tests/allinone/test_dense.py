"""Dense proposals against what they stand for: windows at known places, crops of the same net."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from allinone import FaceAnalyzer, boxes, dense
from allinone.blob import to_blob
from allinone.checked import DENSE_STRIDE
from allinone.errors import InputError


class Spot:
    """A stand-in for the net: the score of a window is its mean brightness."""

    input_size = 96

    def __init__(self, factor=1.0):
        self.sizes = []
        self.model = SimpleNamespace(calibrated=lambda score: factor * score)
        self.factor = factor

    def scores(self, image):
        self.sizes.append(image.shape[:2])
        rows, columns = [(side - self.input_size) // DENSE_STRIDE + 1 for side in image.shape[:2]]
        whole = [(count - 1) * DENSE_STRIDE + self.input_size for count in (rows, columns)]
        assert whole == list(image.shape[:2])
        scores = np.empty((rows, columns))
        for row, column in np.ndindex(rows, columns):
            top, left = row * DENSE_STRIDE, column * DENSE_STRIDE
            window = image[top : top + self.input_size, left : left + self.input_size]
            scores[row, column] = self.factor * window.mean() / 255
        return scores


@pytest.mark.parametrize(
    "box", [(200, 120, 280, 200), (10, 5, 110, 105), (350, 250, 400, 300), (-30, 100, 70, 200)]
)
def test_the_best_window_lies_on_what_is_bright(box):
    """Whatever the square's place and size, at the border and beyond it too."""
    image = np.zeros((320, 420, 3), np.uint8)
    x1, y1, x2, y2 = [max(edge, 0) for edge in box]
    image[y1:y2, x1:x2] = 255
    windows, scores = dense.windows(Spot(), image, 40)
    best = windows[scores > scores.max() - 0.25]
    assert boxes.iou(best, [[x1, y1, x2, y2]]).max() > 0.5
    found = dense.proposals(Spot(), image, 40)
    assert boxes.iou(found, [[x1, y1, x2, y2]]).max() > 0.5


@pytest.mark.parametrize("factor", [1, 0.2])  # of a net whose scores were calibrated
@pytest.mark.parametrize("brightness, places", [(255, 80), (140, dense.HEADS)])
def test_a_crowd_is_looked_at_as_a_whole_where_the_net_is_sure(brightness, places, factor):
    """80 bright squares; of those that the net is less sure of only the best ones."""
    image = np.zeros((1600, 2000, 3), np.uint8)
    corners = [(x, y) for x in range(30, 2000, 200) for y in range(30, 1600, 200)]
    for x, y in corners:
        image[y : y + 140, x : x + 140] = brightness
    squares = np.float32([(x, y, x + 140, y + 140) for x, y in corners])
    found = boxes.iou(squares, dense.proposals(Spot(factor), image, 80)).max(axis=1) > 0.4
    assert len(squares) == 80 and found.sum() == places


def test_sizes_go_from_the_smallest_face_to_the_picture():
    scales = dense.pyramid(640, 480, 100, 50)
    windows = [100 / scale for scale in scales]
    assert (
        windows[0] == pytest.approx(50 * dense.ROOM)
        and windows[-1] >= 480 / dense.STEP
        and windows[-1] <= 480 * dense.STEP
    )
    np.testing.assert_allclose(np.divide(windows[1:], windows[:-1]), dense.STEP)
    assert dense.pyramid(30, 30, 100, 50)  # a tiny picture is looked at once


def by_place(found):
    """Return windows with their scores in an order of their own."""
    return sorted(map(tuple, np.column_stack(found).round(3).tolist()))


def test_no_piece_is_larger_than_it_may_be_and_all_together_are_the_whole(monkeypatch):
    image = cv2.resize(
        np.random.default_rng(0).integers(0, 255, (12, 16, 3)).astype(np.uint8), (640, 480)
    )
    whole, spot = Spot(), Spot()
    one = dense.windows(whole, image, 60)
    monkeypatch.setattr(dense, "TILE", 5)
    many = dense.windows(spot, image, 60)
    assert (
        max(max(size) for size in spot.sizes)
        == 96 + 4 * DENSE_STRIDE
        < max(max(size) for size in whole.sizes)
    )
    np.testing.assert_allclose(by_place(many), by_place(one), atol=0.01)


def test_a_window_of_the_dense_net_is_its_crop(chain, rng):
    """At the net's own size: the score of the only window is the crop net's, to 1e-4."""
    backend = FaceAnalyzer(str(chain / "model"), "caffe").backend
    image = cv2.resize(rng.integers(0, 255, (9, 9, 3)).astype(np.uint8), (115, 115))
    assert backend.scores(image).shape == (1, 1)
    assert backend.scores(image)[0, 0] == pytest.approx(
        backend([image], 1)["detection"][0, 1], abs=1e-4
    )
    assert backend.scores(np.zeros((115 + 32, 115 + 64, 3), np.uint8)).shape == (2, 3)
    assert to_blob([image]).shape == (1, 3, 115, 115)


def test_a_black_picture_gives_no_proposal():
    assert dense.proposals(Spot(), np.zeros((100, 100, 3), np.uint8)).shape == (0, 4)


def test_wishes_that_make_no_sense_are_refused(chain):
    for settings, words in (
        (dict(proposals="magic"), "dense, selective-search"),
        (dict(engine="torch"), "caffe, opencv, onnxruntime"),
        (dict(smallest=0), "at least"),
        (dict(smallest=40, proposals="selective-search"), "smallest 40: .* know no least height"),
    ):
        with pytest.raises(InputError, match=words):
            FaceAnalyzer(str(chain / "model"), **settings)
