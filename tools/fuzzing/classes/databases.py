"""Databases: LMDB, HDF5 and manifests with damaged bytes, looked at and trained on."""

from __future__ import annotations

import os
import random

from allinone import files
from tools.fuzzing import answers, odd_files
from tools.fuzzing.case import Case, Finished, FuzzClass
from tools.fuzzing.world import TRAINING, World

LABELLED = ("gender", "age", "id", "det")
ITERATIONS = 2


def inspected(db: str, out: str):
    """Return (the command that draws a database, the path of its sheets)."""
    return ["tools.inspect_db", db, "--out", out], out


def trained(db: str, out: str):
    """Return (the command that trains on a database, the path of its last weights)."""
    argv = [*TRAINING, "--db", db, "--iterations", str(ITERATIONS), "--out", out]
    return argv, os.path.join(out, "snapshots", f"iter_{ITERATIONS:07d}.caffemodel")


def digest(path: str):
    """Return the hash of weights, or {name: hash} of the files in a folder; None without any."""
    if os.path.isdir(path):
        return {one.name: files.sha256(one.path) for one in os.scandir(path)}
    return answers.weights(path)


def _healthy(world: World, tower: str, command):
    """Return the digest of what a command makes of the undamaged database."""

    def make(folder):
        db = os.path.join(folder, "db")
        os.makedirs(db)
        os.symlink(world.path("db", tower), os.path.join(db, tower))
        argv, made = command(db, os.path.join(folder, "out"))
        world.run_well(argv)
        return digest(made)

    return world.answer(f"{command.__name__} {tower}", make)


def make(world: World, rng: random.Random, folder: str) -> Case:
    """Damage a file of a database, and draw it or train on it."""
    tower, command = rng.choice(LABELLED), inspected
    if rng.random() < 0.06:
        tower, command = "gender", trained
    expected = _healthy(world, tower, command)
    db = os.path.join(folder, "db")
    os.makedirs(db)
    place = world.copy(os.path.join("db", tower), db, tower)
    parts = ["images.lmdb/data.mdb"] * 2 + ["manifest.json"] + ["regions.h5"] * (tower == "det")
    file = rng.choice(parts)
    what = odd_files.spoil(rng, os.path.join(place, file))
    argv, made = command(db, os.path.join(folder, "out"))

    def wrong(finished: Finished):
        if finished.code or digest(made) == expected:
            return None
        return "another result than of the undamaged database"

    names = (place, db)
    return Case(f"{tower}/{file}: {what} ({command.__name__})", argv, names, wrong, ("out",))


CLASS = FuzzClass(
    name="databases",
    about="data.mdb, regions.h5 and manifest.json of databases: bytes and values damaged, files "
    "replaced by folders, pipes and devices; drawn by inspect_db, trained on",
    oracle="other sheets or other weights than of the undamaged database",
    share=9,
    make=make,
)
