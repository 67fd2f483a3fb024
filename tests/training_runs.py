"""What tests of training share: options of small runs, and what a run leaves behind."""

import json

import numpy as np
from conftest import BATCH, ITERATIONS

from allinone import surgery


def options(chain, out, *more):
    """Return the options of tools.train for the chain's own run, in another folder."""
    same = ["--profile", "tiny", "--db", chain / "db", "--iterations", ITERATIONS]
    return [*same, "--batch", BATCH, "--snapshot", 5, "--out", out, *more]


def job_options(chain, out, job, iterations, *more):
    """Return the options of tools.train for a short run of a job of profile tiny."""
    same = ["--profile", "tiny", "--job", job, "--db", chain / "db", "--batch", BATCH]
    return [*same, "--iterations", iterations, "--out", out, *more]


def log_of(run):
    """Return the entries of a run's log."""
    with open(run / "log.jsonl", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def losses_of(run, task):
    """Return the losses of a task, one an iteration."""
    return [entry["loss"][task] for entry in log_of(run) if "loss" in entry]


def snapshot_of(run, iteration, kind="caffemodel"):
    """Return the path of a file of a snapshot."""
    return run / "snapshots" / f"iter_{iteration:07d}.{kind}"


def weights_of(run, iteration=ITERATIONS):
    """Return {layer: [array]} of a snapshot."""
    weights = surgery.read_weights(str(snapshot_of(run, iteration)))
    found = {}
    for layer in weights.layer:
        if layer.blobs:
            found[layer.name] = [surgery.blob_array(blob) for blob in layer.blobs]
    return found


def same_weights(one, two, iteration=ITERATIONS):
    """Check that two runs have the same weights to the bit."""
    expected, found = weights_of(one, iteration), weights_of(two, iteration)
    assert expected.keys() == found.keys()
    for layer, blobs in expected.items():
        for blob, other in zip(blobs, found[layer]):
            np.testing.assert_array_equal(other, blob, err_msg=layer)
