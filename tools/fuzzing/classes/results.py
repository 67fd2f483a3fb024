"""Results of others: files of detections and scores that the kit rates by official rules."""

from __future__ import annotations

import json
import os
import random

import h5py
import numpy as np

from tools.fuzzing import damage
from tools.fuzzing.case import Case, Finished, FuzzClass
from tools.fuzzing.world import World

NAMES = ("000000", "000001", "000002")
BAD = ("nan", "inf", "-inf", "1e999")
DETECTIONS = "".join(
    f"{name} 0.{9 - number} 40 40 90 100\n{name} 0.2 5 5 60 60\n"
    for number, name in enumerate(NAMES)
)


def _afw(world: World, rng: random.Random, folder: str):
    """Detections of PASCAL faces as text."""
    path = os.path.join(folder, "method.txt")
    annotations = world.path("sets", "pascal", "Annotations_Face_PASCALLayout_large_fixed.mat")
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(DETECTIONS)
    argv = ["evaluate.pascal", "--annotations", annotations, "--detections", path, "--json"]
    return path, argv


def _fddb(world: World, rng: random.Random, folder: str):
    """Detections of FDDB as text."""
    folds, lines = world.path("sets", "fddb", "FDDB-folds"), []
    for name in sorted(os.listdir(folds)):
        with open(os.path.join(folds, name), encoding="utf-8") as stream:
            lines += [line.strip() for line in stream if "/" in line]
    path = os.path.join(folder, "results.txt")
    with open(path, "w", encoding="utf-8") as stream:
        stream.writelines(f"{line}\n1\n20 20 60 60 0.9\n" for line in lines)
    out = os.path.join(folder, "out")
    return path, ["evaluate.fddb", "--folds", folds, "--detections", path, "--out", out, "--json"]


def _identification(world: World, rng: random.Random, folder: str):
    """Scores of probes as HDF5."""
    path = os.path.join(folder, "scores.hdf5")
    numbers = np.random.default_rng(rng.randrange(1 << 30))
    with h5py.File(path, "w") as data:
        data["data-neg"], data["data-pos"] = numbers.random((6, 4)), numbers.random((6, 1))
    argv = ["evaluate.identification", "--scores", path, "--threshold", "0.6", "--json"]
    return path, argv


def make(world: World, rng: random.Random, folder: str) -> Case:
    """Rate a damaged file of results."""
    path, argv = rng.choice((_afw, _fddb, _identification))(world, rng, folder)
    is_text, expected = path.endswith(".txt"), None
    if is_text and rng.random() < 0.3:
        with open(path, encoding="utf-8") as stream:
            lines = stream.read().splitlines()
        place = rng.choice([one for one, line in enumerate(lines) if line.count(" ") > 3])
        words, expected = lines[place].split(" "), rng.choice(BAD)
        words[rng.randrange(1 if "pascal" in argv[0] else 0, len(words))] = expected
        lines[place] = " ".join(words)
        with open(path, "w", encoding="utf-8") as stream:
            stream.write("\n".join(lines) + "\n")
        what = f"line {place + 1}: {lines[place]}"
    else:
        what = (damage.of_table if is_text else damage.of_file)(rng, path)

    def wrong(finished: Finished):
        if finished.code:
            return None
        if expected:
            return f"{expected} counts as a number"
        try:
            json.loads(finished.out, parse_constant=lambda text: 1 / 0)
        except (ValueError, ZeroDivisionError):
            return "its line of JSON holds no figure"
        return None

    name = os.path.basename(path)
    return Case(f"{argv[0]}, {name}: {what}", argv, (name,), wrong, ("out",))


CLASS = FuzzClass(
    name="results",
    about="other people's files of detections (PASCAL faces, FDDB) and of scores (IJB-A), damaged "
    "or with NaN and infinite numbers, scored by the official rules",
    oracle="a number that is none counts, or a figure is none",
    share=6,
    make=make,
)
