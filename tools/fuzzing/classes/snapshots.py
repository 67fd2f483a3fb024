"""Snapshots: a stopped run whose weights, state, plan or log is damaged goes on."""

from __future__ import annotations

import os
import random

from tools.fuzzing import answers, odd_files
from tools.fuzzing.case import Case, Finished, FuzzClass
from tools.fuzzing.world import ITERATIONS, TRAINING, World

LAST = f"iter_{ITERATIONS:07d}.caffemodel"


def _others(run: str) -> list[str]:
    """Return the files of a run, relative to it, that decide how it goes on."""
    found = []
    for place, _, names in os.walk(run):
        found += [os.path.relpath(os.path.join(place, name), run) for name in names]
    return sorted(name for name in found if not name.startswith(("tensorboard", "curves")))


def make(world: World, rng: random.Random, folder: str) -> Case:
    """Resume a damaged run, or draw its curves."""
    run = world.copy("stopped", folder, "run")
    name = rng.choice(_others(run))
    what = odd_files.spoil(rng, os.path.join(run, name))
    if name == "log.jsonl" and rng.random() < 0.5:
        png = os.path.join(folder, "x.png")
        argv = ["tools.plot_log", os.path.join(run, name), png]
        return Case(f"{name}: {what}", argv, (name, run))
    argv = [*TRAINING, "--db", world.path("db"), "--iterations", str(ITERATIONS)]

    def wrong(finished: Finished):
        expected = answers.weights(world.path("run", "snapshots", LAST))
        if finished.code or answers.weights(os.path.join(run, "snapshots", LAST)) == expected:
            return None
        return "other weights than of the run that was not stopped"

    argv += ["--out", run, "--resume"]
    return Case(f"{name}: {what}", argv, (run,), wrong, ("run",))


CLASS = FuzzClass(
    name="snapshots",
    about="a stopped run: weights, solver state, plan, manifests, log and nets damaged, then "
    "gone on with",
    oracle="the weights at the end are not, to the byte, those of the run that was not stopped",
    share=2,
    make=make,
)
