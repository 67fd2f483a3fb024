"""The astronaut and Admiral Hopper: when a model is right on them."""

import numpy as np

from allinone.face import Face
from evaluate import well_known


class Saying:
    """An analyzer that says what it is told."""

    def __init__(self, *faces):
        self.faces = [Face(box=np.float32(box), gender=gender) for box, gender in faces]

    def analyze(self, image):
        return self.faces


def test_the_faces_are_where_they_are_said_to_be():
    """By skin: redder than blue, and neither black nor white."""
    for name, image in well_known.photographs():
        x, y = well_known.FACES[name]
        blue, _, red = image[y - 5 : y + 5, x - 5 : x + 5].mean(axis=(0, 1))
        assert 90 < red < 255 and red > blue + 15, name


def test_a_model_is_right_that_finds_one_woman_there():
    x, y = well_known.FACES["hopper"]
    there, gone = [x - 50, y - 60, x + 50, y + 60], [0, 0, 40, 40]
    cases = [
        ([(there, 0.9)], True),
        ([(there, 0.4)], False),  # a man
        ([(gone, 0.9)], False),
        ([], False),
        ([(there, 0.9), (gone, 0.9)], False),  # a false face beside
        ([(there, None)], False),  # a model that does not say it
    ]
    for faces, expected in cases:
        assert well_known.is_right(Saying(*faces), "hopper", None) is expected
