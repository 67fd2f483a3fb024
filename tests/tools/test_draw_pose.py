import os

import cv2
import numpy as np
from conftest import ROOT

from tools import pose_picture


def test_the_committed_picture_is_what_the_command_draws(command, tmp_path):
    done = command("tools.draw_pose", "--out", tmp_path / "pose.jpg")
    assert done.returncode == 0, done.stderr
    committed = cv2.imread(os.path.join(ROOT, "docs", "pose.jpg")).astype(int)
    assert np.abs(committed - cv2.imread(str(tmp_path / "pose.jpg"))).mean() < 1, (
        "docs/pose.jpg is old; run make docs"
    )


def test_an_unknown_option_is_refused(command, tmp_path):
    done = command("tools.draw_pose", "--out", tmp_path / "pose.jpg", "--angle", "3")
    assert done.returncode == 2 and "--angle" in done.stderr and not any(tmp_path.iterdir())


def test_the_head_turns_as_the_captions_say():
    """By the landmarks of the very pictures: eyes slope, nose rises, nose goes aside."""
    drawn = []
    for place in range(3):
        drawn += [pose_picture.turned(place, angle)[1] for angle in (-30, 30)]
    points = [np.array(fields["landmarks"]) for fields in drawn]
    eyes = [one[[7, 10]] for one in points]
    nose = [one[14] - pair.mean(axis=0) for one, pair in zip(points, eyes)]
    # Clockwise: the right one sinks.
    assert eyes[0][1][1] < eyes[0][0][1] and eyes[1][1][1] > eyes[1][0][1]
    assert nose[2][1] > nose[3][1] and nose[4][0] < 0 < nose[5][0]
