"""The page on one's own faces, followed as it stands, on a small set."""

import json
import os
import re
import subprocess

import pytest
from conftest import ROOT

from allinone import model, record

MADE = {"data", "out", "report", ".git", ".venv.lock"}
HEAD = "image,split,x1,y1,x2,y2,identity,gender,age,smile"
PICTURES, WITHOUT_BOX = 14, 2


def commands_of(page):
    """Return the commands of the first block of the page."""
    with open(os.path.join(ROOT, "docs", page), encoding="utf-8") as stream:
        block = re.search(r"^```\n(.*?)^```$", stream.read(), re.M | re.S).group(1)
    return block.splitlines()


def write_set(faces, folder, source):
    """Write a user's folder: names, words, empty fields, a test part, faces without a box."""
    (folder / "images").mkdir(parents=True)
    rows = [HEAD]
    for number, face in enumerate(faces[:PICTURES]):
        os.symlink(source / face.image, folder / face.image)
        box = [""] * 4 if number < WITHOUT_BOX else face.box
        gender = ("male", "female")[face.gender]
        part = "test" if number % 3 == 0 else "train"
        labels = [f"Person {face.identity}", gender, f"{face.age:.1f}", f"{face.smile}.0"]
        labels = ["" if number == 5 else label for label in labels]
        rows.append(",".join(map(str, [face.image, part, *box, *labels])))
    (folder / "faces.csv").write_text("\n".join(rows) + "\n")


@pytest.fixture(scope="module")
def followed(chain, tmp_path_factory):
    """(a folder that looks like a clone in which the page was followed, what was printed)."""
    clone, said = tmp_path_factory.mktemp("clone"), ""
    for name in set(os.listdir(ROOT)) - MADE:
        os.symlink(os.path.join(ROOT, name), clone / name)
    faces = list(record.read(str(chain / "faces" / "records.jsonl")))
    write_set(faces, clone / "data" / "custom", chain / "faces")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    for line in commands_of("your_own_faces.md"):
        more = " -o setup" + (" ITERATIONS=2 LR=0.001 BATCH=0.2" if "finetune" in line else "")
        done = subprocess.run(
            line + more, shell=True, cwd=clone, env=clean, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        said += done.stdout
    return clone, said


def test_all_towers_learn_from_what_the_table_has(followed):
    clone, said = followed
    assert "towers that learn: det, smile, gender, age, id" in said
    assert "parts named: test, train; pictures chosen by a seed: 1 val" in said
    about = model.open_model(str(clone / "out" / "custom" / "model")).about
    assert about.profile == "small" and about.score is not None
    log = (clone / "out" / "custom" / "run" / "log.jsonl").read_text().splitlines()
    assert json.loads(log[-1])["iteration"] == 2


def test_a_portrait_set_learns_detection_from_scenes_made_of_it(followed):
    clone, _ = followed
    out = clone / "out" / "custom"
    scenes = {path.parent.name for path in out.glob("composites*/records.jsonl")}
    assert scenes == {"composites", "composites_hard", "composites_val"}
    manifest = json.loads((out / "db" / "det" / "manifest.json").read_text())
    used = {os.path.basename(os.path.dirname(one["records"])) for one in manifest["origin"]}
    assert {"composites", "composites_hard"} <= used


def test_test_faces_are_measured_and_never_learnt_from(followed):
    clone, said = followed
    results = json.loads((clone / "out/paper/eval/custom/results.json").read_text())
    parts = {}
    for face in record.read(str(clone / "data" / "custom" / "records.jsonl")):
        parts.setdefault(face.split, set()).add(face.image)
    assert results["counts"]["pictures"] == len(parts["test"]) == 5
    assert [one["method"] for one in results["others"]] == [
        "a constant answer",
        "model models/small",
    ]
    assert {"ap", "smile", "gender", "age"} <= set(results["figures"])
    age = json.loads((clone / "out/custom/db/age/manifest.json").read_text())
    assert age["splits"] == ["train"] and age["count"] <= len(parts["train"])
    people = json.loads((clone / "out/custom/db/id/manifest.json").read_text())["names"]
    assert people and all(re.fullmatch(r"Person \d", name) for name in people)
    samples = re.findall(r"^age: mean absolute error .* (\d+)  +[\d.]+ years  ", said, re.M)
    assert len(samples) >= 2 and samples[-1] == str(results["intervals"]["age"]["samples"])
    assert "taken into out/custom/model: " in said


def test_the_report_and_the_sheets_are_there(followed):
    clone, _ = followed
    page = (clone / "report" / "index.html").read_text()
    assert "model models/small</th>" in page and "out/custom/model" in page
    assert (clone / "out/paper/eval/custom/age_worst.jpg").is_file()
