"""Galleries: HDF5 files of known people, damaged or written by somebody else."""

from __future__ import annotations

import os
import random

import h5py
import numpy as np

from tools.fuzzing import damage, odd_files
from tools.fuzzing.case import Case, Finished, FuzzClass
from tools.fuzzing.world import World

VALUES = (
    ("descriptor", np.nan),
    ("descriptor", np.inf),
    ("descriptor", np.zeros((0, 512), np.float32)),
    ("descriptor", np.zeros((1, 4), np.float32)),
    ("descriptor", np.float32(1)),
    ("descriptor", ["x"]),
    ("name", ["x" * 5000]),
    ("name", [1, 2]),
    ("name", []),
    ("name", "x"),
    ("pictures", [[1]]),
    ("pictures", ["x"]),
    ("pictures", [-1]),
    ("model", np.zeros(3)),
    ("model", 7),
    ("model", ""),
)


def _change(rng: random.Random, path: str) -> str:
    """Write another value into a gallery; return what was done."""
    name, value = rng.choice(VALUES)
    with h5py.File(path, "r+") as data:
        if name == "model":
            data.attrs["model"] = value
        elif isinstance(value, float):
            data[name][0, rng.randrange(data[name].shape[1])] = value
        else:
            del data[name]
            if rng.random() < 0.8:
                data[name] = value
    return f"{name} is {str(value)[:20]}"


def make(world: World, rng: random.Random, folder: str) -> Case:
    """Look in a damaged gallery for who is in a picture."""
    gallery, picture = world.copy("gallery.h5", folder), rng.choice(world.faces[:3])
    options = [picture, "--engine", "opencv", "--gallery"]
    if rng.random() < 0.1:
        os.remove(gallery)
        what = odd_files.put(rng, gallery)
    else:
        what = rng.choice((damage.of_file, _change))(rng, gallery)

    def healthy(_):
        argv = ["tools.identify", "find", *options, world.path("gallery.h5")]
        return world.run_well(argv).out

    expected = world.answer(f"find {picture}", healthy)

    def wrong(finished: Finished):
        if finished.code or finished.out == expected:
            return None
        return "another answer than of the undamaged gallery"

    argv = ["tools.identify", "find", *options, gallery]
    return Case(f"gallery: {what}", argv, ("gallery.h5",), wrong)


CLASS = FuzzClass(
    name="galleries",
    about="galleries of known people: bytes damaged, numbers that are none, other shapes and "
    "types; looked in for a face",
    oracle="another name or another cosine than of the undamaged gallery",
    share=6,
    make=make,
)
