"""Detections in photographs, counted by hand."""

import numpy as np
import pytest

from allinone.errors import InputError
from allinone.record import FaceRecord
from evaluate import photographs
from evaluate.photographs import Counted, Found, Searched
from evaluate.predictions import Said


def found(places, scores):
    return Found(np.float32(places).reshape(-1, 4), np.array(scores, float))


def test_recall_is_the_greatest_that_is_precise_enough():
    # Precision 1, 1, 2/3, 3/4, 3/5 from the best score on.
    counted = Counted([0.9, 0.8, 0.7, 0.6, 0.5], [1, 1, 0, 1, 0], 4)
    assert photographs.greatest_recall(counted, 0.75) == pytest.approx((0.75, 0.75, 0.6))
    assert photographs.greatest_recall(counted, 0.8) == pytest.approx((0.5, 1, 0.8))
    assert photographs.greatest_recall(Counted([0.9], [0], 4), 0.8) == (0, 0, 1)
    assert photographs.greatest_recall(Counted([], [], 4), 0.8) == (0, 0, 1)


def test_detections_of_ignored_faces_count_neither_way():
    known, ignored = [[0, 0, 100, 100], [200, 0, 240, 40]], [False, True]
    places = [[0, 0, 100, 90], [198, 0, 240, 44], [5, 5, 100, 100], [400, 0, 440, 40]]
    some = found(places, [0.9, 0.8, 0.7, 0.6])
    assert photographs.matched(some, known, ignored) == ([0.9, 0.7, 0.6], [True, False, False])
    assert photographs.matched(found([], []), known, ignored) == ([], [])
    assert photographs.matched(found(places[:1], [1.0]), [], []) == ([1.0], [False])


def test_small_and_ignored_faces_are_not_asked_for():
    faces = [
        FaceRecord("a.jpg", box=[0, 0, 100, 100]),
        FaceRecord("a.jpg", box=[200, 0, 300, 59]),
        FaceRecord("a.jpg", box=[400, 0, 500, 100], ignore=1),
        FaceRecord("a.jpg"),
    ]
    places = [face.box for face in faces[:3]]
    counted = photographs.count([("a.jpg", faces)], [found(places, [0.9, 0.8, 0.7])])
    assert counted == ([0.9], [True], 1)


def test_a_face_is_compared_with_the_prediction_that_fits_best():
    face = FaceRecord("a.jpg", box=[0, 0, 100, 100])
    near = FaceRecord("a.jpg", box=[5, 0, 100, 100], score=0.5)
    rough = FaceRecord("a.jpg", box=[0, 0, 100, 70], score=0.9)
    pictures = [("a.jpg", [face]), ("b.jpg", [face]), ("c.jpg", [face])]
    far = FaceRecord("b.jpg", box=[0, 60, 100, 200])
    said = [Said("a.jpg", [rough, near]), Said("b.jpg", [far]), Said("c.jpg", [])]
    assert photographs.best_matches(Searched(pictures, said)) == [(face, near)]


def test_photographs_without_a_face_are_refused(tmp_path):
    searched = Searched([("a.jpg", [FaceRecord("a.jpg")])], [Said("a.jpg", [])])
    with pytest.raises(InputError, match="no face of 60 pixels"):
        photographs.rows(str(tmp_path), searched, 0.9)
