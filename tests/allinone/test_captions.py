"""Where numbers and captions of faces stand: never on each other, nor outside of the drawing."""

import numpy as np
import pytest

from allinone import boxes, captions

LINES = ["face 100%, no smile 100%", "female 100%, 100 years", "roll -99, pitch -99, yaw -99"]
SIZES = [(100, 100), (100, 60), (60, 400), (640, 480), (1600, 300), (1080, 1920), (4000, 3000)]
COUNTS = [1, 2, 4, 5, 17, 60]


def crowd(rng, width, height, count):
    """Return rectangles (count, 4) of faces, some at borders, some beyond them, some the same."""
    side = rng.uniform(0.05, 0.5, count) * min(width, height)
    centers = rng.uniform(-0.05, 1.05, (count, 2)) * (width, height)
    found = np.concatenate([centers - side[:, None] / 2, centers + side[:, None] / 2], axis=1)
    found[1::7] = found[0]
    return np.float32(found)


def standing(places):
    return np.float32([one for one in places if one is not None]).reshape(-1, 4)


def assert_apart(rectangles, width, height):
    assert (rectangles[:, :2] >= 0).all()
    assert (rectangles[:, 2:] <= np.float32([width, height]) + 0.01).all()
    assert np.triu(boxes.intersection(rectangles, rectangles), 1).max(initial=0) == 0


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("count", COUNTS)
def test_nothing_lies_on_anything_else_and_nothing_is_outside(size, count):
    for seed in range(2):
        rng = np.random.default_rng([seed, count, *size])
        marks = crowd(rng, *size, count)
        texts = [[*["some name"] * (number % 3), *LINES] for number in range(count)]
        found = captions.lay_out(*size, marks, texts)
        numbers, texts_at = standing(found.numbers), standing(found.captions)
        assert len(texts_at) == count
        assert_apart(np.concatenate([numbers, texts_at]), found.width, found.height)
        width, height = np.multiply(size, found.zoom)
        assert found.width >= width and found.height >= height
        if len(numbers):  # captions beside the picture, a number at each box in it
            assert len(numbers) == count
            assert (numbers[:, 2:] <= [width, height]).all()
            assert boxes.intersection(texts_at, [[0, 0, width, height]]).max() == 0
        else:  # captions in the picture: on no face
            assert count <= captions.MOST_INSIDE and found.zoom == 1
            assert (found.width, found.height) == size
            assert boxes.intersection(texts_at, marks).max() == 0


@pytest.mark.parametrize("count", COUNTS)
def test_a_drawing_of_fixed_size_leaves_out_what_has_no_room(count):
    for size in SIZES:
        marks = crowd(np.random.default_rng([count, *size]), *size, count)
        found = captions.lay_out(*size, marks, [LINES] * count, is_fixed=True)
        assert (found.width, found.height, found.zoom) == (*size, 1)
        everything = np.concatenate([standing(found.numbers), standing(found.captions)])
        assert_apart(everything, *size)
        assert boxes.intersection(standing(found.captions), marks).max(initial=0) == 0


def test_a_number_stands_at_its_box_where_there_is_room():
    marks = np.float32([[100 * number, 200, 100 * number + 60, 260] for number in range(1, 9)])
    found = captions.lay_out(1000, 600, marks, [LINES] * 8)
    for mark, number in zip(marks, found.numbers):
        touching = number + np.float32([-1, -1, 1, 1])
        assert boxes.intersection([touching], [mark]).max() > 0
        assert boxes.intersection([number], marks).max() == 0


def test_captions_of_few_faces_stand_at_their_faces_each_nearest_to_its_own():
    marks = np.float32([[100, 100, 200, 200], [500, 100, 600, 200], [900, 300, 1000, 400]])
    found = captions.lay_out(1200, 700, marks, [LINES] * 3)
    assert found.numbers == [None] * 3 and (found.width, found.height) == (1200, 700)
    centers = np.reshape(found.captions, (-1, 2, 2)).mean(axis=1)
    away = np.linalg.norm(centers[:, None] - marks.reshape(-1, 2, 2).mean(axis=1), axis=2)
    assert away.argmin(axis=1).tolist() == [0, 1, 2]


def test_letters_are_legible_in_relation_to_the_whole_drawing():
    """Shown 1,000 pixels wide, or as wide as it is, letters are at least 9 pixels high."""
    for size in SIZES:
        for count in COUNTS:
            marks = crowd(np.random.default_rng(1), *size, count)
            found = captions.lay_out(*size, marks, [LINES] * count)
            assert found.letters * min(1, 1000 / found.width) >= 9 or size[0] > 4 * size[1]


def test_without_faces_the_drawing_is_the_picture():
    found = captions.lay_out(30, 20, np.zeros((0, 4)), [])
    assert (found.width, found.height, found.numbers, found.captions) == (30, 20, [], [])
