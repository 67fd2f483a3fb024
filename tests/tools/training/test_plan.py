"""A plan names all that decides the result of a run, and nothing else."""

import json
import os
import re
import shutil
import subprocess
import sys

import kit_copies
import pytest
from conftest import BATCH, ROOT
from training_runs import job_options

from allinone import tasks
from allinone.errors import InputError
from tools.training import plan, settings
from tools.training.options import Options

PACKAGES = ("allinone", "evaluate", "prototxt", "python_layers", "tools")


def made(chain, out, **asked):
    """Return the files and the plan of a joint run of profile tiny."""
    known = dict(profile="tiny", db=str(chain / "db"), out=str(out), iterations=20, batch=BATCH)
    return plan.make(settings.make(Options(**{**known, **asked})))


@pytest.mark.parametrize(
    "asked",
    [
        dict(seed=7),
        dict(iterations=21),
        dict(base_lr=0.1),
        dict(batch=0.5),
        dict(age_ramp=3),
        dict(iter_size=2),
        dict(cores=2),
        dict(batch=0.5, cores=2),
    ],
    ids=str,
)
def test_other_settings_are_another_plan(chain, tmp_path, asked):
    assert made(chain, tmp_path, **asked)[1] != made(chain, tmp_path)[1]


def test_two_processes_are_another_plan_than_one_with_their_mini_batches(chain, tmp_path):
    """Each net has 18, 10, 9, 11, 8 pictures, but two processes read twice as many."""
    one = made(chain, tmp_path, job="smile", batch=0.5)[1]
    two = made(chain, tmp_path, job="smile", batch=1.0, cores=2)[1]
    assert one["net"] == two["net"] and one != two


def test_where_a_run_stands_is_not_in_its_plan(chain, tmp_path):
    assert made(chain, tmp_path / "a")[1] == made(chain, tmp_path / "b")[1]
    assert str(tmp_path) not in json.dumps(made(chain, tmp_path / "a")[1])


@pytest.mark.parametrize("typed", ["run", "run/"])
def test_a_run_of_other_settings_is_moved_aside(chain, tmp_path, capsys, typed):
    out = tmp_path / "run"
    shutil.copytree(chain / "run", out)
    asked = made(chain, out, seed=7)
    assert plan.prepare(os.path.join(tmp_path, typed), *asked, resume=True) is False
    assert "now in" in capsys.readouterr().out
    assert (tmp_path / "run.before1" / "snapshots").is_dir()
    assert os.listdir(out / "snapshots") == []


def test_a_run_of_the_same_settings_is_resumed_and_its_files_are_written_again(chain, tmp_path):
    out = tmp_path / "run"
    shutil.copytree(chain / "run", out)
    os.remove(out / "solver.prototxt")
    assert plan.prepare(str(out), *made(chain, out, snapshot=5), resume=True) is True
    assert str(out) in (out / "solver.prototxt").read_text()


def test_a_run_goes_on_where_only_what_it_is_validated_on_has_changed(chain, tmp_path):
    """Such as a run that was begun without any; what it learns from still counts."""
    out, db = tmp_path / "run", tmp_path / "db"
    shutil.copytree(chain / "run", out)
    db.mkdir()
    for tower in tasks.TOWERS:
        os.symlink(chain / "db" / tower, db / tower)
    texts, without = made(chain, out, db=str(db))
    before = json.loads((out / "plan.json").read_text())
    assert "TEST" in before["net"] and "TEST" not in without["net"]
    assert plan.learns_alike(before, without) and plan.learns_alike(without, before)
    assert not plan.learns_alike(before, made(chain, out, db=str(db), seed=7)[1])
    assert plan.prepare(str(out), texts, without, resume=True) is True
    with pytest.raises(InputError, match="holds a run of the same settings"):
        plan.prepare(str(out), *made(chain, out), resume=False)
    assert not (tmp_path / "run.before1").exists()


@pytest.mark.parametrize("before", [None, [], {}, {"net": 3}, {"net": "layer {"}], ids=str)
def test_what_is_no_plan_is_no_earlier_run(chain, tmp_path, before):
    assert not plan.learns_alike(before, made(chain, tmp_path)[1])


# ---- The code that the result depends on.
IMPORT_ALL = """
import importlib, os, sys
for name in sys.argv[2:]:
    importlib.import_module(name)
for module in list(sys.modules.values()):
    path = getattr(module, "__file__", None) or ""
    if path.startswith(sys.argv[1] + os.sep):
        print(os.path.relpath(path, sys.argv[1]))
"""


