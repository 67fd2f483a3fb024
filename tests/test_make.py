"""The Makefile: what it lists, and what it refuses."""

import re

import pytest
from makefile import Kit, help_text, make, planned

from allinone import profiles, schedules, tasks
from data_prep import reader
from evaluate import benchmark

FAMILIES = {
    "train-<tower>": {
        f"train-{tower}" for tower in (*tasks.TOWERS, tasks.HYPERFACE, *tasks.WINDOW_NETS)
    },
    "finetune-<set>": {
        f"finetune-{job.name}" for job in schedules.JOBS["paper"].values() if job.init == "joint"
    },
    "data-<set>": {f"data-{name}" for name in reader.names()},
    "eval-<set>": {f"eval-{name}" for name in benchmark.names()},
}
# make help is read before there is any Python.
EVERYWHERE = {"GPU", "PYTHON"}


@pytest.fixture
def kit(tmp_path):
    """A folder like the kit's, in which make calls a stand-in for Python."""
    return Kit(tmp_path)


@pytest.mark.parametrize("arguments", [(), ("help",)])
def test_help_lists_every_target(arguments):
    listed = re.findall(r"^  make (\S+) +(\S.*)$", make(*arguments).stdout, re.M)
    names = [name for name, _ in listed]
    assert len(set(names)) == len(names)
    wanted = (
        "help setup caffe-gpu caffe-cpu env check-gpu demo test quick lint nets docs "
        "data-synthetic data drawn-data db inspect pretrain distill train finetune-custom fuse "
        "eval-synthetic tpe-ijba eval report train-real eval-real "
        "export analyze serve claims bench bench-peers fuzz kill clean distclean"
    )
    assert sorted(names) == sorted([*wanted.split(), *FAMILIES])
    # What make itself knows: every rule that is not a file.
    database = make("-npq", "help").stdout
    phony = re.search(r"^\.PHONY: (.*)$", database, re.M).group(1).split()
    assert set(phony) == {*wanted.split(), *set().union(*FAMILIES.values())}


def test_the_lists_are_those_of_the_tables():
    for family in FAMILIES.values():
        for target in sorted(family):
            assert planned(target, *(["FOLD=1"] if target.startswith("finetune") else [])), target
    message = make("train", "PROFILE=none").stderr
    assert f"there are {' '.join(profiles.PROFILES)}." in message


def test_the_variables_of_help_are_explained_and_known():
    """Every variable stands in the list of what they mean, and every target accepts its own."""
    text = make("help").stdout
    meanings = text[text.index("\n\n") :]
    for name, (_, variables) in help_text().items():
        for variable in variables | EVERYWHERE:
            assert re.search(rf"\b{variable}\b", meanings), f"{variable} is not explained"
        target = name.replace("<tower>", "det").replace("<set>", "fddb")
        values = dict.fromkeys(variables, "1") | {"PYTHON": "python3"}
        values.update({"PROFILE": "tiny"} if "PROFILE" in variables else {})
        planned(target, *(f"{variable}={value}" for variable, value in values.items()))


@pytest.mark.parametrize(
    "arguments, parts",
    [
        (["train", "SCORE=aligned"], ["SCORE", "make train", "ITERATIONS"]),
        (["train-age", "FOLD=1"], ["FOLD", "make train-age", "BATCH CORES DATA DB GPU INIT"]),
        (["train-real", "SETS=celeba"], ["SETS", "make train-real", "REAL"]),
        (["data", "train", "fuse", "IN=x"], ["IN", "make data train fuse", "RUNS"]),
        (["data-synthetic", "DATA=x"], ["DATA", "make data-synthetic"]),
        (["ITERATION=3", "train"], ["ITERATION", "make train", "ITERATIONS"]),
        (["PY=python3"], ["PY", "make help"]),
        (["train", "PROFILE=foo"], ["PROFILE=foo", "paper tiny small"]),
        (["train", "PROFILE="], ["no such profile", "paper tiny small"]),
        (["train", "PROFILE=%"], ["PROFILE=%", "paper tiny small"]),
        (["fuse", "PROFILE=tiny foo"], ["PROFILE=foo", "paper tiny small"]),
        (["train-foo"], ["train-foo", "train-det train-smile"]),
        (["data-imagenet"], ["data-imagenet", "data-celeba"]),
        (["eval-imagenet"], ["eval-imagenet", "eval-afw"]),
        (["finetune-afw"], ["finetune-afw", "finetune-fddb"]),
        (["lunch"], ["lunch", "help", "demo", "train-det"]),
        (["demo", "lunch"], ["lunch"]),
    ],
)
def test_what_is_not_known_is_refused_before_anything_runs(arguments, parts):
    done = make(*arguments)
    assert done.returncode == 2 and done.stdout == ""
    for part in parts:
        assert part in done.stderr, done.stderr


def test_a_variable_need_only_be_known_by_one_of_the_targets():
    lines = planned("data", "train", "fuse", "PROFILE=tiny", "DATA=out/drawn", "SETS=custom")
    text = "\n".join(lines)
    assert "tools.recipes.data custom --data out/drawn --db out/drawn/db --profile tiny" in text
    assert "--run out/tiny/joint" in text and "--out out/tiny/model" in text


def test_a_fold_that_is_not_there_is_refused(kit):
    (kit.root / "data/db/finetune/fddb/fold_03").mkdir(parents=True)
    done = kit.make("finetune-fddb", "FOLD=99", real=True)
    assert done.returncode == 2 and "FOLD=99" in done.stderr and "folds there: 3" in done.stderr


def test_analyze_without_pictures_says_how():
    done = make("analyze", "-n")
    assert done.returncode == 2 and "IN=photo.jpg" in done.stderr
