"""Snapshots of a run: written whole or not at all, the newest good one found by itself.

A run is a folder with train.prototxt, solver.prototxt, plan.json, and
snapshots/iter_<n>.caffemodel, .solverstate and .sha256, which has the hashes of the other two.
"""

from __future__ import annotations

import functools
import glob
import os
import shutil

import numpy as np

from allinone import files, model, nets, packed, reading, surgery
from allinone.errors import InputError
from allinone.profiles import EYES, LEAST_EYES, MOST_EYES, PROFILES

KEEP = 3  # our choice: snapshots that stay
NET, SOLVER, PLAN, FOLDER = "train.prototxt", "solver.prototxt", "plan.json", "snapshots"
PARTIAL = f"{FOLDER}/partial"  # of the run: snapshots that are not whole yet
PREFIX = f"{PARTIAL}/run"  # the solver's snapshot_prefix, below the run
DAMAGED = f"{FOLDER}/damaged"  # of the run: snapshots that are not what was saved
WEIGHTS, STATE, HASHES = "caffemodel", "solverstate", "sha256"  # the files of a snapshot


def save(solver, run: str) -> None:
    """Save weights and solver state under a temporary name, then rename them.

    A file that has its name is whole. InputError where there is no room, or where a weight is not
    a number: nothing is saved then.
    """
    os.makedirs(f"{run}/{PARTIAL}", exist_ok=True)
    _refuse_to_save_spoilt(solver, run)
    solver.snapshot()
    name, partial = f"iter_{solver.iter:07d}", f"{run}/{PREFIX}_iter_{solver.iter}"
    with open(f"{partial}.{HASHES}", "w", encoding="utf-8") as stream:
        for kind in (WEIGHTS, STATE):  # as sha256sum writes and checks them
            stream.write(f"{files.sha256(f'{partial}.{kind}')}  {name}.{kind}\n")
    for kind in (WEIGHTS, HASHES, STATE):  # the state last: it makes the snapshot valid
        os.replace(f"{partial}.{kind}", f"{run}/{FOLDER}/{name}.{kind}")
    for old in _states(run)[:-KEEP]:
        for path in _files_of(old):
            os.remove(path)


def remove_unfinished(run: str) -> None:
    """Remove what a process that was killed has left of a snapshot; no other may be training.

    InputError where snapshots may not be made there: Caffe would end with an exception.
    """
    folder = f"{run}/{PARTIAL}"
    if os.path.isdir(folder) and not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise InputError(f"{folder}: no right to write into it; chmod u+rwx it, or remove it")
    for path in glob.glob(f"{glob.escape(folder)}/*"):
        os.remove(path)


def _refuse_to_save_spoilt(solver, run):
    """Raise InputError where Caffe would abort, or save weights that are not numbers."""
    size = 0
    for layer, blobs in solver.net.params.items():
        for blob in blobs:
            size += blob.data.nbytes
            if not np.isfinite(blob.data).all():
                raise InputError(
                    f"{run}: weights of '{layer}' are no numbers at iteration {solver.iter}; lower "
                    f"base_lr. {last_good(run)}"
                )
    if shutil.disk_usage(os.path.join(run, FOLDER)).free < 4 * size:
        raise InputError(
            f"{run}: no room left on the disk for a snapshot (Caffe would abort); free space and "
            "go on with --resume"
        )


def _states(run):
    """Return the solverstates of a run, oldest first."""
    return sorted(glob.glob(f"{glob.escape(run)}/{FOLDER}/iter_*.solverstate"))


def _files_of(path):
    """Return the files of a snapshot that are there, by any of them, the state first."""
    stem = os.path.splitext(path)[0]
    return [
        f"{stem}.{kind}" for kind in (STATE, HASHES, WEIGHTS) if os.path.lexists(f"{stem}.{kind}")
    ]


def newest_whole(run: str) -> str | None:
    """Return the newest solverstate of a run that is whole, with its caffemodel, or None.

    Snapshots that are not what was saved are named and moved to DAMAGED.
    """
    definition = surgery.read_net(f"{run}/{NET}")
    for path in reversed(_states(run)):
        weights = path.replace(f".{STATE}", f".{WEIGHTS}")
        try:
            hashed = refuse_damaged(path) and refuse_damaged(weights)
            surgery.by_name(definition, surgery.read_weights(weights), weights)
            state = _read_state(path)
            if not state.history or state.iter != iteration_of(path):
                raise InputError(f"{path}: cut off")
        except Exception as error:  # InputError, or what the installed protobuf raises
            print(f"skipping a damaged snapshot, now in {run}/{DAMAGED}: {error}", flush=True)
            _move_aside(run, path)
            continue
        if not hashed:
            print(f"{path}: has no hashes beside it, so nobody knows whether it was changed")
        return path
    return None


def _move_aside(run, path):
    """Move a snapshot to DAMAGED, so that none that is saved from now on looks older."""
    os.makedirs(f"{run}/{DAMAGED}", exist_ok=True)
    for one in _files_of(path):
        target, number = f"{run}/{DAMAGED}/{os.path.basename(one)}", 1
        while os.path.lexists(target):
            number += 1
            target = f"{run}/{DAMAGED}/{os.path.basename(one)}.{number}"
        os.rename(one, target)


