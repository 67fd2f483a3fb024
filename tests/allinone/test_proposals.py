import cv2
import numpy as np

from allinone import boxes, proposals


def test_the_order_is_the_same_every_time(rng):
    image = cv2.resize(rng.integers(0, 255, (12, 16, 3)).astype(np.uint8), (160, 120))
    first = proposals.selective_search(image)
    assert len(first) > 20 and first.dtype == np.float32
    for _ in range(3):
        np.testing.assert_array_equal(proposals.selective_search(image), first)
    assert (first[:, :2] >= 0).all() and (first[:, 2] <= 160).all() and (first[:, 3] <= 120).all()
    assert len(np.unique(first, axis=0)) == len(first)


def test_small_and_thin_rectangles_are_dropped_and_the_largest_come_first():
    kept = proposals.plausible([(0, 0, 15, 40), (1, 2, 20, 30), (0, 0, 16, 41), (5, 5, 40, 40)])
    assert kept.tolist() == [[5, 5, 45, 45], [1, 2, 21, 32]]


def test_a_plain_picture_gives_no_error():
    assert proposals.selective_search(np.zeros((40, 40, 3), np.uint8)).shape[1] == 4


def test_a_large_picture_is_searched_small_and_the_regions_are_its_own(rng):
    image = cv2.resize(
        rng.integers(0, 255, (3, 4, 3)).astype(np.uint8),
        (1600, 1200),
        interpolation=cv2.INTER_NEAREST,
    )
    found = proposals.selective_search(image)
    assert found[:, 2].max() > 1500 and (found <= [1600, 1200, 1600, 1200]).all()
    patch = [400, 400, 800, 800]  # the second of the middle row
    assert boxes.iou(found, [patch]).max() > 0.9


def test_files_are_searched_in_their_order(tmp_path, rng):
    paths = []
    for number in range(3):
        paths.append(str(tmp_path / f"{number}.png"))
        cv2.imwrite(
            paths[-1], cv2.resize(rng.integers(0, 255, (6, 8, 3)).astype(np.uint8), (120, 90))
        )
    for path, found in zip(paths, proposals.search_files(paths, workers=2)):
        np.testing.assert_array_equal(found, proposals.selective_search(cv2.imread(path)))
