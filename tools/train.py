"""Train the five sub-networks jointly in Caffe, with progress, log, curves, snapshots and exact resume.

    python -m tools.train --profile mini --db out/demo/db --out out/demo/train --resume
"""
import argparse
import contextlib
import glob
import json
import os
import shutil
import signal
import sys
import time

import numpy as np

import allinone  # noqa: F401  (quiets Caffe before it is imported)
import caffe
from caffe.proto import caffe_pb2

from allinone import device, files, store, surgery, tasks
from allinone.errors import InputError, command
from prototxt import generate, towers
from tools import plot_log

KEEP = 3                # our choice: snapshots that stay
SHOW_EVERY = 4.0        # seconds between lines of progress
SMOOTH = 0.95           # of the losses that are printed


# What a mini-batch is made of beside the net's settings: a run that goes on must go on with the same.
CODE = ("allinone/blob.py", "allinone/landmarks.py", "allinone/pose.py", "allinone/regions.py", "python_layers/age_loss.py",
        "python_layers/face_data.py", "python_layers/masked_euclidean.py", "python_layers/region_data.py")


def plan_run(profile, databases, out, seed, iterations):
    """Return (net text, solver text, plan) of a run; InputError where a database is missing or of another size.

    The plan holds all that decides the result and no path, so that a run may be moved and still be gone on with.
    """
    manifests = {}
    for tower in tasks.TOWERS:
        manifests[tower] = store.manifest(os.path.join(databases, tower))
        if manifests[tower].get("input_size", profile.input_size) != profile.input_size:
            raise InputError(f"{databases}/{tower}: aligned for inputs of {manifests[tower]['input_size']} pixels, profile "
                             f"{profile.name} needs {profile.input_size}; build it with --profile {profile.name}")

    def texts(databases, out):
        net = generate.HEADER + str(towers.train_net(profile, databases, manifests["id"]["identities"], seed, iterations))
        return net, generate.solver_text(profile, f"{out}/train.prototxt", f"{out}/snapshots/partial/run", seed, iterations, snapshot=0)

    net, solver = texts("", "")
    plan = dict(profile=profile.name, net=net, solver=solver, data={tower: m["hash"] for tower, m in manifests.items()},
                code={path: files.sha256(path) for path in CODE})
    return (*texts(databases, out), plan)


def prepare(out, net, solver, plan, resume):
    """Write the run's files; return True where an earlier run of the same plan is to be resumed.

    An earlier run of another plan is moved aside, never deleted.
    """
    plan_file = os.path.join(out, "plan.json")
    earlier = os.path.isdir(os.path.join(out, "snapshots"))
    if earlier:
        same = os.path.isfile(plan_file) and files.read_json(plan_file, "delete it") == plan
        if same and not resume:
            raise InputError(f"{out}: holds a run of the same settings; go on with --resume, or delete the folder")
        if not same:
            aside = next(f"{out}.before{n}" for n in range(1, 10 ** 6) if not os.path.exists(f"{out}.before{n}"))
            os.rename(out, aside)
            print(f"settings, data or code have changed: the earlier run is now in {aside}, a new one starts")
            earlier = False
    os.makedirs(os.path.join(out, "snapshots"), exist_ok=True)
    for name, text in (("train.prototxt", net), ("solver.prototxt", solver)):
        with files.replacing(os.path.join(out, name)) as stream:
            stream.write(text)
    files.write_json(plan_file, plan)
    return earlier


def snapshot(solver, out):
    """Save weights and solver state under a temporary name, then rename: a file with its name is whole."""
    partial = os.path.join(out, "snapshots", "partial")
    os.makedirs(partial, exist_ok=True)
    if shutil.disk_usage(partial).free < 4 * sum(p.data.nbytes for blobs in solver.net.params.values() for p in blobs):
        raise InputError(f"{out}: no room left on the disk for a snapshot (Caffe would abort); free space and go on with --resume")
    solver.snapshot()
    for kind in ("caffemodel", "solverstate"):   # the state last: it makes the pair valid
        os.replace(f"{partial}/run_iter_{solver.iter}.{kind}", f"{out}/snapshots/iter_{solver.iter:07d}.{kind}")
    for old in sorted(glob.glob(f"{out}/snapshots/iter_*.solverstate"))[:-KEEP]:
        os.remove(old)
        os.remove(old.replace(".solverstate", ".caffemodel"))


def restore(solver, out):
    """Restore the newest whole snapshot; a damaged one is named and the one before is used. Return the iteration."""
    for path in sorted(glob.glob(f"{out}/snapshots/iter_*.solverstate"), reverse=True):
        weights = path.replace(".solverstate", ".caffemodel")
        state = caffe_pb2.SolverState()
        try:
            surgery.by_name(surgery.read_net(f"{out}/train.prototxt"), surgery.read_weights(weights), weights)
            with open(path, "rb") as stream:
                state.ParseFromString(stream.read())
            if not state.history:
                raise InputError(f"{path}: cut off")
        except Exception as error:   # InputError, or protobuf's DecodeError, which has no stable home over its versions
            print(f"skipping a damaged snapshot: {error}")
            continue
        state.learned_net = weights          # the folder may have moved since
        os.makedirs(f"{out}/snapshots/partial", exist_ok=True)
        with open(f"{out}/snapshots/partial/resume.solverstate", "wb") as stream:
            stream.write(state.SerializeToString())
        solver.restore(f"{out}/snapshots/partial/resume.solverstate")
        return solver.iter
    return 0


