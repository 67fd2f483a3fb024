"""FDDB counted by hand. The answers of its own program for two methods are in test_official.py."""

import itertools
import json
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from conftest import run_well

from allinone import record
from evaluate import ellipses, fddb_files, predictions
from evaluate.benchmarks import fddb as benchmark

SIZE = (400, 300)


def picture(faces, regions, scores, name="a", size=SIZE):
    return ellipses.Picture(
        name,
        np.float64(faces).reshape(-1, 5),
        np.float64(regions).reshape(-1, 4),
        np.float64(scores),
        size,
    )


def test_overlap_of_a_circle_and_the_square_around_it_is_a_quarter_of_pi():
    found = ellipses.overlaps([[100, 100, 0, 150, 150]], [[50, 50, 200, 200]], SIZE)
    assert found.item() == pytest.approx(np.pi / 4, abs=0.01)


def test_an_ellipse_is_drawn_at_its_angle():
    """By the equation of the ellipse at every pixel."""
    major, minor, angle, x, y = 90, 40, 1.1, 180, 150
    columns, rows = np.meshgrid(np.arange(SIZE[0]) - x, np.arange(SIZE[1]) - y)
    along, across = (
        columns * np.cos(angle) + rows * np.sin(angle),
        -columns * np.sin(angle) + rows * np.cos(angle),
    )
    inside = (along / major) ** 2 + (across / minor) ** 2 <= 1
    drawn = ellipses.drawn((major, minor, angle, x, y), SIZE).astype(bool)
    assert (inside & drawn).sum() / (inside | drawn).sum() > 0.97
    x1, y1, x2, y2 = ellipses.bounds([[major, minor, angle, x, y]])[0]
    assert [x1, y1, x2, y2] == pytest.approx(
        [
            columns[inside].min() + x,
            rows[inside].min() + y,
            columns[inside].max() + x,
            rows[inside].max() + y,
        ],
        abs=1.1,
    )


def test_what_lies_outside_the_picture_does_not_count():
    inside, beyond = [150, 100, 100, 100], [-50, 100, 100, 100]
    assert ellipses.overlaps([[300, 300, 0, 0, 150]], [beyond], SIZE).item() == pytest.approx(
        51 * 101 / cv2.countNonZero(ellipses.drawn((300, 300, 0, 0, 150), SIZE))
    )
    assert ellipses.drawn(inside, SIZE).sum() == 101 * 101  # both ends of a rectangle are drawn


def test_matching_is_the_best_of_all_ways(rng):
    """Against trying all assignments, where taking the best first would fail."""
    for _ in range(20):
        found = rng.random((3, 4)) * (rng.random((3, 4)) < 0.7)
        ways = itertools.permutations(range(4), 3)
        best = max(found[[0, 1, 2], some].sum() for some in ways)
        total = sum(step[1] for step in ellipses.steps(found, np.array([0.9, 0.4, 0.4, 0.1])))
        assert total == pytest.approx(best)


def box(x, share):
    """Return a rectangle that covers a share of the square around the circle at x + 50, 100."""
    return [x, 50, 100 * share, 100]


def test_the_curve_of_three_pictures_by_hand():
    circle = [50, 50, 0, 100, 100]  # radius 50 around (100, 100)
    pictures = [
        picture([circle], [box(50, 1), box(250, 1)], [0.9, 0.5]),
        picture([circle], [], [], "b"),
        picture([], [box(50, 1)], [0.5], "c"),
    ]
    curve = ellipses.curve(pictures)
    overlap = ellipses.overlaps(pictures[0].faces, pictures[0].regions, SIZE)[0, 0]
    # Equal scores are one threshold, a picture without detections adds a last one.
    assert curve.threshold.tolist() == [0.5, 0.9, ellipses.NO_THRESHOLD]
    assert curve.discrete.tolist() == [0.5, 0.5, 0] and curve.false.tolist() == [2, 0, 0]
    assert overlap > 0.7
    assert curve.continuous == pytest.approx([overlap / 2, overlap / 2, 0])
    rates = [fddb_files.rate_at(curve, curve.discrete, count) for count in (0, 1, 2, 100)]
    assert rates == [0.5] * 4