def test_the_code_is_what_python_itself_imports():
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, ROOT, *plan.entries()],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    imported = {path for path in done.stdout.split() if path[0] != "."}  # packages, a built Caffe
    assert len(imported) > 20 and imported <= set(plan.code())


def test_the_code_of_layers_is_among_it_and_that_of_logs_curves_and_validation_is_not():
    code = set(plan.code())
    for name in ("age_loss", "face_data", "masked_euclidean", "region_data"):
        assert f"python_layers/{name}.py" in code
    for name in ("log", "curves", "loop", "held_out", "divergence", "run"):
        assert os.path.isfile(os.path.join(ROOT, "tools", "training", f"{name}.py"))
        assert f"tools/training/{name}.py" not in code
    assert not any(path.startswith("evaluate/") for path in code)


@pytest.fixture(scope="module")
def kit(tmp_path_factory):
    """A copy of the kit whose modules may be changed."""
    root = tmp_path_factory.mktemp("kit")
    kit_copies.copy(root, *PACKAGES)
    return root


@pytest.fixture
def edit(kit):
    """Give edit(path, function of the text), which is undone after the test."""
    before = {}

    def change(path, changed):
        before.setdefault(path, (kit / path).read_text())
        text = changed((kit / path).read_text())
        assert text != before[path], f"nothing to change in {path}"
        (kit / path).write_text(text)

    yield change
    for path, text in before.items():
        (kit / path).write_text(text)


def setting(name, value):
    """Return a function that gives a constant of a module another value."""

    def changed(text):
        text, count = re.subn(rf"(?m)^(.*\b{name}\b[^=\n]*) = .*$", rf"\1 = {value}", text, count=1)
        assert count == 1, name
        return text

    return changed


@pytest.mark.parametrize("path", sorted(plan.code()))
def test_a_changed_constant_in_any_module_of_the_code_is_another_plan(kit, edit, path):
    before = plan.code(str(kit))
    edit(path, lambda text: text + "\nADDED_HERE = 1\n")
    after = plan.code(str(kit))
    assert {name for name in after if after[name] != before[name]} == {path}


@pytest.mark.parametrize(
    "path, name, value",
    [
        ("allinone/tasks.py", "POSITIVE_IOU, NEGATIVE_IOU, REGRESS_IOU", "0.5, 0.2, 0.35"),
        ("allinone/tasks.py", "AGE_SIGMA", 4.0),
        ("allinone/store.py", "LMDB, REGIONS, MANIFEST", "'a', 'b', 'c'"),
        ("allinone/landmarks.py", "COUNT", 20),
        ("python_layers/region_data.py", "PER_IMAGE", 5),
        ("python_layers/vary.py", "GREY", 0.5),
        ("tools/training/multi_cpu.py", "TURNS", 3),
    ],
)
def test_another_value_of_a_constant_is_another_plan(kit, edit, path, name, value):
    before = plan.code(str(kit))
    edit(path, setting(name, value))
    assert plan.code(str(kit)) != before


@pytest.mark.parametrize("path", ["allinone/tasks.py", "python_layers/region_data.py"])
def test_a_changed_comment_or_docstring_is_the_same_plan(kit, edit, path):
    before = plan.code(str(kit))
    edit(path, lambda text: text.replace('"""', '"""Other words. ', 1) + "\n# A last word.\n")
    assert plan.code(str(kit)) == before


def train(kit, chain, out, *more):
    """Train in the copy for an iteration; return what is printed."""
    options = job_options(chain, out, "smile", 1, *more)
    return kit_copies.start(kit, "-m", "tools.train", *options)


def test_a_run_is_not_resumed_with_other_code_but_with_other_words(kit, edit, chain, tmp_path):
    out = tmp_path / "run"
    assert "starting from random weights" in train(kit, chain, out)
    edit("allinone/boxes.py", lambda text: text + "\n# Another word.\n")
    assert "resuming at iteration 1" in train(kit, chain, out, "--resume")
    for number, (name, value) in enumerate(
        (("POSITIVE_IOU, NEGATIVE_IOU, REGRESS_IOU", "0.5, 0.2, 0.35"), ("AGE_SIGMA", 4.0)), 1
    ):
        edit("allinone/tasks.py", setting(name, value))
        said = train(kit, chain, out, "--resume")
        assert f"code have changed: the earlier run is now in {out}.before{number}" in said
        assert "starting from random weights" in said
