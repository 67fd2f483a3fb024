"""Snapshots of a run: written whole or not at all, the newest good one found by itself.

A run is a folder with train.prototxt, and snapshots/iter_<n>.caffemodel and .solverstate.
"""

import glob
import os
import shutil

import numpy as np

from allinone import surgery
from allinone.model import FUSED
from allinone.errors import InputError
from allinone.pycaffe import caffe_pb2

KEEP = 3  # our choice: snapshots that stay
NET, FOLDER = "train.prototxt", "snapshots"


def save(solver, run):
    """Save weights and solver state under a temporary name, then rename: a file with its name is whole.

    InputError where there is no room, or where a weight is no number: nothing is saved then.
    """
    partial = os.path.join(run, FOLDER, "partial")
    os.makedirs(partial, exist_ok=True)
    parameters = [
        (layer, blob.data) for layer, blobs in solver.net.params.items() for blob in blobs
    ]
    if shutil.disk_usage(partial).free < 4 * sum(array.nbytes for _, array in parameters):
        raise InputError(
            f"{run}: no room left on the disk for a snapshot (Caffe would abort); free space and go on with --resume"
        )
    spoilt = next((layer for layer, array in parameters if not np.isfinite(array).all()), None)
    if spoilt:
        raise InputError(
            f"{run}: weights of '{spoilt}' are no numbers at iteration {solver.iter}; lower base_lr. {last_good(run)}"
        )
    solver.snapshot()
    for kind in ("caffemodel", "solverstate"):  # the state last: it makes the pair valid
        os.replace(
            f"{partial}/run_iter_{solver.iter}.{kind}",
            f"{run}/{FOLDER}/iter_{solver.iter:07d}.{kind}",
        )
    for old in sorted(glob.glob(f"{run}/{FOLDER}/iter_*.solverstate"))[:-KEEP]:
        os.remove(old)
        os.remove(old.replace(".solverstate", ".caffemodel"))


def newest_whole(run):
    """Return the newest solverstate of a run that is whole, with its caffemodel, or None; damaged ones are named."""
    for path in sorted(glob.glob(f"{run}/{FOLDER}/iter_*.solverstate"), reverse=True):
        weights = path.replace(".solverstate", ".caffemodel")
        try:
            surgery.by_name(
                surgery.read_net(f"{run}/{NET}"), surgery.read_weights(weights), weights
            )
            if not _read_state(path).history:
                raise InputError(f"{path}: cut off")
            return path
        except Exception as error:  # InputError, or protobuf's DecodeError, which has no stable home over its versions
            print(f"skipping a damaged snapshot: {error}")
    return None


def _read_state(path):
    state = caffe_pb2.SolverState()
    with open(path, "rb") as stream:
        state.ParseFromString(stream.read())
    return state


def restore(solver, run, path, rank=0):
    """Restore a solverstate of a run; rank: number of the process where several train one net."""
    state = _read_state(path)
    state.learned_net = path.replace(
        ".solverstate", ".caffemodel"
    )  # the folder may have moved since
    os.makedirs(f"{run}/{FOLDER}/partial", exist_ok=True)
    resumed = f"{run}/{FOLDER}/partial/resume{rank}.solverstate"
    with open(resumed, "wb") as stream:
        stream.write(state.SerializeToString())
    solver.restore(resumed)


def newest(run):
    """Return the newest caffemodel of a run; InputError where there is none."""
    found = sorted(glob.glob(f"{run}/{FOLDER}/iter_*.caffemodel"))
    if not found:
        raise InputError(
            f"{run}/{FOLDER}: no snapshot there; train first (tools.train --out {run})"
        )
    return found[-1]


def iteration_of(weights):
    """Return the iteration of a snapshot by its name iter_<n>.caffemodel."""
    return int(os.path.splitext(os.path.basename(weights))[0].split("_")[-1])


def last_good(run):
    """Return a sentence about the newest snapshot of a run."""
    found = sorted(glob.glob(f"{run}/{FOLDER}/iter_*.caffemodel"))
    return f"The last good snapshot is {found[-1]}" if found else "There is no snapshot yet"


def weights_of(source):
    """Return the caffemodel of a run (its newest), of a fused model's folder, or the caffemodel itself; InputError where there is none."""
    if os.path.isfile(os.path.join(source, FUSED[1])):
        return os.path.join(source, FUSED[1])
    if os.path.isdir(source):
        return newest(source)
    if not os.path.isfile(source):
        raise InputError(
            f"{source}: no such run, model or caffemodel to start from; train it first (make pretrain, make train)"
        )
    return source


def net_of(weights):
    """Return the prototxt that a caffemodel of the kit was saved with: of its run, or of the fused model."""
    folder = os.path.dirname(os.path.abspath(weights))
    return (
        os.path.join(folder, FUSED[0])
        if os.path.basename(weights) == FUSED[1]
        else os.path.join(os.path.dirname(folder), NET)
    )


def parameters(weights):
    """Return {parameter name: array} of a caffemodel, with the net that it was saved with."""
    return surgery.one_of_each(
        surgery.by_name(surgery.read_net(net_of(weights)), surgery.read_weights(weights), weights),
        weights,
    )