def refuse_damaged(path: str) -> bool:
    """Return whether a file of a snapshot has its hash beside it; True: it is what was saved.

    InputError where it is not. A file that was saved before hashes were kept has none.
    """
    reading.opened(path, "use another snapshot").close()
    beside = f"{os.path.splitext(path)[0]}.{HASHES}"
    if not os.path.isfile(beside):
        return False
    about = os.stat(path)
    found = _sha256(path, about.st_size, about.st_mtime_ns)
    listed = reading.read_bytes(beside, "delete it").decode("utf-8", "replace").split("\n")
    if f"{found}  {os.path.basename(path)}" not in listed:
        raise InputError(
            f"{path}: is not the file that was saved (its sha256 is not that in {beside}): it is "
            "cut off, damaged or changed; use another snapshot, or train on with --resume"
        )
    return True


@functools.lru_cache(maxsize=32)
def _sha256(path, size, time):
    """Return the hash of a file; a command asks for it several times, at its start."""
    return files.sha256(path)


def _read_state(path):
    state = packed.SolverState()
    with open(path, "rb") as stream:
        state.ParseFromString(stream.read())
    return state


def restore(solver, run: str, path: str, rank: int = 0) -> None:
    """Restore a solverstate of a run; rank: number of the process where several train one net."""
    state = _read_state(path)
    # The folder may have been moved since.
    state.learned_net = path.replace(f".{STATE}", f".{WEIGHTS}")
    os.makedirs(f"{run}/{PARTIAL}", exist_ok=True)
    resumed = f"{run}/{PARTIAL}/resume{rank}.solverstate"
    with open(resumed, "wb") as stream:
        stream.write(state.SerializeToString())
    solver.restore(resumed)


def newest(run: str) -> str:
    """Return the newest caffemodel of a run; InputError where there is none or it is damaged."""
    found = sorted(glob.glob(f"{glob.escape(run)}/{FOLDER}/iter_*.{WEIGHTS}"))
    if not found:
        raise InputError(
            f"{run}/{FOLDER}: no snapshot there; train first (tools.train --out {run})"
        )
    refuse_damaged(found[-1])
    return found[-1]


def iteration_of(weights: str) -> int:
    """Return the iteration of a snapshot by its name iter_<n>.caffemodel."""
    return int(os.path.splitext(os.path.basename(weights))[0].split("_")[-1])


def last_good(run: str) -> str:
    """Return a sentence about the newest snapshot of a run."""
    found = sorted(glob.glob(f"{glob.escape(run)}/{FOLDER}/iter_*.caffemodel"))
    return f"The last good snapshot is {found[-1]}" if found else "There is no snapshot yet"


def weights_of(source: str) -> str:
    """Return the caffemodel of a source: a run (its newest), a model's folder, or a caffemodel.

    InputError where there is none, or where it is not what was saved.
    """
    fused = os.path.join(source, model.FUSED[1])
    if os.path.isfile(fused):
        source = fused
    elif os.path.isdir(source):
        return newest(source)
    if not os.path.isfile(source):
        raise InputError(
            f"{source}: no such run, model or caffemodel to start from; train it first "
            "(make pretrain, make train)"
        )
    if os.path.basename(source) == model.FUSED[1] and model.is_model(folder_of(source)):
        nets.read(model.open_model(folder_of(source)).path(model.FUSED[0]))
    else:
        refuse_damaged(source)
    return source


def folder_of(weights: str) -> str:
    """Return the folder of the run or model that a caffemodel of the kit belongs to."""
    folder = os.path.dirname(os.path.abspath(weights))
    fused = os.path.basename(weights) == model.FUSED[1]
    return folder if fused else os.path.dirname(folder)


def net_of(weights: str) -> str:
    """Return the prototxt that a caffemodel of the kit was saved with."""
    fused = os.path.basename(weights) == model.FUSED[1]
    return os.path.join(folder_of(weights), model.FUSED[0] if fused else NET)


def profile_of(source: str) -> str:
    """Return the name of the profile of a run, of a model's folder or of a caffemodel of theirs.

    InputError where its folder does not say it.
    """
    folder = folder_of(weights_of(source))
    path = os.path.join(folder, PLAN)
    if model.is_model(folder):
        path, name = os.path.join(folder, model.ABOUT), model.read_about(folder).profile
    elif os.path.isfile(path):
        name = reading.read_json(path, "give --profile", dict).get("profile")
    else:
        raise InputError(
            f"{source}: neither {PLAN} nor {model.ABOUT} in {folder} says its profile; give "
            f"--profile, one of {', '.join(PROFILES)}"
        )
    if name not in PROFILES:
        raise InputError(
            f"{path}: profile '{name}' is none of {', '.join(PROFILES)}; give --profile"
        )
    return name


def eyes_of(source: str) -> float:
    """Return how far apart eye centres of the aligned faces are that a run or model learnt from.

    A share of the face's side; the usual one where the folder does not say it.
    """
    folder = folder_of(weights_of(source))
    if model.is_model(folder):
        return model.read_about(folder).eyes
    path = os.path.join(folder, PLAN)
    plan = reading.read_json(path, "train again", dict) if os.path.isfile(path) else {}
    eyes = plan.get("eyes", EYES)
    if not (isinstance(eyes, float) and LEAST_EYES <= eyes <= MOST_EYES):
        raise InputError(f"{path}: eyes {eyes} is no share from {LEAST_EYES} to {MOST_EYES}")
    return eyes


def parameters(weights: str) -> dict[str, np.ndarray]:
    """Return {parameter name: array} of a caffemodel, by the net that it was saved with."""
    definition = surgery.read_net(net_of(weights))
    collected = surgery.by_name(definition, surgery.read_weights(weights), weights)
    return surgery.one_of_each(collected, weights)
