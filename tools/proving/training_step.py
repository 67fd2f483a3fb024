"""Joint training on a GPU beside the same on the CPU, a run that is resumed, and two GPUs."""

from __future__ import annotations

import os
import shutil

import numpy as np

from allinone import profiles, surgery, tasks
from allinone.errors import InputError
from tools.proving import commands
from tools.proving.data_step import database
from tools.proving.job import Found, Job, apart
from tools.training import curves
from tools.training.log import LOG

# our choice: of profile paper, mini-batches of 16 pictures in place of 256, so that a CPU does 50
# iterations in minutes
BATCH = {profiles.PAPER.name: 1 / 16}
# our choice: how far losses may be apart, as a share: the first, that of iteration EARLY, and the
# mean of the last ones. Rounding grows from step to step: with one BLAS thread and with two, the
# losses of tiny were 1e-7, 8e-5 and 14 % apart there, on the CPU.
FIRST_SHARE, EARLY_SHARE, LAST_SHARE = 1e-3, 1e-2, 0.5
EARLY, LAST = 3, 10
LEAST_LOSS = 0.1  # our choice: a smaller loss is compared as if it were this

Losses = dict[str, np.ndarray]  # {task: a loss for each iteration}


def half(job: Job) -> int:
    """Return the iteration of the first snapshot; the next one is the last."""
    return -(-job.iterations // 2)


def train(job: Job, profile: str, out: str, batch: float, *device: str) -> str:
    """Train jointly, or go on with a run that is there; return what was printed.

    No unit is dropped: a GPU and a CPU would drop others.
    """
    command = ["tools.train", "--profile", profile, "--db", database(job, profile), "--out", out]
    command += ["--iterations", str(job.iterations), "--snapshot", str(half(job))]
    command += ["--batch", str(batch), "--without-dropout", *tasks.TOWERS, "--resume", *device]
    return commands.run(profile, *command)


def train_anew(job: Job, profile: str, out: str, batch: float, *device: str) -> Losses:
    """Train from the start; return the losses. An earlier run of the proof is removed."""
    shutil.rmtree(out, ignore_errors=True)
    train(job, profile, out, batch, *device)
    return losses_of(out)


def losses_of(run: str) -> Losses:
    """Return the losses of a run by task."""
    losses, _ = curves.read_log(os.path.join(run, LOG))
    return {task: values for task, (_, values) in losses.items()}


def losses_after(run: str, iteration: int) -> Losses:
    """Return the losses of a run after an iteration."""
    return {task: values[iteration:] for task, values in losses_of(run).items()}


def compare_losses(found: Found, ours: Losses, reference: Losses, used: str, beside: str) -> None:
    """Add a row for each task: losses on a device beside the reference's."""
    for task, values in ours.items():
        others = reference[task]
        first = relative(values[:1], others[:1])
        early = relative(values[:EARLY][-1:], others[:EARLY][-1:])
        last = relative(values[-LAST:], others[-LAST:])
        good = first <= FIRST_SHARE and early <= EARLY_SHARE and last <= LAST_SHARE
        shares = f"apart {first:.0e} at first, {early:.0e} soon, {last:.0e} at last"
        what, figure = f"loss of {task}", f"{used}: {from_to(values)}"
        found.judge(what, good, figure, f"{beside}: {from_to(others)}; {shares}")
        found.figures[task] = dict(
            losses=values.round(6).tolist(), reference=others.round(6).tolist()
        )


def relative(ours: np.ndarray, others: np.ndarray) -> float:
    """Return how far the means of losses are apart, as a share."""
    off = abs(ours.mean() - others.mean())
    return float(off / max(others.mean(), LEAST_LOSS)) if np.isfinite(off) else np.inf


def from_to(values: np.ndarray) -> str:
    """Return the first loss and the mean of the last ones as text."""
    return f"{values[0]:.4g} to {values[-LAST:].mean():.4g}"


def step(job: Job) -> Found:
    """Train a profile on the card, and where there is one, on the CPU too."""
    found, name = Found(), job.profile_name
    run, batch = job.path(name, "run"), BATCH.get(name, 1.0)
    device = ["--gpu", job.card] if job.cards else []
    ours = train_anew(job, name, run, batch, *device)
    pictures = f"{job.iterations} iterations, mini-batches times {batch:g}"
    found.add("joint training", pictures, f"on the {job.used}")
    if job.cards:
        reference = train_anew(job, name, job.path(name, "run_cpu"), batch)
        compare_losses(found, ours, reference, job.used, "CPU")
        return found
    for task, values in ours.items():
        found.judge(f"loss of {task}", bool(np.isfinite(values).all()), from_to(values))
        found.figures[task] = dict(losses=values.round(6).tolist())
    found.leave_out("the same beside the CPU's")
    return found


def weights_of(run: str, iteration: int) -> dict[str, np.ndarray]:
    """Return {parameter name or layer: array} of a snapshot of a run."""
    path = os.path.join(run, "snapshots", f"iter_{iteration:07d}.caffemodel")
    found = {}
    for layer in surgery.read_weights(path).layer:
        for place, blob in enumerate(layer.blobs):
            found[f"{layer.name} {place}"] = surgery.blob_array(blob)
    return found


def resume(job: Job) -> Found:
    """Go on from the first snapshot of a run, and compare with what it came to by itself."""
    found, name = Found(), job.profile_name
    run, again = job.path(name, "run"), job.path(name, "resumed")
    shutil.rmtree(again, ignore_errors=True)
    shutil.copytree(run, again)
    for kind in ("caffemodel", "solverstate"):
        os.remove(os.path.join(again, "snapshots", f"iter_{job.iterations:07d}.{kind}"))
    device = ["--gpu", job.card] if job.cards else []
    printed = train(job, name, again, BATCH.get(name, 1.0), *device)
    if f"resuming at iteration {half(job)}" not in printed:
        raise InputError(f"{again}: the run began anew in place of going on; see the step's log")
    if job.cards:  # which may add up in another order each time, so that weights drift apart
        ours, reference = losses_after(again, half(job)), losses_after(run, half(job))
        compare_losses(found, ours, reference, "resumed", "in one go")
    whole, resumed = weights_of(run, job.iterations), weights_of(again, job.iterations)
    worst = max(float(np.abs(whole[blob] - resumed[blob]).max(initial=0)) for blob in whole)
    what = f"weights of {name} after {job.iterations} iterations, resumed at {half(job)}"
    if job.cards:
        found.add(what, apart(worst))
    else:
        found.judge(what, worst == 0, apart(worst), "must be the same to the bit")
    found.figures["apart"] = worst
    shutil.rmtree(again)
    return found


def two_gpus(job: Job) -> Found:
    """Train on two cards over NCCL, and compare with two processes on the CPU."""
    found, name = Found(), job.profile_name
    pair, batch = ",".join(map(str, job.cards[:2])), BATCH.get(name, 1.0)
    ours = train_anew(job, name, job.path(name, "run_nccl"), batch, "--gpu", pair)
    # A card has a mini-batch of its own; processes on the CPU share one, here twice as large.
    on_cpu = job.path(name, "run_cores")
    reference = train_anew(job, name, on_cpu, 2 * batch, "--cores", "2")
    compare_losses(found, ours, reference, f"GPUs {pair}", "CPU, two processes")
    return found
