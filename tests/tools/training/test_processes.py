"""Several processes that train one net."""

import json
import os
import subprocess
import sys

import numpy as np
from conftest import ROOT

from allinone import snapshots
from tools.training.solver import dropout_seed

# Trains the gender tower alone by plain SGD, for three iterations.
WITH_SGD = """
import json, sys
from allinone import schedules
from tools.training import run, settings
from tools.training.options import Options
if __name__ == "__main__":
    batch, options = json.loads(sys.argv[1])
    usual = schedules.RULES["paper"].settings
    rule = schedules.RULES["tiny"].settings
    rule.clear()
    for name in ("type", "lr_policy", "gamma", "momentum", "weight_decay"):
        rule[name] = usual[name]
    rule["stepsize"] = 100
    schedules.JOBS["tiny"]["gender"].batch["gender"] = batch
    asked = Options(profile="tiny", job="gender", iterations=3, **options)
    run.train(settings.make(asked), resume=False)
"""


def with_sgd(chain, out, batch, **options):
    """Train by plain SGD with mini-batches of this size; return the weights."""
    (out.parent / f"{out.name}.py").write_text(WITH_SGD)
    options = dict(db=str(chain / "db"), out=str(out), **options)
    done = subprocess.run(
        [sys.executable, str(out.parent / f"{out.name}.py"), json.dumps([batch, options])],
        cwd=ROOT,
        text=True,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": ROOT},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return snapshots.parameters(f"{out}/snapshots/iter_0000003.caffemodel")


def test_two_cores_take_the_steps_that_caffe_takes_when_it_adds_up_two_halves(chain, tmp_path):
    """Caffe's own iter_size is the truth.

    The same two mini-batches an iteration, and the mean of their gradients.
    """
    halves = with_sgd(chain, tmp_path / "halves", 8, iter_size=2)
    two = with_sgd(chain, tmp_path / "two", 16, cores=2)
    one = with_sgd(chain, tmp_path / "one", 8)
    start = with_sgd(chain, tmp_path / "start", 8, base_lr=1e-12)

    def off(other):
        names = [name for name in halves if not name.endswith("/count")]
        return sum(np.abs(other[name] - halves[name]).sum() for name in names)

    assert off(two) < 0.001 * off(start) and off(one) > 0.2 * off(start)


def test_no_two_iterations_or_processes_drop_the_same_units():
    seeds = set()
    for seed in (1, 2):
        for iteration in range(100):
            seeds |= {dropout_seed(seed, iteration, rank) for rank in (0, 1)}
    assert len(seeds) == 400 and all(0 <= seed < 2**31 for seed in seeds)
