"""Fast proposals: a stand-in that knows what a face is, the net itself against its crops."""

import cv2
import numpy as np
import pytest
from skimage import data

from allinone import FaceAnalyzer, boxes, engines, fast, windows
from allinone.errors import InputError
from allinone.searching import usual_proposals


class Bright:
    """A stand-in for the net: a face is a bright square in the dark that fills a window's core."""

    screens = False

    def __init__(self):
        self.sizes = []

    def faces_and_offsets(self, image):
        self.sizes.append(image.shape[:2])
        rows, columns = [(side - windows.SIDE) // windows.STRIDE + 1 for side in image.shape[:2]]
        whole = [windows.SIDE + (count - 1) * windows.STRIDE for count in (rows, columns)]
        assert whole == list(image.shape[:2])
        inner = round((windows.SIDE - windows.CORE) / 2)
        grey = np.float32(image[..., 0]) / 255
        places = (rows, columns)
        window = [self.means(grey, start, side, places) for start, side in ((0, 24), (inner, 20))]
        ring = (window[0] * 24**2 - window[1] * 20**2) / (24**2 - 20**2)
        return (window[1] - ring).clip(0), np.zeros((rows, columns, 4), np.float32)

    @staticmethod
    def means(grey, start, side, places):
        mean = cv2.boxFilter(grey, -1, (side, side), anchor=(0, 0), borderType=cv2.BORDER_REFLECT)
        found = mean[start :: windows.STRIDE, start :: windows.STRIDE]
        return found[: places[0], : places[1]]


def picture(squares, shape):
    image = np.zeros((*shape, 3), np.uint8)
    for x1, y1, x2, y2 in np.maximum(squares, 0):
        image[y1:y2, x1:x2] = 255
    return image


@pytest.mark.parametrize(
    "box", [(200, 120, 280, 200), (7, 5, 107, 105), (301, 251, 321, 271), (30, 30, 300, 300)]
)
def test_a_face_of_any_size_is_proposed_once(box):
    found = fast.proposals(Bright(), picture([box], (330, 420)))
    overlaps = boxes.iou(found, [box])[:, 0]
    assert overlaps.max() > 0.45 and (overlaps > 0.4).sum() == 1


@pytest.mark.parametrize("box, off", [((300, 252, 320, 272), 0.01), ((208, 128, 288, 208), 1.5)])
def test_where_windows_fit_a_face_it_is_found_to_the_pixel(box, off):
    """At its own size, and at a quarter, where pixels are rounded."""
    found = fast.proposals(Bright(), picture([box], (330, 420)))
    assert np.abs(found - box).max(axis=1).min() <= off


@pytest.mark.parametrize("box", [(-20, 100, 60, 180), (370, 200, 440, 270)])
def test_a_face_may_leave_the_picture(box):
    found = fast.proposals(Bright(), picture([box], (330, 420)))
    assert boxes.iou(found, [boxes.clip(box, 420, 330)]).max() > 0.4


def test_no_number_of_faces_is_too_many():
    """300 of 20 to 40 pixels in one picture."""
    squares = []
    for number, (x, y) in enumerate((x, y) for x in range(20) for y in range(15)):
        side = 20 + number % 21
        squares.append((60 * x + 13, 60 * y + 11, 60 * x + 13 + side, 60 * y + 11 + side))
    found = fast.proposals(Bright(), picture(squares, (900, 1200)))
    assert (boxes.iou(squares, found).max(axis=1) > 0.4).all()


def test_nothing_is_enlarged_for_the_smallest_faces():
    scales = fast.pyramid(640, 480, fast.SMALLEST)
    assert scales[0] == 1 and windows.CORE / scales[0] == fast.SMALLEST == 20
    np.testing.assert_allclose(np.divide(scales[:-1], scales[1:]), fast.STEP)
    assert 480 / fast.STEP <= windows.CORE / scales[-1] <= 480 * fast.STEP
    spot = Bright()
    fast.windows(spot, np.zeros((480, 640, 3), np.uint8), fast.SMALLEST)
    assert max(spot.sizes) <= (480 + 4 * fast.MARGIN, 640 + 4 * fast.MARGIN)
    assert fast.pyramid(5, 5, 20)  # a tiny picture is looked at once


def test_small_faces_are_a_share_of_a_large_picture(monkeypatch):
    asked = []
    monkeypatch.setattr(
        fast, "pyramid", lambda width, height, smallest: asked.append(smallest) or []
    )
    fast.proposals(Bright(), np.zeros((3000, 4000, 3), np.uint8))
    fast.proposals(Bright(), np.zeros((300, 400, 3), np.uint8))
    fast.proposals(Bright(), np.zeros((300, 400, 3), np.uint8), 9)
    assert asked == [40, 20, 9]


def test_no_piece_is_larger_than_it_may_be_and_all_together_are_the_whole(monkeypatch, rng):
    image = cv2.resize(rng.integers(0, 255, (24, 32, 3)).astype(np.uint8), (640, 480))
    one, many = Bright(), Bright()
    whole, _ = fast.windows(one, image, 20, 0.05)
    monkeypatch.setattr(fast, "PROPOSAL_TILE", 50)
    parts, _ = fast.windows(many, image, 20, 0.05)
    limit = windows.SIDE + 49 * windows.STRIDE
    assert max(max(size) for size in many.sizes) == limit < max(max(size) for size in one.sizes)
    # At the seams of two pieces each has a best window of its own.
    parts = set(map(tuple, parts.round(2).tolist()))
    assert len(whole) > 20 and set(map(tuple, whole.round(2).tolist())) <= parts


def test_pictures_without_room_or_light():
    assert fast.proposals(Bright(), np.zeros((100, 100, 3), np.uint8)).shape == (0, 4)
    assert fast.proposals(Bright(), np.full((1, 3000, 3), 255, np.uint8)).shape == (0, 4)
    assert fast.proposals(Bright(), np.full((1, 1, 3), 255, np.uint8)).shape == (0, 4)


def test_what_is_far_off_is_not_believed():
    class Wild(Bright):
        def faces_and_offsets(self, image):
            scores, offsets = super().faces_and_offsets(image)
            return scores, offsets + 1000

    found = fast.proposals(Wild(), picture([(50, 50, 80, 80)], (200, 200)))
    assert np.isfinite(found).all() and np.abs(found).max() < 2000


def test_every_engine_says_of_a_window_what_it_says_of_its_crop(proposing, rng):
    """To 1e-4 of Caffe; half precision to its 11 bits."""
    image = cv2.resize(rng.integers(0, 255, (9, 9, 3)).astype(np.uint8), (44, 32))
    crops = [image[y : y + 24, x : x + 24] for y in (0, 4, 8) for x in range(0, 24, 4)]
    reference = None
    for engine in engines.ENGINES:
        backend = FaceAnalyzer(str(proposing / "model"), engine).backend
        scores, offsets = backend.faces_and_offsets(image)
        assert scores.shape == (3, 6) and offsets.shape == (3, 6, 4)
        single = [backend.faces_and_offsets(np.ascontiguousarray(crop)) for crop in crops]
        np.testing.assert_allclose(np.ravel([one for one, _ in single]), scores.ravel(), atol=1e-3)
        told = np.concatenate([scores[..., None], offsets], axis=2)
        reference = told if reference is None else reference
        limit = 5e-3 if engine.endswith("fp16") else 1e-4
        np.testing.assert_allclose(told, reference, atol=limit)
    assert np.ptp(reference[..., 0]) > 1e-4


class Doubting(Bright):
    """With a screening net: a face is a window that is bright left of the middle; it is there."""

    screens = True

    def look_closer(self, images):
        left = np.float32([image[:, : windows.CLOSE // 2, 0].mean() / 255 for image in images])
        offsets = np.tile(np.float32([-0.25, 0, np.log(0.5), 0]), (len(images), 1))
        return np.where(left > 0.3, left, 0), offsets


def test_what_the_first_net_takes_for_faces_is_looked_at_closer():
    """What it drops is not proposed, what it keeps is where it says, once."""
    regions = np.float32([(40, 40, 80, 80), (42, 41, 81, 82), (140, 40, 180, 80)])
    image = picture([(40, 40, 60, 80), (160, 40, 180, 80)], (120, 220))
    (found,) = fast.screened(Doubting(), image, regions)
    assert np.abs(found - (40, 40, 60, 80)).max() < 2
    assert fast.screened(Doubting(), image, regions[2:]).shape == (0, 4)
    plain = fast.proposals(Bright(), image)
    assert len(plain) > len(fast.proposals(Doubting(), image)) > 0


def test_screening_looks_at_many_windows_in_parts(proposing, rng):
    """As many answers as windows, each that of the window alone, to 1e-4 of Caffe's."""
    images = [rng.integers(0, 255, (48, 48, 3)).astype(np.uint8) for _ in range(70)]
    reference = None
    for engine in engines.ENGINES[:3]:
        backend = FaceAnalyzer(str(proposing / "model"), engine).backend
        scores, offsets = backend.look_closer(images)
        assert scores.shape == (70,) and offsets.shape == (70, 4)
        told = np.column_stack([scores, offsets])
        reference = told if reference is None else reference
        np.testing.assert_allclose(told, reference, atol=1e-4)
        score, offset = backend.look_closer(images[69:])
        np.testing.assert_allclose(np.append(score, offset), told[69], atol=1e-4)
    assert np.ptp(reference[:, 0]) > 1e-5


def test_it_is_the_usual_way_where_the_model_has_the_net(proposing, chain):
    assert FaceAnalyzer(str(proposing / "model")).proposals == "fast"
    assert FaceAnalyzer(str(chain / "model")).proposals == "dense"
    assert usual_proposals(lambda name: False) == "selective-search"
    with pytest.raises(InputError, match="proposal.prototxt: not in this model; use --proposals"):
        FaceAnalyzer(str(chain / "model"), proposals="fast")
    other = FaceAnalyzer(str(proposing / "model"), proposals="dense")
    assert other.proposals == "dense"


def test_no_smaller_face_is_reported_than_is_looked_for():
    """Of the astronaut's picture the face alone, of 122 pixels; a buckle of 17 was one too."""
    picture = np.ascontiguousarray(data.astronaut()[..., ::-1])
    (face,) = FaceAnalyzer(engine="opencv").analyze(picture)
    assert 95 < face.box[3] - face.box[1] < 135
    assert FaceAnalyzer(engine="opencv", smallest=150).analyze(picture, score=0) == []
