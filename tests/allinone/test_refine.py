"""Landmarks-based NMS on hand-made regions."""

import numpy as np

from allinone import align, landmarks, refine


def regions(*faces):
    """Return what stage 1 finds: (x, y, side, score) of each, with the canonical landmarks."""
    points = np.float32([align.CANONICAL * side + [x, y] for x, y, side, _ in faces]).reshape(
        -1, 21, 2
    )
    count = len(faces)
    scores = np.float32([score for *_, score in faces])
    return dict(
        boxes=np.zeros((count, 4), np.float32),
        score=scores,
        landmarks=points,
        visibility=np.tile(scores[:, None], 21),
        glasses=scores / 2,
        pose=np.float32([[0, 0, x] for x, *_ in faces]).reshape(-1, 3),
    )


def test_one_result_for_each_face_with_the_medians_of_its_regions():
    found = regions(
        (10, 10, 100, 0.9), (12, 10, 100, 0.99), (20, 10, 100, 0.8), (300, 10, 50, 0.95)
    )
    result = refine.landmarks_nms(found, 0.5)
    assert result["score"].tolist() == np.float32([0.99, 0.95]).tolist()
    assert result["pose"][:, 2].tolist() == [12, 300]  # median of 10, 12, 20
    np.testing.assert_allclose(result["glasses"], [0.45, 0.475])  # of any task of stage 1
    np.testing.assert_allclose(result["landmarks"][0], align.CANONICAL * 100 + [12, 10], rtol=1e-5)
    np.testing.assert_allclose(result["boxes"], landmarks.face_rectangle(result["landmarks"]))


def test_only_the_best_regions_of_a_cluster_count():
    faces = [(10, 10, 100, 0.9)] * refine.CLUSTER + [(18, 10, 100, 0.6)] * 20
    assert refine.landmarks_nms(regions(*faces), 0.5)["pose"][0, 2] == 10


def test_a_part_of_a_better_face_is_no_face_and_weak_ones_are_left_out():
    big, part, weak = (0, 0, 200, 0.9), (80, 80, 50, 0.8), (400, 0, 100, 0.4)
    assert len(refine.landmarks_nms(regions(big, part, weak), 0.5)["score"]) == 1
    assert (
        len(refine.landmarks_nms(regions(big, part[:3] + (0.95,), weak), 0.3)["score"]) == 3
    )  # a better one inside stays


def test_nothing_found_is_an_empty_result():
    result = refine.landmarks_nms(regions(), 0.5)
    assert (
        result["landmarks"].shape == (0, 21, 2)
        and result["boxes"].shape == (0, 4)
        and result["score"].shape == (0,)
    )
