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


def looked_at(still):
    """Return the regions that are looked at, round by round: a face at (20, 30), 100 pixels wide.

    Where a region is off by more than 4 pixels the landmarks that are found in it are off by half
    as much, else by none.
    """
    rounds = []

    def look(owners, some):
        rounds.append(some.tolist())
        off = np.float32([region[0] - 20 for region in some])
        off = np.where(np.abs(off) > 4, off / 2, 0)
        points = align.CANONICAL * 100 + np.float32([20, 30])
        moved = points[None] + off[:, None, None] * np.float32([1, 0])
        return dict(boxes=some, score=np.ones(len(some)), landmarks=np.float32(moved))

    box = landmarks.face_rectangle(align.CANONICAL * 100 + np.float32([20, 30]))
    start = np.float32([box + [0, 0, 0, 0], box + [40, 0, 40, 0]])
    refine.iterative_region_proposals(
        look, np.zeros(2, int), start - [box[0] - 20, 0] * 2, [(400, 400)], 5, still
    )
    return [len(some) for some in rounds]


def test_a_face_whose_box_stands_still_is_not_looked_at_again():
    """Of two regions one is right at once, the other would be after some rounds.

    Beside each of them two more are looked at, which are too small and too large. Of what is found
    in all of them one is looked at, where several are alike.
    """
    assert looked_at(None)[:2] == [2, 2] and len(looked_at(None)) == 6
    proposed, beside, *rounds = looked_at(0.9)
    assert (proposed, beside) == (2, 2 * len(refine.BESIDE)) and 0 < len(rounds) < 5
    assert max(rounds) < proposed + beside


def test_of_regions_that_are_alike_the_best_is_looked_at():
    """In each picture: another picture's regions say nothing of it."""
    rounds = []

    def look(owners, some):
        rounds.append((list(owners), some.tolist()))
        points = np.float32([align.CANONICAL * 100 + 50] * len(some)).reshape(-1, 21, 2)
        points += np.float32([0, 1, 1, 0][: len(some)])[:, None, None]  # alike to a pixel
        score = np.float32([0.4, 0.5, 0.6, 0.7][: len(some)])  # none is sure
        return dict(boxes=some, score=score, landmarks=points)

    regions = np.float32([[0, 0, 50, 50], [60, 0, 110, 50]] * 2)
    refine.iterative_region_proposals(
        look, np.array([0, 0, 1, 1]), regions, [(400, 400)] * 2, 5, 0.9
    )
    first, beside, second = rounds
    assert len(first[1]) == 4 and beside[1] == [] and second[0] == [0, 1]
    box = landmarks.face_rectangle(align.CANONICAL * 100 + 50)
    np.testing.assert_allclose(second[1], np.rint([box + 1, box]), atol=0.5)
