"""Faces of one's own, measured: every task that has labels, beside a constant and a model."""

import itertools
import json
import os
import tracemalloc

import cv2
import numpy as np
import pytest
from conftest import run_well

from allinone import record, tasks
from data_prep import conversion
from evaluate import contact_sheets, intervals, photographs, predictions, worst_faces
from evaluate.photographs import Counted

NAMES = ("Ann", "Bob", "Cid", "Dee", "Eva", "Fay")


@pytest.fixture(scope="module")
def measured(chain, tmp_path_factory):
    """(folder of the set, its labels, folder of the figures, what was printed)."""
    root = tmp_path_factory.mktemp("own")
    data, out = root / "custom", root / "eval"
    data.mkdir()
    os.symlink(chain / "faces" / "images", data / "images")
    faces = list(record.read(str(chain / "faces" / "records.jsonl")))
    for number, face in enumerate(faces):
        face.split = ("test", "train", "val")[number % 3]
        face.name = NAMES[face.identity]
        face.landmarks = face.visibility = None
        if number == 3:
            face.box = None
    (data / "faces.jsonl").write_text("".join(map(record.to_line, faces)))
    given = ["--data", data, "--model", chain / "model", "--engine", "opencv", "--out", out]
    said = run_well("evaluate.measure", "custom", *given, "--beside", "").stdout
    test = {face.image: face for face in faces if face.split == "test"}
    return data, test, out, said


def test_every_task_that_has_labels_is_measured_on_the_test_part(measured):
    """Against the lines that the net wrote and the labels as they were drawn."""
    _, truth, out, said = measured
    results = json.loads((out / "results.json").read_text())
    lines = [json.loads(line) for line in (out / "faces" / predictions.LINES).open()]
    assert {line["image"] for line in lines} == set(truth)
    found = [line for line in lines if "box" in line]
    right = [(one["smile"] >= 0.5) == truth[one["image"]].smile for one in found]
    assert results["figures"]["smile"] == pytest.approx(100 * np.mean(right))
    ages = [abs(one["age"] - truth[one["image"]].age) for one in found]
    assert results["figures"]["age"] == pytest.approx(np.mean(ages), abs=1e-3)
    yaws = [abs(one["pose"][2] - truth[one["image"]].pose[2]) for one in found]
    assert results["figures"]["pose"] == pytest.approx(np.mean(yaws), abs=1e-3)
    assert "landmarks" not in results["figures"]
    assert "not measured, as too few labels are there: landmarks, visibility\n" in said

    smile = results["intervals"]["smile"]
    wilson = intervals.share(right)
    assert (smile["low"], smile["high"]) == pytest.approx((100 * wilson.low, 100 * wilson.high))
    assert smile["samples"] == len(found)
    (constant,) = results["others"]
    share = np.mean([truth[one["image"]].smile for one in found])
    assert constant["figures"]["smile"] == pytest.approx(100 * max(share, 1 - share))
    assert constant["method"] == "a constant answer" in said


def test_detection_leaves_out_a_picture_whose_face_has_no_box(measured):
    _, truth, out, _ = measured
    results = json.loads((out / "results.json").read_text())
    boxed = {image for image, face in truth.items() if face.box}
    assert len(boxed) == len(truth) - 1
    assert results["intervals"]["ap"]["samples"] == len(boxed)
    seen = {one.image for one in predictions.read(str(out / "detect"))}
    assert seen == boxed


def test_the_worst_faces_are_drawn_and_named(measured):
    data, _, out, _ = measured
    sheets = {path.name for path in out.glob("*_worst.jpg")}
    assert {"age_worst.jpg", "smile_worst.jpg", "pose_worst.jpg"} <= sheets
    failures = json.loads((out / "results.json").read_text())["failures"]
    assert all((data / one["image"]).is_file() for one in failures)
    ages = [one["text"] for one in failures if one["text"].startswith("age: ")]
    assert len(ages) == worst_faces.FEW


def test_a_sheet_of_an_earlier_time_does_not_stay(tmp_path):
    (tmp_path / "age_worst.jpg").write_bytes(b"of another model")
    worst_faces.write("", str(tmp_path), [], [])
    assert not list(tmp_path.iterdir())