def test_an_overlap_of_half_is_false_but_adds_to_the_continuous_score():
    curve = ellipses.curve([picture([[50, 50, 0, 100, 100]], [[50, 50, 100, 40]], [1])])
    assert (
        curve.discrete.tolist() == [0]
        and curve.false.tolist() == [1]
        and 0.2 < curve.continuous[0] < 0.5
    )


@pytest.fixture
def folds(tmp_path):
    """Two folds of one picture each, with a circle of radius 50 around (100, 100)."""
    (tmp_path / "folds").mkdir()
    for fold in (1, 2):
        (tmp_path / "folds" / f"FDDB-fold-{fold:02d}-ellipseList.txt").write_text(
            f"2002/{fold}\n1\n50 50 0 100 100 1\n"
        )
    return tmp_path


def options(folds, results, *more):
    return [
        "--folds",
        str(folds / "folds"),
        "--detections",
        str(folds / results),
        "--out",
        str(folds / "out"),
        *more,
    ]


def test_rectangles_and_ellipses_in_files_and_folders(folds):
    (folds / "one.txt").write_text("2002/1\n1\n50 50 100 100 0.5\n2002/2\n1\n0 0 10 10 0.25\n")
    (folds / "results").mkdir()
    (folds / "results" / "fold-01-out.txt").write_text("2002/1\n1\n50 50 0 100 100 0.5\n")
    (folds / "results" / "fold-02-out.txt").write_text("2002/2\n0\n")
    ends = json.loads(run_well("evaluate.fddb", *options(folds, "one.txt", "--json")).stdout)
    assert ends["disc_end"] == [0.5, 1]
    assert ends["cont_end"][0] == pytest.approx(np.pi / 8, abs=0.01)
    assert (folds / "out" / "DiscROC.txt").read_text() == "0.5 1 0.25\n0.5 0 0.5\n"
    text = run_well("evaluate.fddb", *options(folds, "results")).stdout
    assert "discrete 0.5000, continuous 0.5000" in text
    assert "fold 3, 4, 5, 6, 7, 8, 9, 10" in text and "sizes are guessed" in text
    # As FDDB's program ends where a picture has none.
    curve = (folds / "out" / "DiscROC.txt").read_text()
    assert curve == "0.5 0 0.5\n0 0 1.79769e+308\n"


def test_pictures_that_are_there_give_their_size(folds):
    """A picture that ends in the middle of the face: its left half is all that can be found."""
    (folds / "half.txt").write_text("2002/1\n1\n50 50 50 100 0.5\n2002/2\n0\n")
    found = json.loads(run_well("evaluate.fddb", *options(folds, "half.txt", "--json")).stdout)
    assert found["disc_end"] == [0, 1]
    for name in ("originalPics", "elsewhere"):
        (folds / name / "2002").mkdir(parents=True)
        for fold in (1, 2):
            image = np.zeros((300, 101, 3), np.uint8)
            cv2.imwrite(str(folds / name / "2002" / f"{fold}.jpg"), image)
        more = [] if name == "originalPics" else ["--pictures", folds / name]
        done = run_well("evaluate.fddb", *options(folds, "half.txt", "--json", *more))
        assert json.loads(done.stdout)["disc_end"] == [0.5, 0]


