"""The examples of CONTRIBUTING.md are true: in a copy of the kit, each is added as it says.

The task is the one that tests/test_ninth_task.py takes the whole way.
"""

import csv
import json
import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT, draw

from allinone import engines, nets, tasks

PACKAGES = ("allinone", "data_prep", "evaluate")
ONE_LAYER = """
layer { name: "data" type: "Input" top: "data"
  input_param { shape { dim: 1 dim: 3 dim: 4 dim: 4 } } }
layer { name: "score" type: "ReLU" bottom: "data" top: "score" }
"""


def examples():
    """Return {title of its section: Python code}."""
    with open(os.path.join(ROOT, "CONTRIBUTING.md"), encoding="utf-8") as stream:
        sections = re.split(r"^## ", stream.read(), flags=re.M)[1:]
    found = {}
    for section in sections:
        blocks = re.findall(r"^```python\n(.*?)^```$", section, re.M | re.S)
        if blocks:
            (found[section.splitlines()[0]],) = blocks
    return found


EXAMPLES = examples()


def test_every_kind_of_addition_has_an_example():
    assert list(EXAMPLES) == [
        "Add a task",
        "Add a dataset",
        "Add a benchmark",
        "Add an engine",
    ]


def test_the_task_is_a_row_of_the_table():
    task = eval(EXAMPLES["Add a task"], dict(vars(tasks)))
    assert isinstance(task, tasks.Task) and task.name not in tasks.BY_NAME
    assert task.answer_in_words(0.9) == "glasses 90%"


@pytest.fixture(scope="module")
def kit(tmp_path_factory):
    """A copy of the kit with the dataset and the benchmark, and a small set in data/caves."""
    root = tmp_path_factory.mktemp("kit")
    for package in PACKAGES:
        shutil.copytree(
            os.path.join(ROOT, package),
            root / package,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
    shutil.copy(os.path.join(ROOT, "Makefile"), root)
    (root / "data_prep" / "readers" / "caves.py").write_text(EXAMPLES["Add a dataset"])
    (root / "evaluate" / "benchmarks" / "caves.py").write_text(EXAMPLES["Add a benchmark"])
    draw("portraits", 6, 3, 5, root / "data" / "caves")
    write_faces(root / "data" / "caves")
    return root


def write_faces(folder):
    """Write faces.csv of a drawn set, with one bad row, and remove its records."""
    with open(folder / "records.jsonl", encoding="utf-8") as lines:
        faces = [json.loads(line) for line in lines]
    os.remove(folder / "records.jsonl")
    with open(folder / "faces.csv", "w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["image", "x1", "y1", "x2", "y2", "smile"])
        for face in faces:
            table.writerow([face["image"], *face["box"], face["smile"]])
        table.writerow([faces[0]["image"], 1, 2, 3, 4, "perhaps"])


def start(kit, *arguments):
    """Run `python -m ...` in the copy; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", *map(str, arguments)], cwd=kit, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_dataset_is_read(kit):
    assert "caves" in start(kit, "data_prep.convert", "--list").split()
    start(kit, "data_prep.convert", "caves", "--folder", "data/caves")
    summary = json.loads((kit / "data" / "caves" / "summary.json").read_text())
    assert summary["kept"] == 6 and summary["dropped"] == {"a number does not fit": 1}
    with open(kit / "data" / "caves" / "records.jsonl", encoding="utf-8") as lines:
        assert {json.loads(line)["smile"] for line in lines} <= {0, 1}


def test_the_benchmark_is_measured(kit):
    assert "caves" in start(kit, "evaluate.measure", "--list").split()
    model = os.path.join(ROOT, "models", "small")
    options = ["--model", model, "--engine", "opencv", "--out", "out/caves"]
    assert "Caves: smile" in start(kit, "evaluate.measure", "caves", *options)
    results = json.loads((kit / "out" / "caves" / "results.json").read_text())
    assert 0 <= results["figures"]["smile"] <= 100 and results["counts"] == {"faces": 6}


def test_make_finds_both(kit):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    for target, command in (
        ("data-caves", "data_prep.convert caves"),
        ("eval-caves", " caves"),
    ):
        done = subprocess.run(
            ["make", "-n", target], cwd=kit, env=clean, capture_output=True, text=True
        )
        assert done.returncode == 0 and command in done.stdout, done.stderr


def test_the_engine_has_the_form_of_the_others(tmp_path):
    """On a net of one layer."""
    pytest.importorskip("onnx")
    place = dict(vars(engines))
    exec(EXAMPLES["Add an engine"], place)
    (tmp_path / "net.prototxt").write_text(ONE_LAYER)
    net = nets.read(str(tmp_path / "net.prototxt"))
    batch = np.random.default_rng(0).normal(size=(2, 3, 4, 4)).astype(np.float32)
    found = place["ReferenceEngine"](net, {}, "").run(batch, ["score"])
    np.testing.assert_array_equal(found["score"], batch.clip(0))
    with pytest.raises(engines.InputError, match="GPU=0"):
        place["ReferenceEngine"](net, {}, "0")
