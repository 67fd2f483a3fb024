import numpy as np

from allinone import Face, align, boxes, draw


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


def test_captions_of_a_face_at_the_border_stay_in_the_picture_one_under_the_other():
    image = np.full((120, 200, 3), 128, np.uint8)
    drawn = [draw.results(image, [face(20, 30, 90)], [name]) for name in ("", "wwwwwwwwww")]
    without, with_name = [np.count_nonzero((picture != 128).any(axis=2)) for picture in drawn]
    assert with_name > without + 100  # the third line is there, not on top of the second


def test_captions_of_crowded_faces_do_not_cover_each_other(monkeypatch):
    """Of faces that overlap: every line has room of its own, as far as there is some."""
    written = []
    monkeypatch.setattr(
        draw,
        "caption",
        lambda image, text, origin, size: written.append(
            (*origin, draw.text_size(text, size)[0], size)
        ),
    )
    draw.results(
        np.full((480, 640, 3), 128, np.uint8),
        [face(200, 150, 90), face(210, 160, 90), face(280, 220, 90)],
    )
    assert len(written) == 3 * 3
    rooms = [[x, y, x + width, y + size] for x, y, width, size in written]
    assert np.triu(boxes.intersection(rooms, rooms), 1).max() == 0


def test_letters_grow_with_a_large_picture():
    sizes = []
    for side, length in ((40, 100), (400, 700), (2000, 4000)):
        image = np.full((length, length, 3), 128, np.uint8)
        bare = image.copy()
        one = face(length * 0.2, length * 0.2, side)
        draw.face(bare, one.box, one.landmarks, one.visibility, one.pose)
        rows = np.flatnonzero((draw.results(image, [one]) != bare).any(axis=(1, 2)))
        sizes.append(np.flatnonzero(np.diff(rows) > 3)[0] + 1)  # height of the first line
    assert 6 <= sizes[0] < sizes[1] < sizes[2] and sizes[2] > 30


def test_tiles_and_grid():
    tile = draw.tile(np.zeros((50, 100, 3), np.uint8), 80)
    assert tile.shape == (80, 80, 3) and (tile[0] == 60).all() and (tile[40] == 0).all()
    assert draw.grid([tile] * 5, 3).shape == (160, 240, 3)