@pytest.mark.parametrize(
    "text, words",
    [
        ("2002/1\n1\n50 50 100 0.5\n2002/2\n0\n", "line 3"),
        ("2002/1\n2\n50 50 100 100 0.5\n2002/2\n0\n", "line 4"),
        ("2002/1\nx\n", "line 2"),
        ("2002/1\n-1\n2002/2\n0\n", "line 2"),
        ("2002/1\n2\n50 50 0 100 100 0.5\n50 nan 0 100 100 0.5\n2002/2\n0\n", "line 4"),
        ("2002/1\n1\n50 50 inf 100 0.5\n2002/2\n0\n", "line 3"),
        ("2002/1\n1\n50 50 1e12 100 0.5\n2002/2\n0\n", "line 3"),
        ("2002/1\n2\n50 50 100 100 0.5\n50 50 100 100 nan\n2002/2\n0\n", "line 4"),
        ("2002/1\n1\n50 50 100 100 inf\n2002/2\n0\n", "line 3"),
        ("2002/1\n1\n50 -50 0 100 100 0.5\n2002/2\n0\n", "radii from 0 on"),
        ("2002/1\n2\n50 50 100 100 0.5\n50 50 0 100 100 0.5\n2002/2\n0\n", "line 4"),
        ("2002/1\n0\n", "no results for 1 of 2 pictures, such as 2002/2"),
    ],
)
def test_results_that_do_not_fit_are_named(folds, text, words, expect_refusal):
    (folds / "bad.txt").write_text(text)
    expect_refusal("evaluate.fddb", options(folds, "bad.txt"), words)


@pytest.mark.parametrize("word", ["nan", "inf", "1e12", "-50", "x"])
def test_an_annotated_ellipse_that_is_none_is_named(folds, word, expect_refusal):
    """The second face of the second fold."""
    path = folds / "folds" / "FDDB-fold-02-ellipseList.txt"
    path.write_text(f"2002/2\n2\n50 50 0 100 100 1\n50 {word} 0 100 100 1\n")
    (folds / "one.txt").write_text("2002/1\n0\n2002/2\n0\n")
    parts = (f"{path}, line 4", f"50 {word} 0 100 100 1", "finite")
    expect_refusal("evaluate.fddb", options(folds, "one.txt"), *parts)


@pytest.mark.parametrize(
    "text, words",
    [
        ("2002/2\n2\n50 50 0 100 100 1\n", "number of its faces"),
        ("2002/2\nx\n50 50 0 100 100 1\n", "number of its faces"),
        ("2002/2\n50 50 0 100 100 1\n", "number of its faces"),
        ("2002/2\n", "number of its faces"),
        ("2002/2\n0\n2002/2\n0\n", "2002/2 is there twice"),
    ],
)
def test_a_list_of_a_fold_that_does_not_fit_is_refused(folds, text, words, expect_refusal):
    path = folds / "folds" / "FDDB-fold-02-ellipseList.txt"
    path.write_text(text)
    (folds / "one.txt").write_text("2002/1\n0\n2002/2\n0\n")
    expect_refusal("evaluate.fddb", options(folds, "one.txt"), f"{path}, line ", words)


def test_what_is_missing_is_named(folds, expect_refusal, command):
    expect_refusal("evaluate.fddb", options(folds, "none.txt"), "none.txt")
    (folds / "one.txt").write_text("")
    done = command("evaluate.fddb", "--detections", folds / "one.txt")
    assert done.returncode == 2 and "--folds" in done.stderr
    expect_refusal(
        "evaluate.fddb",
        ["--detections", folds / "one.txt", "--folds", folds, "--out", folds],
        "FDDB-fold-01-ellipseList.txt",
    )


def test_detections_of_folds_that_are_not_measured_do_not_count(folds):
    """An earlier model looked at both folds and found both faces, this one at the first alone."""
    (folds / "folds").rename(folds / "FDDB-folds")
    run = SimpleNamespace(folder=str(folds), out=str(folds / "out"), pictures=[])
    said = []
    for fold in (1, 2):
        image = f"originalPics/2002/{fold}.jpg"
        run.pictures.append((image, [record.FaceRecord(image, split=f"fold_{fold:02d}")]))
        found = record.FaceRecord(image, box=[50, 50, 150, 150], score=0.9)
        said.append(predictions.Said(image, [found]))
    both = benchmark.curve_of(run, said)
    run.pictures = run.pictures[:1]
    one = benchmark.curve_of(run, [said[0]._replace(faces=[])])
    assert both.discrete[0] == 1 and not one.discrete.any()
    assert [path.name for path in (folds / "out" / "results").iterdir()] == ["fold-01-out.txt"]
