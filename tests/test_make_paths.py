"""Paths that are given to make: they reach the commands letter by letter."""

import json
import os

import cv2
import numpy as np
import pytest
from makefile import Kit, help_text, make

PATHS = make("-npq", "help").stdout.partition("\nPATHS := ")[2].splitlines()[0].split()


@pytest.fixture
def kit(tmp_path):
    """A folder like the kit's, in which make calls a stand-in for Python."""
    return Kit(tmp_path)


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
        "GPU PYTHON PROFILE CORES ITERATIONS LR BATCH FOLD SETS PROPOSALS SCORE CHECK CASES SEED "
        "HOST PORT"
    )
    known = {variable for _, variables in help_text().values() for variable in variables}
    assert known - {*other.split(), "CASE", "CUDNN"} == set(PATHS)


@pytest.mark.parametrize("target", sorted(set(help_text()) - {"caffe-gpu", "caffe-cpu"}))
def test_a_path_reaches_the_command_letter_by_letter(kit, target):
    """Blanks, quotes, dollars, brackets and a dash at its beginning are parts of its name."""
    variables = sorted(help_text()[target][1] & set(PATHS))
    target = target.replace("<tower>", "age").replace("<set>", "fddb")
    for job in ("pretrain", "distill"):  # where an identity net would be
        (kit.root / "out/paper" / job).mkdir(parents=True)
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