def keep_log_until(path, iteration):
    """Drop log lines after `iteration`: they will be written again."""
    if os.path.isfile(path):
        with open(path, encoding="utf-8") as stream:
            lines = [line for line in stream if line.endswith("\n") and json.loads(line)["iteration"] <= iteration]
        with files.replacing(path) as stream:
            stream.writelines(lines)


def losses_of(net):
    """Return {task: unweighted loss} of the latest pass."""
    return {task.name: net.blobs[f"{task.tower}/loss_{task.name}"].data.item() for task in tasks.TASKS}


@contextlib.contextmanager
def ctrl_c_waits():
    """Give a function that tells whether Ctrl-C was pressed: an iteration that is cut in two could not be resumed exactly."""
    pressed = []
    before = signal.signal(signal.SIGINT, lambda *_: pressed.append(True))
    try:
        yield lambda: bool(pressed)
    finally:
        signal.signal(signal.SIGINT, before)


def run(solver, out, iterations, every):
    """Step until `iterations`; log every one, snapshot every `every` and at Ctrl-C."""
    log_path, smooth, start = os.path.join(out, "log.jsonl"), {}, solver.iter
    keep_log_until(log_path, start)
    begun = shown = time.monotonic()
    with open(log_path, "a", encoding="utf-8") as log, ctrl_c_waits() as stopped:
        while solver.iter < iterations:
            solver.step(1)
            losses = losses_of(solver.net)
            bad = [name for name, loss in losses.items() if not np.isfinite(loss)]
            if bad:
                raise InputError(f"the loss of '{bad[0]}' is no number at iteration {solver.iter}; lower base_lr. "
                                 f"The snapshots in {out}/snapshots are from before")
            log.write(json.dumps(dict(iteration=solver.iter, loss={n: round(v, 6) for n, v in losses.items()})) + "\n")
            smooth = {name: SMOOTH * smooth.get(name, loss) + (1 - SMOOTH) * loss for name, loss in losses.items()}
            now = time.monotonic()
            if now - shown > SHOW_EVERY or solver.iter == iterations:
                shown, rate = now, (solver.iter - start) / (now - begun)
                print(f"  {solver.iter}/{iterations}, {rate:.2f}/s, {(iterations - solver.iter) / rate:.0f} s left | "
                      + " ".join(f"{name} {loss:.3g}" for name, loss in smooth.items()), flush=True)
            if stopped() or solver.iter % every == 0 or solver.iter == iterations:
                log.flush()
                snapshot(solver, out)
            if stopped() and solver.iter < iterations:
                print(f"stopped at iteration {solver.iter}, with a snapshot")
                raise KeyboardInterrupt
    plot_log.plot(log_path, os.path.join(out, "curves.png"))


def train(profile, databases, out, seed, iterations, every, resume, gpus):
    """Train, or go on with, the run in `out`."""
    net, solver_text, plan = plan_run(profile, databases, out, seed, iterations)
    resumable = prepare(out, net, solver_text, plan, resume)
    device.use(gpus)
    solver = caffe.get_solver(os.path.join(out, "solver.prototxt"))
    if resumable:
        print(f"resuming at iteration {restore(solver, out)}")
    run(solver, out, iterations, every)


@command
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--profile", choices=tasks.PROFILES, required=True)
    parser.add_argument("--db", required=True, help="folder with a database for each of " + ", ".join(tasks.TOWERS))
    parser.add_argument("--out", required=True, help="folder for snapshots, log and curves")
    parser.add_argument("--iterations", type=int, help="default: the profile's")
    parser.add_argument("--snapshot", type=int, help="iterations between snapshots, default: the profile's")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--resume", action="store_true", help="go on from the newest snapshot, if there is one")
    parser.add_argument("--gpu", default="", help="GPU number; empty: CPU")
    args = parser.parse_args(argv)
    profile = tasks.PROFILES[args.profile]
    iterations = args.iterations or profile.iterations
    if len(device.parse_gpus(args.gpu)) > 1:
        raise InputError(f"GPU={args.gpu}: training runs on one GPU; give one number")
    with files.only_one(args.out):
        train(profile, args.db, args.out, args.seed, iterations, args.snapshot or profile.solver["snapshot"], args.resume, args.gpu)
    print(f"trained: {args.out}/snapshots/iter_{iterations:07d}.caffemodel, curves in {args.out}/curves.png")


if __name__ == "__main__":
    sys.exit(main())