def test_a_picture_that_breaks_off_stops_nothing(chain, tmp_path):
    """Its head is whole, so that the reader takes it; its face has a box, and no sheet shows it."""
    (tmp_path / "images").mkdir()
    lines = []
    for number, face in enumerate(itertools.islice(record.read(f"{chain}/faces/records.jsonl"), 4)):
        data = (chain / "faces" / face.image).read_bytes()
        (tmp_path / face.image).write_bytes(data[:1500] if number == 2 else data)
        face.split = "test"
        lines.append(record.to_line(face))
    (tmp_path / "faces.jsonl").write_text("".join(lines))
    given = ["--data", tmp_path, "--model", chain / "model", "--engine", "opencv", "--beside", ""]
    said = run_well("evaluate.measure", "custom", *given, "--out", tmp_path / "out").stdout
    assert "incomplete: 1 pictures cannot be read" in said and "not found" not in said
    assert (tmp_path / "out" / "detection_worst.jpg").is_file()


def test_a_small_face_in_a_large_photograph_takes_little_memory(tmp_path, rng):
    """The part that is shown is enlarged, not the photograph."""
    image = rng.integers(0, 255, (600, 900, 3)).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "a.png"), image)
    entry = contact_sheets.Entry(1.0, str(tmp_path / "a.png"), [600, 300, 610, 312], None, "missed")
    tracemalloc.start()
    tile = contact_sheets.tile(entry)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 20e6  # 162 MB, if all of it were enlarged ten times
    assert tile.shape[1] == contact_sheets.SIDE


def test_people_are_called_by_their_names():
    """Ann's second picture and Bob's first look like each other."""
    rows = np.float32([[1, 0.5, 0], [0.3, 1, 0], [0, 1, 0.05], [0, 1, 0.6]])
    pairs = []
    for number, (who, row) in enumerate(zip((0, 0, 1, 1), rows)):
        known = record.FaceRecord(f"{number}.jpg", identity=who, name=NAMES[who])
        pairs.append((known, record.FaceRecord("", box=[0, 0, 9, 9], descriptor=row)))
    entries = worst_faces.people("", tasks.BY_NAME["identity"], pairs)
    texts = {entry.path: entry.text for entry in entries}
    assert texts == {"1.jpg": "Ann, taken for Bob", "2.jpg": "Bob, taken for Ann"}


def test_the_report_shows_what_stands_beside(measured, tmp_path):
    _, _, out, _ = measured
    run_well("evaluate.report", "--results", out.parent, "--out", tmp_path)  # eval is no benchmark
    os.symlink(out, tmp_path / "custom")
    done = run_well("evaluate.report", "--results", tmp_path, "--out", tmp_path / "report")
    assert "custom" in done.stdout.split(";")[0]
    page = (tmp_path / "report" / "index.html").read_text()
    results = json.loads((out / "results.json").read_text())
    assert "a constant answer</th>" in page
    assert f"{results['figures']['smile']:.2f}%" in page
    assert f"{results['intervals']['smile']['samples']} samples" in page
    assert "Worst results" in page


def test_a_part_without_a_face_is_refused(measured, chain, tmp_path, expect_refusal):
    data, _, _, _ = measured
    os.symlink(data / "images", tmp_path / "images")
    face = record.FaceRecord("images/000000.jpg", age=3, split="train")
    (tmp_path / "faces.jsonl").write_text(record.to_line(face))
    given = ["custom", "--data", tmp_path, "--model", chain / "model", "--engine", "opencv"]
    given += ["--out", tmp_path / "out"]
    expect_refusal("evaluate.measure", given, "no picture of test; name some in the column split")
    (tmp_path / "faces.jsonl").write_text('{"image":"images/000000.jpg","split":"test"}\n')
    expect_refusal("evaluate.measure", given, "no face of part test has a label; fill in")


def test_a_folder_that_is_no_set_or_no_model_is_named(measured, chain, tmp_path, expect_refusal):
    given = ["custom", "--model", chain / "model", "--engine", "opencv", "--out", tmp_path / "out"]
    expect_refusal("evaluate.measure", [*given, "--data", tmp_path], tmp_path, "faces.*")
    given += ["--data", measured[0], "--beside", tmp_path / "none"]
    said = expect_refusal("evaluate.measure", given, tmp_path / "none" / "model.json").stdout
    assert "pictures" not in said  # before anything is measured


def test_a_table_that_was_edited_is_read_again(measured):
    data, _, _, _ = measured
    folder, records = str(data), data / "records.jsonl"
    assert not conversion.is_outdated("custom", folder)
    os.utime(records, (1, 1))
    assert conversion.is_outdated("custom", folder)


def test_average_precision_has_an_interval_over_pictures():
    scenes = [Counted([0.9, 0.2], [True, False], 1), Counted([0.8], [False], 1)] * 20
    found = intervals.average_precision(scenes)
    scores = [score for one in scenes for score in one.scores]
    true = [hit for one in scenes for hit in one.true]
    assert found.value == photographs.metrics.average_precision(true, scores, 40)
    assert found.low < found.value < found.high and found.samples == 40
