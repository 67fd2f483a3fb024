"""The rules of the face-eval toolbox by hand. Its answers for peers are in test_official.py."""

import numpy as np
import pytest

from allinone.record import FaceRecord
from evaluate import face_eval


def detections(*rows):
    images, scores, found = zip(*rows)
    return face_eval.Detections(np.array(images), np.float64(scores), np.float64(found))


def test_pixels_are_counted_with_both_ends():
    # 10 x 10 pixels each, 5 x 10 shared.
    assert face_eval.overlap(
        np.float64([1, 1, 10, 10]), np.float64([[6, 1, 15, 10]])
    ) == pytest.approx([50 / 150])
    assert face_eval.to_toolbox([0, 0, 10, 10]).tolist() == [[1, 1, 10, 10]]


def test_each_rule_on_a_case_made_for_it():
    truth = {
        "a": (
            np.float64([[0, 0, 99, 99], [200, 0, 299, 99], [400, 0, 420, 20]]),
            np.array([False, True, False]),
        ),
        "b": (np.zeros((0, 4)), np.zeros(0, bool)),
    }
    rows = [
        ("a", 0.9, [0, 0, 99, 99]),  # true
        ("a", 0.8, [2, 2, 99, 99]),  # the same face again: false
        ("a", 0.7, [200, 0, 299, 99]),  # the flagged face: counts neither way
        ("a", 0.6, [400, 0, 420, 25]),  # a face under 30 pixels: neither way
        ("b", 0.5, [0, 0, 50, 50]),  # no face there: false
        ("a", 0.4, [0, 0, 21, 21]),  # 21 pixels in both sides: dropped
        ("c", 0.3, [0, 0, 50, 50]),
    ]  # a picture that nobody annotated: false
    found, (recall, precision) = face_eval.assess(detections(*rows), truth)
    assert (
        found["ap_plain"] == 100
        and found["recall"] == 100
        and (found["faces"], found["ignored"], found["detections"]) == (1, 2, 7)
    )
    assert recall.tolist() == [1, 1, 1, 1] and precision.tolist() == pytest.approx(
        [1, 1 / 2, 1 / 3, 1 / 4]
    )
    # Turned round: the second detection comes first, takes the face, and the exact one is false.
    again, _ = face_eval.assess(
        detections(("a", 0.1, [0, 0, 99, 99]), ("b", 0.9, [0, 0, 50, 50])), truth
    )
    assert again["ap_plain"] == 50


def test_refinement_finds_the_way_in_which_a_method_draws_its_boxes():
    """Boxes of a method that draws all of them too small.

    Two are near enough to be true, and teach where the third belongs.
    """
    faces = np.float64([[0, 0, 100, 100], [300, 0, 400, 100], [600, 0, 700, 100]])
    truth = {"a": (faces, np.zeros(3, bool))}
    found, _ = face_eval.assess(
        detections(
            *(
                ("a", score, box)
                for score, box in zip(
                    (3, 2, 1), ([0, 0, 80, 80], [300, 0, 380, 80], [600, 0, 668, 68])
                )
            )
        ),
        truth,
    )
    assert found["ap_plain"] == pytest.approx(100 * 2 / 3) and found["ap_refined"] == 100


def test_without_any_face_that_counts_there_is_no_figure():
    with pytest.raises(Exception, match="no face that counts"):
        face_eval.assess(
            detections(("a", 1, [0, 0, 50, 50])),
            {"a": (np.float64([[0, 0, 20, 20]]), np.array([False]))},
        )


def test_records_become_the_toolboxs_boxes():
    truth = face_eval.from_records(
        [("folder/x.1.jpg", [FaceRecord("folder/x.1.jpg", box=[9, 9, 50, 60], ignore=1)])]
    )
    boxes, ignored = truth["x"]
    assert boxes.tolist() == [[10, 10, 50, 60]] and ignored.tolist() == [True]


def test_detections_are_written_as_the_toolbox_has_them(tmp_path):
    path = tmp_path / "ours.txt"
    faces = [FaceRecord("a/12.jpg", box=[10, 20, 60, 80], score=0.25)]
    face_eval.write_detections(str(path), faces)
    assert path.read_text() == "12 0.250000 11.00 21.00 60.00 80.00\n"
