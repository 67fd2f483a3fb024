"""A ninth task is a row of the table: glasses, through the whole chain, without another edit.

The kit is copied, one row is added to the copy's allinone/tasks.py, and everything is started from
the copy as a user starts it: databases, training, fusing, analysis, measuring, contact sheets.
"""

import csv
import json
import shutil

import kit_copies
import pytest
from conftest import BATCH

PACKAGES = ("allinone", "data_prep", "evaluate", "prototxt", "python_layers", "tools")


@pytest.fixture(scope="module")
def kit(tmp_path_factory):
    """A copy of the kit whose table has a ninth row."""
    root = tmp_path_factory.mktemp("kit")
    kit_copies.copy(root, *PACKAGES)
    kit_copies.add_glasses(root)
    return root


def start(kit, module, *arguments):
    """Run a command of the copy; return what it printed."""
    return kit_copies.start(kit, "-m", module, *arguments)


def put_on_glasses(path):
    """Label every second face of a records file as wearing glasses."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for number, line in enumerate(lines):
        line["glasses"] = number % 2
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


@pytest.fixture(scope="module")
def model(kit):
    """The folder of a fused model of nine tasks."""
    numbers = ["--identities", 6, "--seed", 5]
    for kind, count in (("portraits", 30), ("scenes", 6)):
        drawn = ["--kind", kind, "--count", count, *numbers]
        start(kit, "data_prep.synthetic", *drawn, "--out", kind)
    put_on_glasses(kit / "portraits" / "records.jsonl")
    build = "data_prep.build_db"
    start(kit, build, "aligned", "--records", "portraits/records.jsonl", "--out", "db")
    unsearched = ["--without-search", "portraits/records.jsonl"]
    start(kit, build, "scenes", *unsearched, "--out", "db")
    shutil.copytree(kit / "db", kit / "val")
    (kit / "val").rename(kit / "db" / "val")
    training = ["--profile", "tiny", "--db", "db", "--iterations", 3, "--batch", BATCH]
    said = start(kit, "tools.train", *training, "--out", "run")
    assert "glasses accuracy" in said  # it is validated
    start(kit, "tools.fuse", "--run", "run", "--out", "model")
    return kit / "model"


def test_it_has_a_database_and_is_learnt_beside_the_others(kit, model):
    manifest = json.loads((kit / "db" / "glasses" / "manifest.json").read_text())
    assert manifest["count"] == 30 and manifest["labels"] == {"0": 15, "1": 15}
    with open(kit / "run" / "log.jsonl", encoding="utf-8") as lines:
        entries = [json.loads(line) for line in lines]
    losses = next(entry["loss"] for entry in entries if "loss" in entry)
    assert len(losses) == 9 and 0.3 < losses["glasses"] < 2
    held_out = next(entry["validation"] for entry in entries if "validation" in entry)
    assert 0 <= held_out["glasses"]["accuracy"] <= 1


def test_the_fused_model_answers_it(kit, model):
    told = json.loads((model / "model.json").read_text())
    assert told["stages"]["2"]["glasses"] == "glasses"
    picture = "scenes/images/000000.jpg"
    start(
        kit, "tools.analyze", picture, "--model", "model", "--out", "found", "--score", 0, "--csv"
    )
    with open(kit / "found" / "faces.jsonl", encoding="utf-8") as lines:
        faces = [json.loads(line) for line in lines]
    assert faces and all(0 <= face["glasses"] <= 1 for face in faces)
    with open(kit / "found" / "faces.csv", newline="", encoding="utf-8") as stream:
        assert [float(row["glasses"]) for row in csv.DictReader(stream)] == [
            face["glasses"] for face in faces
        ]
    assert (kit / "found" / "000000.png").stat().st_size > 1000


def test_it_is_measured_beside_chance(kit, model):
    said = start(
        kit,
        "evaluate.synthetic",
        *("--model", "model", "--faces", "portraits", "--scenes", "scenes", "--out", "eval"),
    )
    row = next(line for line in said.splitlines() if line.startswith("glasses"))
    assert "accuracy" in row and "50.0%" in row  # chance, with labels half and half
    results = json.loads((kit / "eval" / "results.json").read_text())
    assert 0 <= results["glasses"]["accuracy"] <= 1 and len(results) == 9


def test_contact_sheets_show_it(kit, model):
    start(kit, "tools.inspect_db", "db", "--out", "sheets")
    assert (kit / "sheets" / "glasses.jpg").stat().st_size > 1000
