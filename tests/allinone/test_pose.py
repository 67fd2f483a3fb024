import numpy as np

from allinone import pose

NOSE, DOWN = np.array([0, 0, 1]), np.array([0, 1, 0])  # in head axes


def test_signs_are_as_documented():
    assert (pose.rotation_matrix((0, 0, 30)) @ NOSE)[
        0
    ] > 0.4  # yaw > 0: the nose points to the image's right
    assert (pose.rotation_matrix((0, 30, 0)) @ NOSE)[1] < -0.4  # pitch > 0: the nose points up
    assert (pose.rotation_matrix((30, 0, 0)) @ DOWN)[
        0
    ] < -0.4  # roll > 0: clockwise, the chin goes left


def test_rotation_is_a_rotation():
    turn = pose.rotation_matrix((12, -20, 65))
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(turn) > 0.999


def test_the_mirrored_head_is_the_mirrored_rotation():
    flip = np.diag([-1, 1, 1])
    mirrored = flip @ pose.rotation_matrix((12, -20, 65)) @ flip
    np.testing.assert_allclose(
        pose.rotation_matrix(pose.mirror_pose((12, -20, 65))), mirrored, atol=1e-6
    )


def test_the_network_regresses_radians():
    np.testing.assert_allclose(
        pose.encode_pose([180, 90, -45]), [np.pi, np.pi / 2, -np.pi / 4], rtol=1e-6
    )
    np.testing.assert_allclose(
        pose.decode_pose(pose.encode_pose([10, -20, 80])), [10, -20, 80], rtol=1e-5
    )
