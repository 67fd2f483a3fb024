"""Rows and groups of sets of portraits, of faces with known labels and answers."""

import numpy as np
import pytest

from allinone import embeddings, landmarks, tasks
from allinone.record import FaceRecord
from evaluate import intervals, metrics, portraits, real_rows, rows


def pair(number, **labels):
    """Return (labels, answers) of a face; answers: smiling, female, ten years old."""
    known = FaceRecord(f"{number}.jpg", box=[0, 0, 100, 100], **labels)
    found = FaceRecord(f"{number}.jpg", box=[0, 0, 100, 100], smile=0.9, gender=0.8, age=10.0)
    return known, found


@pytest.fixture
def utkface():
    """Faces of 0 to 38 years; those of men are of even numbers; the first one has no age."""
    pairs = []
    for number in range(20):
        known, found = pair(number, gender=number % 2, age=2.0 * number)
        known.image = f"{2 * number}_{number % 2}_{number % 5}_2017{number}.jpg"
        pairs.append((known, found))
    return pairs


def test_gender_of_utkface_counts_from_16_years_on(utkface):
    row, error, black = real_rows.rows_of("utkface", tasks.BY_NAME["gender"], utkface)
    assert row.figure == "accuracy, from 16 years on"
    assert row.measured == intervals.share([True] * 6 + [False] * 6)
    assert row.baseline == 0.5 and row.baseline_by == "constant"
    assert (row.floor, row.unit) == (0.955, "%")
    # Answers say 80 % of each woman, and half of them are men.
    assert (error.figure, error.measured.samples) == ("expected calibration error, 15 bins", 12)
    assert error.measured.value == pytest.approx(0.3)
    row, _ = real_rows.rows_of("celeba", tasks.BY_NAME["gender"], utkface)
    assert row.figure == "accuracy" and row.measured.samples == 20 and row.floor == 0.97
    # Faces 11 and 16 are called Black and of 16 years and more: a woman and a man.
    assert black.figure == "accuracy, called Black, from 16 years on" and black.floor == 0.92
    assert black.measured == intervals.share([True, False])


def test_the_age_of_the_old_stands_beside_that_of_all(utkface):
    for number, (known, _) in enumerate(utkface):
        known.age = 40.0 + number
    row, old = real_rows.rows_of("utkface", tasks.BY_NAME["age"], utkface)
    assert row.measured.samples == 20 and row.floor == 5.5
    assert old.figure == "mean absolute error, from 50 years on" and old.floor == 8.0
    ages = np.arange(50, 60)
    assert old.measured.samples == 10
    assert old.measured.value == pytest.approx(np.abs(ages - 10).mean())
    assert old.baseline == pytest.approx(np.abs(ages - np.median(ages)).mean())


def test_faces_of_another_source_have_floors_of_their_own(utkface):
    row, _ = real_rows.rows_of("mtfl", tasks.BY_NAME["gender"], utkface)
    assert (row.figure, row.floor, row.measured.samples) == ("accuracy", 0.90, 20)


def test_a_number_has_the_error_of_a_median_beside_it(utkface):
    (row,) = real_rows.rows_of("utkface", tasks.BY_NAME["age"], utkface)
    ages = np.arange(20) * 2.0
    assert row.measured.value == pytest.approx(np.abs(ages - 10).mean())
    assert row.baseline == pytest.approx(np.abs(ages - 19).mean())
    assert row.unit == " years"


def test_a_task_without_labels_has_no_row(utkface):
    assert real_rows.rows_of("utkface", tasks.BY_NAME["smile"], utkface) == []
    assert real_rows.rows_of("utkface", tasks.BY_NAME["identity"], utkface) == []
    found = portraits.rows({"utkface": utkface})
    assert [row.task for row in found] == [*["gender"] * 3, "age"]  # nobody is old here


def test_labels_that_know_no_hidden_point_do_not_measure_visibility():
    visibility = tasks.BY_NAME["visibility"]
    points = [[1.0 * n, 2.0] for n in range(landmarks.COUNT)]
    seen = [1.0] * landmarks.COUNT
    known = FaceRecord("a.jpg", box=[0, 0, 9, 9], landmarks=points, visibility=seen)
    found = FaceRecord("a.jpg", box=[0, 0, 9, 9], landmarks=points, visibility=seen)
    assert real_rows.rows_of("celeba", visibility, [(known, found)]) == []
    known.visibility = [0.0, *seen[1:]]
    (row,) = real_rows.rows_of("celeba", visibility, [(known, found)])
    assert row.measured.value == pytest.approx(20 / 21)
    (row,) = real_rows.rows_of("celeba", tasks.BY_NAME["landmarks"], [(known, found)])
    assert row.baseline_by == "mean face in the true box" and "teacher's" in row.figure


