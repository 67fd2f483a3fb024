import numpy as np

from allinone import boxes


def test_iou_of_hand_made_boxes():
    first = [[0, 0, 10, 10], [0, 0, 4, 4]]
    second = [[5, 0, 15, 10], [20, 20, 30, 30], [0, 0, 10, 10]]
    np.testing.assert_allclose(
        boxes.iou(first, second), [[50 / 150, 0, 1], [0, 0, 16 / 100]], rtol=1e-6
    )


def test_a_box_turned_inside_out_has_no_area_and_no_overlap():
    assert boxes.area([10, 10, 5, 20]) == 0
    assert boxes.iou([[10, 10, 5, 20]], [[0, 0, 30, 30]]) == 0


def test_no_boxes_overlap_nothing():
    assert boxes.iou([], [[0, 0, 1, 1]]).shape == (0, 1) and boxes.iou(
        [[0, 0, 1, 1]], []
    ).shape == (1, 0)


def test_center_size_round_trip():
    box = np.float32([[1, 2, 7, 12]])
    center, size = boxes.center_size(box)
    np.testing.assert_array_equal(center, [[4, 7]])
    np.testing.assert_array_equal(size, [[6, 10]])
    np.testing.assert_array_equal(boxes.from_center_size(center, size), box)


def test_nms_keeps_the_best_of_each_cluster():
    candidates = [[0, 0, 10, 10], [1, 0, 11, 10], [50, 50, 60, 60], [0, 0, 10, 10]]
    assert boxes.nms(candidates, [0.5, 0.9, 0.1, 0.9], 0.5) == [
        1,
        2,
    ]  # of equal scores the first stays
    assert boxes.nms(candidates, [0.5, 0.9, 0.1, 0.2], 0.95) == [
        1,
        0,
        2,
    ]  # only the exact copy is dropped
    assert boxes.nms(np.zeros((0, 4)), [], 0.5) == []


def test_nms_of_many_is_that_of_one_after_the_other(rng):
    corner = rng.uniform(0, 300, (500, 2))
    some = np.float32(np.concatenate([corner, corner + rng.uniform(0, 90, (500, 2))], axis=1))
    some[100:120] = 5  # without an area: they fit everything
    scores = np.float32(rng.integers(0, 50, 500))  # many are equal
    kept = []
    for index in np.argsort(-scores, kind="stable"):
        if all(boxes.iou(some[index], some[other])[0, 0] <= 0.3 for other in kept):
            kept.append(index)
    assert boxes.nms(some, scores, 0.3) == kept and len(kept) > boxes.TOGETHER


def test_clip():
    np.testing.assert_array_equal(boxes.clip([[-5, 2, 50, 60]], 40, 30), [[0, 2, 40, 30]])
