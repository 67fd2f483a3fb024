"""A model on real photographs, the whole way, on drawn pictures in their form."""

import json
import os

import numpy as np
import pytest

from allinone import pictures, reading
from evaluate import calibration

ROWS = {
    ("packages", "detection"),
    ("photos", "detection"),
    ("photos", "landmarks"),
    ("photos", "pose"),
    ("celeba", "landmarks"),
    ("celeba", "pose"),
    ("celeba", "smile"),
    ("celeba", "gender"),
    ("celeba", "age"),  # drawn faces all have one
    ("celeba", "identity"),
    ("utkface", "landmarks"),
    ("utkface", "pose"),
    ("utkface", "gender"),
    ("utkface", "age"),
    *(("mtfl", task) for task in ("landmarks", "pose", "smile", "gender", "age", "identity")),
}
SETS = ("celeba", "utkface", "photos")


@pytest.fixture(scope="module")
def folders(real_folders, tmp_path_factory):
    """A folder of the drawn sets, in which CelebA's stands once more as MTFL."""
    root = tmp_path_factory.mktemp("sets")
    for name, source in (*((name, name) for name in SETS), ("mtfl", "celeba")):
        os.symlink(real_folders / source, root / name)
    return root


@pytest.fixture(scope="module")
def measured(chain, folders, tmp_path_factory, command):
    """The folder that the command leaves."""
    out = tmp_path_factory.mktemp("measured")
    places = ["--data", folders, "--model", chain / "model", "--out", out]
    done = command("evaluate.real", *places, "--engine", "opencv")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "score_for_that_precision" in done.stdout and "cascade" in done.stdout
    return out


def test_results_of_somebody_else_are_not_written_over(
    chain, real_folders, tmp_path, expect_refusal
):
    """The folder is looked at first: no picture has been."""
    (tmp_path / "results.md").write_text("mine")
    given = ["--data", real_folders, "--model", chain / "model", "--out", tmp_path]
    expect_refusal("evaluate.real", given, tmp_path / "results.md", "written over")
    assert [path.name for path in tmp_path.iterdir()] == ["results.md"]


def drawn(real_source, name):
    """Return {image: its labels as they were drawn}."""
    lines = (real_source / "real" / f"{name}.jsonl").read_text().splitlines()
    return {line["image"]: line for line in map(json.loads, lines)}


