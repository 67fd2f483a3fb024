"""The rules of the face-eval toolbox by hand, and every format that it reads. Its answers for peers are in test_official.py."""

import json

import numpy as np
import pytest
import scipy.io

from allinone.record import FaceRecord
from evaluate import afw, face_eval, pascal


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
    """Boxes of a method that draws all of them too small: two are near enough to be true, and teach where the third belongs."""
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


@pytest.fixture
def annotations(tmp_path):
    """One face from (11, 21) to (60, 80) of picture 12, as the toolbox's newer file has it."""
    entry = np.zeros(
        (1, 1), [("imgname", object), ("imgsize", object), ("objects", object), ("flags", object)]
    )
    entry[0, 0] = (
        "12.jpg",
        np.array([[100, 100, 3]]),
        np.float64([[11, 21, 60, 80, 0, 0]]),
        np.zeros((1, 1)),
    )
    scipy.io.savemat(tmp_path / "annotations.mat", dict(FaceRecords=entry))
    return str(tmp_path / "annotations.mat")


def write(path, kind):
    """Write the one true detection, of score 5, and one of score 1 beside it that is marked as removed where the format can."""
    cell = lambda *names: np.array([[np.array([name])] for name in names], object)
    corners = np.float64([[11, 21, 60, 80], [1, 1, 40, 40]]).T
    if kind == ".txt":
        path.write_text("12 5.0 11 21 60 80\n")
    elif kind == ".csv":
        path.write_text("a;b;c;d;e;f;g;x;y;w;h\n0;0;12.jpg;0;0;0;0;11;21;49;59;0\n")
    elif kind == ".mat":
        scipy.io.savemat(
            path,
            dict(
                ids=cell("12.jpg", "12.jpg"),
                BB=corners,
                confidence=np.array([[5], [1]]),
                **{"del": np.array([[0.0], [1.0]])},
            ),
        )
    elif kind == ".ramananmat":
        scipy.io.savemat(
            path, dict(ids=cell("12.jpg"), BB=corners[:, :1], sc=np.array([[5.0]])), appendmat=False
        )
    else:
        entry = np.zeros((1, 1), [("filename", object), ("faces", object)])
        entry[0, 0] = ("d:\\afw\\12.jpg", np.float64([[11, 21, 49, 59, 5]]))
        cells = np.empty((1, 1), object)
        cells[0, 0] = entry
        scipy.io.savemat(path, dict(DetectionResults=cells), appendmat=False)


@pytest.mark.parametrize("kind", face_eval.READERS)
def test_every_format_is_read(tmp_path, annotations, kind, capsys):
    write(tmp_path / f"method{kind}", kind)
    for module in (afw, pascal):
        assert (
            module.main(
                [
                    "--annotations",
                    annotations,
                    "--detections",
                    str(tmp_path / f"method{kind}"),
                    "--json",
                ]
            )
            == 0
        )
        found = json.loads(capsys.readouterr().out)
        assert (found["ap_plain"], found["ap_refined"], found["detections"], found["faces"]) == (
            100,
            100,
            1,
            1,
        )
    read = face_eval.read_detections(str(tmp_path / f"method{kind}"))
    assert (
        read.image.tolist() == ["12"]
        and read.box.tolist() == [[11, 21, 60, 80]]
        and read.score[0] == (1 if kind == ".csv" else 5)
    )


def test_detections_that_are_written_are_read_back(tmp_path):
    face_eval.write_detections(
        str(tmp_path / "ours.txt"),
        [
            dict(image="a/12.jpg", faces=[dict(box=[10, 20, 60, 80], score=0.25)]),
            dict(image="b.jpg", faces=[]),
        ],
    )
    assert (tmp_path / "ours.txt").read_text() == "12 0.250000 11.00 21.00 60.00 80.00\n"


def test_what_cannot_be_read_is_named(tmp_path, annotations, expect_refusal):
    (tmp_path / "bad.txt").write_text("12 5.0 11 21 60 80\n12 5.0 eleven 21 60 80\n")
    (tmp_path / "other.txt").write_text("99 5.0 11 21 60 80\n")
    (tmp_path / "cut.mat").write_bytes(b"MATLAB 5.0")
    command = lambda detections, truth=annotations: [
        "--annotations",
        truth,
        "--detections",
        tmp_path / detections,
    ]
    expect_refusal(afw.main, command("bad.txt"), "bad.txt, line 2")
    expect_refusal(afw.main, command("other.txt"), "other.txt", "'99'", "of the same set")
    expect_refusal(afw.main, command("cut.mat"), "cut.mat", "Matlab")
    expect_refusal(afw.main, command("none.txt"), "none.txt", "no such file")
    expect_refusal(afw.main, command("bad.pdf"), "bad.pdf", ".ramananmat")
    expect_refusal(pascal.main, ["--detections", tmp_path / "bad.txt"], "--annotations")
    expect_refusal(pascal.main, [], "--model")
