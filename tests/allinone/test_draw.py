import os
import re

import numpy as np
import pytest
from conftest import ROOT

from allinone import Face, align, draw, lettering


def face(x, y, side):
    points = align.CANONICAL * side + np.float32([x, y])
    return Face(
        box=np.float32([x, y, x + side, y + side]),
        score=0.9,
        landmarks=points,
        visibility=np.ones(21),
        pose=np.float32([5, -3, 20]),
        smile=0.8,
        gender=0.2,
        age=31.0,
        descriptor=np.zeros(512),
    )


def test_faces_are_drawn_on_a_copy_where_they_are():
    image = np.full((200, 260, 3), 128, np.uint8)
    drawn = draw.results(image, [face(60, 40, 80)], ["somebody"])
    changed = np.argwhere((drawn != image).any(axis=2))
    assert (image == 128).all() and drawn.shape == image.shape
    assert changed[:, 1].min() >= 50 and changed[:, 0].min() >= 20
    assert (drawn[40, 60:140] != 128).any(axis=1).all()  # the upper edge of the box
    nose = (align.CANONICAL[14] * 80 + [60, 40]).round().astype(int)
    assert (drawn[nose[1], nose[0]] != 128).any()


def test_boxes_are_blue_and_landmarks_green_as_in_figure_8():
    """Hidden landmarks are green too, only darker; nothing of a face without them is."""
    image, one = np.full((400, 400, 3), 128, np.uint8), face(50, 50, 300)
    one.visibility = np.arange(21) % 2
    draw.face(image, one.box, one.landmarks, one.visibility, None)
    blue, green, red = image[50, 200].astype(int)  # in the middle of the upper edge
    assert blue > 200 and blue > green + 100 and blue > red + 100
    brightness = []
    for x, y in one.landmarks.round().astype(int):
        blue, green, red = image[y, x].astype(int)
        assert green > blue + 50 and green > red + 50
        brightness.append(green)
    assert min(brightness[1::2]) > max(brightness[::2]) + 100


def test_zoom_enlarges_the_picture_and_the_drawing_with_it():
    image = np.full((100, 100, 3), 128, np.uint8)
    drawn = draw.results(image, [face(10, 10, 60)], zoom=3)
    assert drawn.shape == (300, 300, 3) and (drawn[30, 30:210] != 128).any(axis=1).all()


def test_the_picture_itself_stays_where_captions_stand_beside_it():
    """A face that fills the picture leaves no room: the drawing is larger, the picture whole."""
    image = np.full((120, 200, 3), 128, np.uint8)
    drawn = draw.results(image, [face(60, 10, 100)], ["somebody"])
    assert drawn.shape[0] > 120 and drawn.shape[1] >= 200
    assert (drawn[:120, :50] == 128).all() and (drawn[:120, 175:200] == 128).all()
    lines = [draw.results(image, [face(60, 10, 100)], [name]) for name in ("", "wwwww")]
    without, with_name = [np.count_nonzero((one[120:] > 128).any(axis=2)) for one in lines]
    assert with_name > without + 100  # the line of the name is there, on top of no other


def test_a_frame_of_a_video_keeps_its_size():
    """However many faces: what has no room is left out, the numbers that have some stand."""
    image = np.full((120, 200, 3), 128, np.uint8)
    for count in (0, 1, 60):
        faces = [face(5 + 3 * number, 5 + number, 60) for number in range(count)]
        assert draw.results(image, faces, is_fixed=True).shape == image.shape


def test_every_face_has_a_colour_of_its_own_and_the_first_the_blue_of_figure_8():
    image = np.full((600, 900, 3), 128, np.uint8)
    faces = [face(100 + 250 * number, 250, 100) for number in range(3)]
    drawn = draw.results(image, faces).astype(int)
    edges = [tuple(drawn[250, 150 + 250 * number]) for number in range(3)]
    assert len(set(edges)) == 3
    blue, green, red = edges[0]
    assert blue > 200 and blue > green + 100 and blue > red + 100
    for blue, green, red in edges:  # landmarks alone are green
        assert not (green > blue + 50 and green > red + 50)


