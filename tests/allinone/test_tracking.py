"""Faces followed from frame to frame: who is who is known here, since the faces are made up."""

import itertools
import sys

import numpy as np
import pytest

from allinone import Face, InputError, tracking
from allinone.tracking import Tracker

STEP = 0.1  # seconds between frames


def look(person, rng=None, noise=0.0):
    """Return the descriptor of a person; of two people they are at right angles."""
    found = np.zeros(16, np.float32)
    found[person] = 3
    return found if rng is None else found + np.float32(rng.normal(0, noise, 16))


def face(x, y, person=None, age=30.0, size=40, **more):
    """Return a face at a place; person: of whom its descriptor is, None: it has none."""
    box = np.float32([x, y, x + size, y + size])
    known = {} if person is None else dict(descriptor=look(person))
    return Face(box=box, score=1.0, age=age, **{**known, **more})


def test_people_have_numbers_in_the_order_of_their_coming():
    tracker = Tracker()
    assert tracker.follow([], 0) == []
    assert tracker.follow([face(100, 0, 1)], STEP) == [1]
    assert tracker.follow([face(300, 0, 2), face(104, 0, 1)], 2 * STEP) == [2, 1]
    assert tracker.follow([face(108, 0, 1), face(296, 0, 2), face(500, 0, 3)], 3 * STEP) == [
        1,
        2,
        3,
    ]


@pytest.mark.parametrize("looks", [True, False], ids=["by descriptor", "by place alone"])
def test_two_who_cross_stay_who_they_are(looks):
    """They walk through each other; order of the faces and noise of the boxes change."""
    rng, tracker = np.random.default_rng(1), Tracker()
    for number in range(41):
        places = (10 * number, 400 - 10 * number)
        faces = [
            face(x + rng.normal(), 5 * who + rng.normal(), who if looks else None)
            for who, x in enumerate(places)
        ]
        swapped = number % 2
        found = tracker.follow(faces[::-1] if swapped else faces, number * STEP)
        assert (found[::-1] if swapped else found) == [1, 2], number


def test_one_who_is_hidden_for_a_moment_is_found_where_he_should_be():
    tracker = Tracker()
    for number in range(20):
        hidden = 8 <= number < 13
        found = tracker.follow([] if hidden else [face(15 * number, 0)], number * STEP)
        assert found == ([] if hidden else [1])


def test_one_who_leaves_and_returns_elsewhere_is_known_by_descriptor_alone():
    for looks, number in ((True, 1), (False, 3)):
        tracker = Tracker()
        one, other = (0, 1) if looks else (None, None)
        assert tracker.follow([face(0, 0, one), face(200, 0, other)], 0) == [1, 2]
        for step in range(1, 50):
            assert tracker.follow([face(200, 0, other)], step * STEP) == [2]
        found = tracker.follow([face(200, 0, other), face(600, 90, one)], 5)
        assert found == [2, number]


def test_a_stranger_is_nobody_who_was_there():
    tracker = Tracker()
    tracker.follow([face(0, 0, 0)], 0)
    assert tracker.follow([face(400, 0, 1)], 9) == [2]


def test_another_in_the_place_of_one_is_another():
    """As where a video is cut: the box fits, the face does not."""
    tracker = Tracker()
    assert tracker.follow([face(0, 0, 0), face(300, 0, 1)], 0) == [1, 2]
    assert tracker.follow([face(3, 0, 5), face(300, 0, 1)], STEP) == [3, 2]


def test_all_together_are_as_like_as_can_be():
    """One by one the best pair would leave the other two apart."""
    tracker = Tracker()
    tracker.follow([face(0, 0), face(20, 0)], 0)
    assert tracker.follow([face(18, 0), face(38, 0)], STEP) == [1, 2]


def test_medians_are_those_of_each_person():
    rng, tracker, said = np.random.default_rng(2), Tracker(), {1: [], 2: []}
    for number in range(7):
        ages = rng.uniform(10, 70, 2)
        faces = [face(0, 0, 0, age=ages[0], smile=number / 10), face(200, 0, 1, age=ages[1])]
        faces = faces[: 1 if number == 3 else 2]
        for who, one in zip(tracker.follow(faces, number * STEP), faces):
            said[who].append(one.age)
            assert tracker.medians(who)["age"] == pytest.approx(np.median(said[who]))
    assert tracker.medians(1)["smile"] == 0.3 and set(tracker.medians(2)) == {"age"}


def test_who_was_seen_last_is_remembered(monkeypatch):
    monkeypatch.setattr(tracking, "MOST_KNOWN", 3)
    tracker = Tracker()
    for who, expected in zip((0, 1, 2, 3, 3, 1, 0), itertools.chain((1, 2, 3, 4), (4, 2, 5))):
        found = tracker.follow([face(100 * who, 0, who)], 10.0 * tracker.count + who)
        assert found == [expected], who
        assert len(tracker.known) <= 3


def test_without_scipy_a_sentence_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    with pytest.raises(InputError, match=r"pip install 'allinone-face\[videos\]'"):
        Tracker()
