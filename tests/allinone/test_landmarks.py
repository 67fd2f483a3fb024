import numpy as np
import pytest

from allinone import landmarks


def test_names_follow_aflw_and_the_mirror_swaps_left_and_right():
    assert landmarks.COUNT == 21 == len(set(landmarks.NAMES))
    assert (
        landmarks.NAMES[12] == "LeftEar"
        and landmarks.NAMES[14] == "NoseCenter"
        and landmarks.NAMES[20] == "ChinCenter"
    )
    for name, other in zip(landmarks.NAMES, np.array(landmarks.NAMES)[landmarks.MIRROR]):
        swapped = name.replace("Left", "?").replace("Right", "Left").replace("?", "Right")
        assert other == swapped


def test_mirror_moves_the_points_of_a_mirrored_picture():
    points = np.zeros((21, 2))
    points[12], points[16] = (10, 5), (80, 6)  # left and right ear in a picture 100 wide
    mirrored = landmarks.mirror(points, 100)
    assert mirrored[12].tolist() == [20, 6] and mirrored[16].tolist() == [90, 5]
    np.testing.assert_array_equal(landmarks.mirror(mirrored, 100), points)


def test_encode_is_relative_to_centre_and_size():
    points = np.full((21, 2), 50.0)
    points[0] = (10, 20)
    relative = landmarks.encode(
        points, np.float32([10, 20, 30, 60])
    )  # centre (20, 40), size (20, 40)
    assert relative[0].tolist() == [-0.5, -0.5] and relative[1].tolist() == [1.5, 0.25]
    np.testing.assert_allclose(landmarks.decode(relative, np.float32([10, 20, 30, 60])), points)


def test_face_rectangle_spans_the_points_with_the_forehead():
    points = np.full((2, 21, 2), 50.0)
    points[0, 0], points[0, 20], points[0, 5] = (
        (40, 30),
        (60, 90),
        np.nan,
    )  # unknown points do not count
    (x1, y1, x2, y2), empty = landmarks.face_rectangle(points)
    assert (x1, x2) == (40, 60)
    assert y1 == pytest.approx(30 - landmarks.RECT_TOP * 60) and y2 == pytest.approx(
        90 + landmarks.RECT_BOTTOM * 60
    )
    assert empty.tolist() == [50] * 4