def test_a_number_that_is_given_brings_its_colour():
    """As of a person in a video, whoever else is in the frame."""
    image = np.full((300, 500, 3), 128, np.uint8)
    drawn = draw.results(image, [face(30, 60, 150), face(300, 60, 150)], numbers=[3, 1])
    for x, color in ((105, draw.COLORS[2]), (375, draw.COLORS[0])):
        assert np.abs(drawn[60, x].astype(int) - color).max() < 20


def test_letters_and_lines_grow_with_a_large_picture():
    heights, lines = [], []
    for length in (100, 700, 4000):
        image = np.full((length, length, 3), 128, np.uint8)
        one = face(length * 0.4, length * 0.1, length * 0.2)
        drawn = draw.results(image, [one])
        below = drawn[int(length * 0.31) :, : image.shape[1]]
        rows = np.flatnonzero((below > 240).all(axis=2).any(axis=1))  # white letters
        heights.append(np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)[0].size)
        edge = drawn[: int(length * 0.13), int(length * 0.42)]
        lines.append(np.count_nonzero((edge != 128).any(axis=1)))
    assert 7 <= heights[0] < heights[1] < heights[2] and heights[2] > 40
    assert lines[0] <= lines[1] < lines[2]


def test_a_name_is_wrapped_cut_and_written_in_letters_that_the_font_has():
    image = np.full((400, 700, 3), 128, np.uint8)
    shapes = set()
    for name in ("Bo", "A very long name " * 30, "w" * 500, "Jos\u00e9 \u674e\n\t\x07", "\udce9"):
        shapes.add(draw.results(image, [face(280, 100, 100)], [name]).shape)
    assert shapes == {image.shape}
    assert lettering.plain("Jos\u00e9 M\u00fcller \u674e") == "Jose Muller ?"


@pytest.mark.parametrize("far", [1e5, 1e7, 1e9])
def test_what_is_far_outside_of_the_picture_does_no_harm(far):
    image = np.full((200, 300, 3), 128, np.uint8)
    near, away, all_around = face(120, 50, 70), face(120, 50, 70), face(120, 50, 70)
    away.landmarks[3] = far
    all_around.box = np.float32([-far, -far, far, far])
    for one in (away, all_around):
        drawn = draw.results(image, [near, one])
        assert (drawn[50, 130:180] != 128).any()
        assert draw.results(image, [near, one], is_fixed=True).shape == image.shape


def test_words_of_a_face():
    one = face(0, 0, 50)
    assert draw.answer_words(one) == ["face 90%", "smile 80%", "male 80%", "31 years"]
    assert draw.pose_words([-0.4, 12.6, 90]) == "roll 0, pitch 13, yaw 90"


def test_tiles_and_grid():
    tile = draw.tile(np.zeros((50, 100, 3), np.uint8), 80)
    assert tile.shape == (80, 80, 3) and (tile[0] == 60).all() and (tile[40] == 0).all()
    assert draw.grid([tile] * 5, 3).shape == (160, 240, 3)
    titled = draw.titled(tile, "a line that is longer than the picture is wide", 12)
    assert (titled[:80] == tile).all() and 92 < titled.shape[0] < 104 and titled.shape[1] == 80
    assert titled[82:].max() > 200
    mixed = draw.grid([tile, titled, tile], 2)  # each in a cell of the largest's size
    assert mixed.shape == (2 * titled.shape[0], 160, 3)
    assert (mixed[: titled.shape[0], 80:] == titled).all()
    assert (mixed[titled.shape[0] :][:80, :80] == tile).all()


def test_the_page_of_the_service_has_the_same_colours():
    """They stand there once more, as #rrggbb."""
    script = os.path.join(ROOT, "allinone", "service", "static", "drawing.js")
    with open(script, encoding="utf-8") as stream:
        line = re.search(r"^const COLORS = \[(.*)\];$", stream.read(), re.M).group(1)
    colours = [tuple(bytes.fromhex(one))[::-1] for one in re.findall('"#([0-9a-f]{6})"', line)]
    assert tuple(colours) == draw.COLORS