def test_an_embedding_gives_descriptors_rows_more(rng):
    pairs = [pair(number, identity=number % 3) for number in range(9)]
    for _, found in pairs:
        found.descriptor = rng.normal(size=512)
    weights = rng.normal(size=(8, 512))
    task = tasks.BY_NAME["identity"]
    cosine, accepted, mapped, by_tpe = real_rows.rows_of("celeba", task, pairs, weights)
    descriptors, people = [found.descriptor for _, found in pairs], np.arange(9) % 3
    assert cosine.measured == intervals.person_auc(descriptors, people)
    assert mapped.measured == intervals.person_auc(embeddings.apply(weights, descriptors), people)
    assert cosine.figure.endswith("cosine") and mapped.figure.endswith("by TPE")
    assert cosine.baseline == mapped.baseline == 0.5 and cosine.floor == 0.93
    # Of the pairs by hand: the share above the largest cosine of two people, 1 % of 27 being none.
    similarity, same = metrics.pair_similarities(descriptors, people)
    share = (similarity[same] > similarity[~same].max()).mean()
    assert accepted.measured.value == pytest.approx(share) and accepted.measured.samples == 36
    assert accepted.measured.low <= share <= accepted.measured.high
    assert accepted.floor == by_tpe.floor == 0.42 and accepted.baseline == 0.01
    assert "1% false accepts" in accepted.figure and by_tpe.figure.endswith("by TPE")


def test_groups_are_those_of_enough_people(utkface, monkeypatch):
    monkeypatch.setattr(portraits, "FEW", 4)
    found = {(row.task, row.figure): row for row in portraits.group_rows({"utkface": utkface})}
    # By age children count too, in all other groups grown-ups alone.
    assert found["gender", "accuracy, 0 to 15 years"].measured.samples == 8
    assert found["gender", "accuracy, men, from 16 years on"].measured.value == 0
    assert found["gender", "accuracy, women, from 16 years on"].measured.value == 1
    assert found["age", "mean absolute error, men"].measured.samples == 10
    assert found["age", "mean absolute error, called Asian"].measured.samples == 4
    assert ("gender", "accuracy, called Asian, from 16 years on") not in found  # there are two
    assert ("age", "mean absolute error, 50 to 119 years") not in found  # nobody is so old
    assert not any("turned" in figure for _, figure in found)  # no pose is known


def test_yaw_makes_groups(monkeypatch):
    monkeypatch.setattr(portraits, "FEW", 1)
    pairs = [pair(number, smile=1, pose=[0, 0, -10.0 * number]) for number in range(5)]
    found = {row.figure: row for row in portraits.group_rows({"celeba": pairs})}
    assert found["accuracy, turned 0 to 15°"].measured.samples == 2
    assert found["accuracy, turned 15 to 30°"].measured.samples == 1
    assert found["accuracy, turned 30 to 90°"].measured.samples == 2


@pytest.mark.parametrize(
    "image, number",
    [("utkface/1_0_3_20170109.jpg", 3), ("1_0_20170109.jpg", None), ("000023.jpg", None)],
)
def test_ethnicity_is_read_from_utkfaces_file_names(image, number):
    assert portraits.ethnicity(image) == number


def test_a_table_leaves_out_columns_that_nobody_needs():
    bare = rows.Row("celeba", "smile", "accuracy", intervals.Interval(0.5, 0.4, 0.6, 1200), "%")
    assert rows.table([bare])[1] == (
        *("celeba", "smile", "accuracy", "50.0%", "40.0% to 60.0%"),
        "1,200",
    )
    ap = intervals.Interval(0.5, None, None, 7)
    full = rows.Row("photos", "detection", "average precision", ap, "%", 0.8, 0.25, "cascade")
    head, *lines = rows.table([bare, full])
    assert len(head) == 8 and lines[0][6:] == ("–", "–")
    assert lines[1][4:] == ("–", "7", "80.0%", "25.0% (cascade)")
    text = rows.markdown([head, *lines])
    assert text.startswith("| set | task | figure | measured |")
    assert text.splitlines()[1] == "|---|---|---|---|---|---|---|---|"
    assert full.plain()["set"] == "photos" and full.plain()["baseline_by"] == "cascade"
    assert bare.plain()["baseline_by"] is None and bare.plain()["samples"] == 1200
