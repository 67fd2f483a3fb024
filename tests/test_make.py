"""The Makefile: what it lists, takes, refuses and calls."""

import json
import os
import re
import subprocess
import sys

import cv2
import numpy as np
import pytest
from conftest import ROOT

from allinone import profiles, schedules, tasks
from data_prep import reader
from evaluate import benchmark

FAMILIES = {
    "train-<tower>": {f"train-{tower}" for tower in (*tasks.TOWERS, tasks.HYPERFACE)},
    "finetune-<set>": {
        f"finetune-{job.name}" for job in schedules.JOBS["paper"].values() if job.init == "joint"
    },
    "data-<set>": {f"data-{name}" for name in reader.names()},
    "eval-<set>": {f"eval-{name}" for name in benchmark.names()},
}
# make help is read before there is any Python.
EVERYWHERE = {"GPU", "PYTHON"}


def make(*arguments, cwd=ROOT, **environment):
    """Run make; return the finished process with its text."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", *arguments], cwd=cwd, env={**clean, **environment}, capture_output=True, text=True
    )


def planned(*arguments):
    """Return the lines that make would run, without quotes around words that need none."""
    done = make("-n", *arguments)
    assert done.returncode == 0, done.stderr
    text = re.sub(r"(?<!\S)'([\w./:-]+)'(?!\S)", r"\1", done.stdout)
    return re.sub(r" *\\\n\s*", " ", text).splitlines()


def help_text():
    """Return {target: (words, variables that it takes)} as make help prints them."""
    found, name = {}, None
    for line in make("help").stdout.splitlines():
        target = re.match(r"  make (\S+) +(\S.*)", line)
        if target:
            name, words = target.groups()
            found[name] = (words, set())
        elif name and re.fullmatch(r" {20,}[A-Z0-9_ ]+", line):
            found[name][1].update(line.split())
    return found


@pytest.mark.parametrize("arguments", [(), ("help",)])
def test_help_lists_every_target(arguments):
    listed = re.findall(r"^  make (\S+) +(\S.*)$", make(*arguments).stdout, re.M)
    names = [name for name, _ in listed]
    assert len(set(names)) == len(names)
    wanted = (
        "help setup caffe-gpu caffe-cpu env check-gpu demo test quick lint nets docs "
        "data-synthetic data drawn-data db inspect pretrain train finetune-custom fuse "
        "eval-synthetic tpe-ijba "
        "eval report train-real eval-real export analyze claims bench fuzz kill clean distclean"
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


PATHS = make("-npq", "help").stdout.partition("\nPATHS := ")[2].splitlines()[0].split()


def odd(name):
    """Return a value for a variable, of signs that a shell or make would take for something."""
    return f'-{name} it\'s a "b" $x $(HOME) `c` [1] * # ; & é,d'


def arguments_of(kit, *arguments):
    """Return the arguments, as a list, of every call of Python that make does."""
    text = f"#!/bin/sh\nfor one; do printf '%s\\0' \"$one\" >> {kit.log}; done; echo >> {kit.log}\n"
    kit.python.write_text(text)
    kit.python.chmod(0o755)
    kit.log.unlink(missing_ok=True)
    done = make("-o", "setup", *arguments, cwd=kit.root)
    assert done.returncode == 0, done.stderr
    return [line.split("\0")[:-1] for line in kit.log.read_text().splitlines()]


def test_paths_are_the_variables_that_hold_some():
    other = (
        "GPU PYTHON PROFILE CORES ITERATIONS LR BATCH FOLD SETS PROPOSALS SCORE CHECK CASES SEED"
    )
    known = {variable for _, variables in help_text().values() for variable in variables}
    assert known - {*other.split(), "CASE", "CUDNN"} == set(PATHS)


@pytest.mark.parametrize("target", sorted(set(help_text()) - {"caffe-gpu", "caffe-cpu"}))
def test_a_path_reaches_the_command_letter_by_letter(kit, target):
    """Blanks, quotes, dollars, brackets and a dash at its beginning are parts of its name."""
    variables = sorted(help_text()[target][1] & set(PATHS))
    target = target.replace("<tower>", "age").replace("<set>", "fddb")
    (kit.root / "out/paper/pretrain").mkdir(parents=True)  # where an identity net would be
    left = variables
    for some in (variables, *([name] for name in variables)):  # one may be another's default
        if left:
            calls = arguments_of(kit, target, *(f"{name}={odd(name)}" for name in some))
            starts = tuple(word for call in calls for word in call)
            left = [name for name in left if not is_in(f"./{odd(name)}", starts)]
    assert not left, calls


def is_in(path, words):
    """Tell whether a path, or one in a folder of that name, is one of some words."""
    return any(word == path or word.startswith(f"{path}/") for word in words)


def test_a_path_from_home_and_a_default_of_another_path(kit):
    (first, second) = arguments_of(kit, "db", "FACES=~/my faces.jsonl", "DATA=a b", "SCENES=s")
    assert f"{os.environ['HOME']}/my faces.jsonl" in first and "a b/db" in first
    assert "a b/db" in second


def test_pictures_with_blanks_are_analyzed(kit, tmp_path):
    """Started for real: two pictures, one in a folder with blanks, one between other signs."""
    folder = kit.root / "my photos"
    folder.mkdir()
    names = [folder / "a b.jpg", kit.root / "it's [1].jpg"]
    for path in names:
        cv2.imwrite(str(path), np.full((60, 60, 3), 90, np.uint8))
    done = kit.make("analyze", "IN=my photos/a b.jpg it's [1].jpg", "OUT=my out", real=True)
    assert done.returncode == 0, done.stderr
    assert "2 analyzed, 0 could not be read; my out/faces.jsonl" in done.stdout
    lines = (kit.root / "my out" / "faces.jsonl").read_text().splitlines()
    assert [json.loads(line)["image"] for line in lines] == ["my photos/a b.jpg", "it's [1].jpg"]
    assert (kit.root / "my out" / "a b.png").exists()


def trainings(*arguments):
    """Return the (job, --init) of each training that a target would start, in order."""
    found = []
    for line in planned(*arguments):
        if "tools.train" in line:
            start = re.search(r"--init (\S+)", line)
            found.append((re.search(r"--job (\S+)", line).group(1), start and start.group(1)))
    return found


def test_training_starts_from_the_identity_network_unless_told_otherwise():
    pretrained = ("pretrain", None)
    assert trainings("train") == [pretrained, ("joint", "out/paper/pretrain")]
    assert trainings("train", "PROFILE=tiny") == [pretrained, ("joint", "out/tiny/pretrain")]
    assert trainings("train", "INIT=") == [("joint", None)]
    assert trainings("train", "INIT=other/run") == [("joint", "other/run")]
    assert trainings("train-age") == [pretrained, ("age", "out/paper/pretrain")]
    assert trainings("train-hyperface") == [("hyperface", None)]
    given = trainings("train-hyperface", "INIT=zoo/x.caffemodel")
    assert given == [("hyperface", "zoo/x.caffemodel")]


def test_an_identity_network_that_is_finished_is_taken_as_it_is(kit):
    (kit.root / "out/tiny/pretrain").mkdir(parents=True)
    assert kit.calls("train", "PROFILE=tiny", "LR=0.5")[0].endswith("out/tiny/pretrain")
    assert (kit.root / "out/tiny/pretrain/finished").exists()
    (call,) = kit.calls("train", "PROFILE=tiny", "LR=0.5")
    assert "--job joint" in call and "--init out/tiny/pretrain" in call
    assert "--job pretrain" in kit.calls("pretrain", "PROFILE=tiny")[0]


@pytest.mark.parametrize(
    "target", ["pretrain", "train", "train-age", "train-hyperface", "finetune-fddb", "train-real"]
)
def test_iterations_rate_and_batch_reach_every_training(target):
    lines = planned(target, "ITERATIONS=7", "LR=0.5", "BATCH=2")
    started = [line for line in lines if "tools.train" in line or "tools.recipes" in line]
    assert started
    for line in started:
        assert "--iterations 7 --base-lr 0.5 --batch 2" in line
    assert "--iterations" not in "\n".join(planned(target))


def test_the_training_that_finds_landmarks_takes_them_too():
    (line,) = [line for line in planned("data", "ITERATIONS=7", "BATCH=2") if "recipes" in line]
    assert "--iterations 7  --batch 2" in line


def test_without_a_gpu_two_processes_train_and_with_one_none_is_asked_for():
    one, other, three = (
        "\n".join(planned("train", "INIT=", *more)) for more in ((), ("GPU=0",), ("CORES=3",))
    )
    assert "--cores 2" in one and "--gpu" not in one.split("tools.train")[1]
    assert '--gpu "0"' in other and "--cores" not in other and "--cores 3" in three
    assert 'tools.check_gpu "0"' in other and "check_gpu" not in one


def test_a_proof_takes_a_profile_only_where_one_is_given():
    """By default it has two; and it tries the cards itself, so that it can report a bad one."""
    (line,) = [line for line in planned("check-gpu", "GPU=0,1") if "prove_gpu" in line]
    assert '--gpu "0,1" --out out/gpu' in line and "--profile" not in line
    assert "tools.check_gpu" not in "\n".join(planned("check-gpu", "GPU=0,1"))
    short = "\n".join(planned("check-gpu", "PROFILE=tiny", "ITERATIONS=2", "OUT=x"))
    assert re.search(r"--out x\s+--iterations 2 --profile tiny", short)


def test_every_reader_has_its_target_and_takes_another_folder():
    for name in reader.names():
        assert f"data_prep.convert {name} --folder data/{name}" in "\n".join(
            planned(f"data-{name}")
        )
    mine = "\n".join(planned("data-custom", "SRC=mine"))
    assert "data_prep.convert custom --folder mine" in mine
    assert "--folder mine" in mine.split("data_prep.databases custom")[1]


def test_one_set_is_read_and_its_databases_built():
    lines = planned("data-morph", "DATA=elsewhere", "PROFILE=tiny", "LANDMARKS=my/model")
    assert "data_prep.convert morph --folder elsewhere/morph" in "\n".join(lines)
    (build,) = [line for line in lines if "data_prep.databases" in line]
    assert "morph --data elsewhere --out elsewhere/db --profile tiny" in build
    assert "--landmarks-from my/model" in build


def test_a_model_is_passed_on_only_where_it_is_given():
    """Else each benchmark is measured with what was fine-tuned for it, and pictures with ours."""
    for target, more in (("eval-afw", []), ("eval", []), ("analyze", ["IN=a.jpg"])):
        assert "--model" not in "\n".join(planned(target, *more))
        assert "--model mine" in "\n".join(planned(target, *more, "MODEL=mine"))
    both = "\n".join(planned("eval-ijba", "MODEL=mine", "STAGE1=other"))
    assert "--model mine --stage1 other" in both and "--stage1" not in "\n".join(planned("eval"))
    assert "--model models/small" in "\n".join(planned("eval-real"))
    assert "--model mine" in "\n".join(planned("eval-real", "MODEL=mine"))


class Kit:
    """A folder like the kit's, with a stand-in for Python that writes down what it is called."""

    def __init__(self, root):
        self.root = root
        for name in os.listdir(ROOT):
            if name not in (".venv", ".git", "out", "data"):
                os.symlink(os.path.join(ROOT, name), root / name)
        self.python, self.log = root / ".venv/bin/python", root / "called"
        self.python.parent.mkdir(parents=True)

    def make(self, *arguments, real=False):
        """Run make without the set-up; real: with the Python of these tests."""
        stand_in = f'echo "$@" >> {self.log}'
        text = f'exec {sys.executable} "$@"' if real else stand_in
        self.python.write_text(f"#!/bin/sh\n{text}\n")
        self.python.chmod(0o755)
        return make("-o", "setup", *arguments, cwd=self.root)

    def calls(self, *arguments):
        """Return the arguments of every call of Python."""
        self.log.unlink(missing_ok=True)
        done = self.make(*arguments)
        assert done.returncode == 0, done.stderr
        return self.log.read_text().splitlines()


@pytest.fixture
def kit(tmp_path):
    """A folder like the kit's, in which make calls a stand-in for Python."""
    return Kit(tmp_path)


def test_lint_checks_style_and_layout(kit):
    assert kit.calls("lint") == ["-m ruff check .", "-m ruff format --check ."]


def test_quick_leaves_out_tests_of_nets_and_of_commands():
    """tests/test_kinds.py has which tests those are."""
    assert '-m pytest -m "not net and not command"' in "\n".join(planned("quick"))


def test_what_has_to_pass_is_the_style_and_then_the_tests():
    with open(os.path.join(ROOT, ".ci", "run"), encoding="utf-8") as stream:
        called = re.findall(r"make (\w+)", stream.read())
    assert called == ["lint", "test"]
