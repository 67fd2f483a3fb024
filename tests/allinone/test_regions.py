import numpy as np

from allinone import boxes, regions

FACE = [0, 0, 100, 100]


def width_for(iou):
    """A box inside FACE whose IoU with it is `iou`."""
    return [0, 0, 100 * iou, 100]


def test_iou_decides_what_a_region_teaches():
    made = [
        FACE,
        width_for(0.51),
        width_for(0.5),
        width_for(0.40),
        width_for(0.36),
        width_for(0.34),
        [500, 500, 600, 600],
    ]
    label, regresses, face = regions.label_regions(made, [FACE])
    assert label.tolist() == [
        1,
        1,
        -1,
        -1,
        -1,
        0,
        0,
    ]  # above 0.5 a face, under 0.35 none, between ignored
    assert regresses.tolist() == [True, True, True, True, True, False, False]
    assert face.tolist() == [0] * 7


def test_a_region_belongs_to_the_face_it_overlaps_most():
    faces = [[0, 0, 10, 10], [20, 0, 30, 10]]
    _, _, face = regions.label_regions([[1, 0, 11, 10], [18, 0, 28, 10]], faces)
    assert face.tolist() == [0, 1]


def test_a_picture_without_faces_is_all_background():
    label, regresses, face = regions.label_regions([FACE, FACE], [])
    assert label.tolist() == [0, 0] and not regresses.any() and face.tolist() == [-1, -1]


def test_jittered_regions_lie_around_the_face(rng):
    overlap = boxes.iou(regions.jittered(rng, np.float32(FACE), 500), [FACE])[:, 0]
    assert (
        0.3 < np.mean(overlap > 0.5) < 0.95 and np.mean(overlap > 0.35) < 1
    )  # faces, in-betweens and more


def test_windows_lie_in_the_picture_and_are_seeded():
    made = regions.windows(np.random.default_rng(3), 300, 200, 200)
    center, size = boxes.center_size(made)
    assert (center >= 0).all() and (center <= [300, 200]).all() and (size > 0).all()
    np.testing.assert_array_equal(made, regions.windows(np.random.default_rng(3), 300, 200, 200))


def test_misfits_are_no_faces_but_touch_one(rng):
    made = regions.misfits(rng, np.float32(FACE), 300)
    overlap = boxes.iou(made, [FACE])[:, 0]
    assert overlap.max() < 0.45 and (overlap > 0).mean() > 0.95 and (overlap < 0.35).mean() > 0.9
    area = boxes.area(made) / boxes.area(FACE)
    assert (area < 0.5).any() and (area > 2).any() and not ((area > 0.5) & (area < 2)).any()