def predicted(measured, name):
    lines = (measured / name / "predictions.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_measured_on_pictures_of_the_same_form(measured, real_source):
    results = reading.read_json(str(measured / "results.json"), "")
    rows = {(one["set"], one["task"], one["figure"]): one for one in results["rows"]}
    assert {(name, task) for name, task, _ in rows} == ROWS
    assert results["not_found"] == {"celeba": 0, "utkface": 0, "mtfl": 0}
    assert set(results["unreadable"].values()) == {0}

    # Against the lines that the net wrote and the labels as they were drawn.
    lines, truth = predicted(measured, "celeba"), drawn(real_source, "celeba")
    assert len(lines) == 12 and all(truth[line["image"]]["split"] == "test" for line in lines)
    right = [(line["smile"] >= 0.5) == truth[line["image"]]["smile"] for line in lines]
    smile = rows["celeba", "smile", "accuracy"]
    assert smile["value"] == pytest.approx(np.mean(right)) and smile["samples"] == 12
    error = rows["celeba", "smile", "expected calibration error, 15 bins"]
    sure = [max(line["smile"], 1 - line["smile"]) for line in lines]
    off = calibration.expected_error(sure, right)
    assert (error["value"], error["samples"]) == (pytest.approx(off), 12)
    assert ("photos", "detection", error["figure"]) in rows
    assert "celeba, smile, expected calibration error" in results["reliability"]
    assert pictures.read_image(str(measured / "reliability.png")).std() > 5
    smiles = np.mean([truth[line["image"]]["smile"] for line in lines])
    assert smile["baseline"] == pytest.approx(max(smiles, 1 - smiles))
    yaw = [abs(line["pose"][2] - truth[line["image"]]["pose"][2]) for line in lines]
    pose = next(one for key, one in rows.items() if key[:2] == ("celeba", "pose"))
    assert pose["value"] == pytest.approx(np.mean(yaw), abs=1e-3)
    ages = [abs(line["age"] - truth[line["image"]]["age"]) for line in lines]
    age = rows["celeba", "age", "mean absolute error"]
    assert age["value"] == pytest.approx(np.mean(ages), abs=1e-3)


def test_what_cannot_be_measured_is_refused(chain, tmp_path, expect_refusal):
    for name in SETS:
        (tmp_path / name).mkdir()
        (tmp_path / name / "records.jsonl").write_text('{"image":"gone.jpg","split":"test"}\n')
    given = ["--data", tmp_path, "--model", chain / "model", "--out", tmp_path / "out"]
    path = tmp_path / "celeba" / "records.jsonl"
    expect_refusal("evaluate.real", given, path, "can be read", "gone.jpg", "measure again")
    path.write_text('{"image":"gone.jpg","split":"train"}\n')
    expect_refusal("evaluate.real", given, path, "split test", "add some")


def test_floors_are_asked_of_the_figures_that_tell_most(measured):
    results = reading.read_json(str(measured / "results.json"), "")
    floors = {one["figure"]: one["floor"] for one in results["rows"] if one["floor"] is not None}
    wanted = {
        "recall of faces from 60 px at precision >= 95%": 0.94,
        "pairs of one person accepted at 1% false accepts, cosine": 0.42,
        "astronaut and Admiral Hopper: one face found, and called a woman's": 1.0,
    }
    assert wanted.items() <= floors.items()
    at_score = [floor for figure, floor in floors.items() if "the model's own score" in figure]
    assert at_score == [0.93, 0.95]  # recall, precision


def test_another_source_is_measured_where_it_is_there(measured):
    """Its faces here are CelebA's, so its figures are too."""
    found = reading.read_json(str(measured / "results.json"), "")["rows"]
    values = {(one["set"], one["task"], one["figure"]): one["value"] for one in found}
    for task in ("gender", "smile"):
        assert values["mtfl", task, "accuracy"] == values["celeba", task, "accuracy"]


def test_people_are_also_measured_in_groups(measured):
    results = reading.read_json(str(measured / "results.json"), "")
    assert all(one["samples"] >= 10 for one in results["groups"])
    text = (measured / "results.md").read_text()
    assert text.startswith("| set | task | figure |") and text.count("|---|") >= 2


def test_contact_sheets_show_every_task_that_was_measured(measured, folders, tmp_path, command):
    """But those of MTFL, some of whose pictures nobody should publish."""
    places = ["--data", folders, "--results", measured, "--out", tmp_path]
    done = command("tools.sheets", *places)
    assert done.returncode == 0, done.stdout + done.stderr
    sheets = {path.name for path in tmp_path.iterdir()}
    assert not any("mtfl" in name for name in sheets)
    for name, task in ROWS - {row for row in ROWS if row[0] in ("photos", "packages", "mtfl")}:
        if task != "identity":
            for which in ("best", "worst"):
                sheet = f"{task}_{name}_{which}.jpg"
                assert sheet in sheets and sheet in done.stdout
    picture = pictures.read_image(str(tmp_path / "smile_celeba_best.jpg"))
    assert picture.shape == (2 * 189, 10 * 170, 3)  # twelve faces, ten in a row, words below
    assert picture[:170, :170].std() > 20


def test_without_the_sets_it_says_how(tmp_path, chain, expect_refusal):
    places = ["--data", tmp_path, "--model", chain / "model", "--out", tmp_path]
    expect_refusal("evaluate.real", places, "celeba", "make train-real")


def test_sheets_of_what_was_not_measured_are_refused(real_folders, tmp_path, expect_refusal):
    places = ["--data", real_folders, "--results", tmp_path, "--out", tmp_path / "sheets"]
    expect_refusal("tools.sheets", places, "predictions.jsonl", "run evaluate.real first")
