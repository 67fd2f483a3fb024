import os

import cv2
import numpy as np
from conftest import ROOT

from data_prep import scene
from tools import draw_pose


def test_the_committed_picture_is_what_the_command_draws(tmp_path, monkeypatch):
    monkeypatch.setattr(draw_pose, "PATH", str(tmp_path / "pose.jpg"))
    assert draw_pose.main([]) == 0
    committed = cv2.imread(os.path.join(ROOT, "docs", "pose.jpg")).astype(int)
    assert np.abs(committed - cv2.imread(str(tmp_path / "pose.jpg"))).mean() < 1, (
        "docs/pose.jpg is old; run make docs"
    )


def test_the_head_turns_as_the_captions_say(monkeypatch):
    """By the landmarks of the very pictures: eyes slope, nose rises, nose goes aside."""
    drawn = []
    place_head = scene.place_head
    monkeypatch.setattr(
        scene, "place_head", lambda *arguments: drawn.append(place_head(*arguments)) or drawn[-1]
    )
    for place in range(3):
        for angle in (-30, 30):
            draw_pose.picture(place, angle)
    eyes = [np.array(fields["landmarks"])[[7, 10]] for fields in drawn]
    nose = [
        np.array(fields["landmarks"])[14] - pair.mean(axis=0) for fields, pair in zip(drawn, eyes)
    ]
    assert (
        eyes[0][1][1] < eyes[0][0][1] and eyes[1][1][1] > eyes[1][0][1]
    )  # clockwise: the right one sinks
    assert nose[2][1] > nose[3][1] and nose[4][0] < 0 < nose[5][0]
