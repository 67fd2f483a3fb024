"""The demo's figures: the command, and what it leaves."""

import json

import h5py
import numpy as np

from allinone import tasks
from evaluate import synthetic_faces


def arguments(model, faces, scenes, out):
    return ["--model", model, "--faces", faces, "--scenes", scenes, "--out", out]


def test_the_command_leaves_figures_and_predictions(chain, tmp_path, command):
    places = [chain / "model", chain / "faces", chain / "scenes", tmp_path]
    done = command("evaluate.synthetic", *arguments(*places))
    assert done.returncode == 0, done.stdout + done.stderr
    results = json.loads((tmp_path / "results.json").read_text())
    chance = json.loads((tmp_path / "chance.json").read_text())
    for task in tasks.TASKS:
        assert task.figure.metric in results[task.name] and task.figure.metric in chance[task.name]
        value = results[task.name][task.figure.metric]
        assert f"{task.figure.means}  " in done.stdout and task.figure.show(value) in done.stdout
    assert "not measured" not in done.stdout.lower()
    counts = json.loads((tmp_path / "counts.json").read_text())
    assert counts["portraits"] == 30 and counts["people"] == 6 and counts["scenes"] == 6
    with h5py.File(tmp_path / "predictions.h5") as data:
        assert data["descriptor"].shape == (30, 512) and data["landmarks"].shape == (30, 21, 2)
        fields = {task.field for task in tasks.TASKS if task.name != "detection"}
        assert set(data) == fields | {"identity"}
        ages = np.abs(data["age"][...] - true_ages(chain / "faces"))
    assert abs(ages.mean() - results["age"]["mae"]) < 1e-3


def test_results_of_somebody_else_are_not_written_over(chain, tmp_path, expect_refusal):
    """The folder is looked at first: what takes long has not begun."""
    (tmp_path / "results.json").write_text('{"mine": 1}')
    given = arguments(chain / "model", chain / "faces", chain / "scenes", tmp_path)
    done = expect_refusal("evaluate.synthetic", given, tmp_path / "results.json", "written over")
    assert "portraits" not in done.stdout
    assert (tmp_path / "results.json").read_text() == '{"mine": 1}'


def true_ages(folder):
    return np.array([faces[0].age for _, faces in synthetic_faces.load(str(folder))])


def write_lines(folder, lines):
    (folder / "records.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def first_records(source, folder, count):
    """Make a folder of the first records of a drawn set; return them."""
    folder.mkdir()
    (folder / "images").symlink_to(source / "images")
    with open(source / "records.jsonl", encoding="utf-8") as stream:
        lines = [json.loads(line) for line in stream]
    lines = [line for line in lines if "box" in line][:count]
    write_lines(folder, lines)
    return lines


def test_a_task_that_no_record_labels_is_named_and_left_out(chain, tmp_path, command):
    faces, scenes = tmp_path / "faces", tmp_path / "scenes"
    labels = first_records(chain / "faces", faces, 6)
    first_records(chain / "scenes", scenes, 1)
    for line in labels:
        del line["smile"], line["identity"]
    write_lines(faces, labels)
    places = [chain / "model", faces, scenes, tmp_path / "eval"]
    done = command("evaluate.synthetic", *arguments(*places))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no record has the label: smile, identity" in done.stdout
    results = json.loads((tmp_path / "eval" / "results.json").read_text())
    assert set(results) == {task.name for task in tasks.TASKS} - {"smile", "identity"}
    assert json.loads((tmp_path / "eval" / "counts.json").read_text())["people"] == 0


def test_a_set_without_faces_is_refused(chain, tmp_path, expect_refusal):
    (tmp_path / "records.jsonl").write_text("")
    places = [chain / "model", tmp_path, chain / "scenes", tmp_path / "out"]
    expect_refusal("evaluate.synthetic", arguments(*places), tmp_path, "no face")


def test_a_folder_that_holds_no_model_is_refused(chain, tmp_path, expect_refusal):
    places = [tmp_path, chain / "faces", chain / "scenes", tmp_path / "out"]
    expect_refusal("evaluate.synthetic", arguments(*places), "model.json", "make fuse")
