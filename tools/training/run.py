"""A training run from its settings to its last snapshot."""

from __future__ import annotations

import os
import sys

from allinone import device, folders, schedules, snapshots
from allinone.interrupts import noted
from allinone.tasks import HYPERFACE
from tools.training import (
    alexnet,
    curves,
    data,
    held_out,
    loop,
    memory,
    multi_cpu,
    multi_gpu,
    plan,
    processes,
)
from tools.training.divergence import Diverged
from tools.training.log import LOG
from tools.training.settings import Settings
from tools.training.solver import open_solver

WITHOUT_ALEXNET = (
    "HyperFace starts from random weights; the paper's started from AlexNet's: give them with "
    f"--init FILE (make train-hyperface INIT=FILE), {alexnet.FILES} of Caffe's model zoo"
)


def train(settings: Settings, resume: bool) -> None:
    """Train, or go on with a run of the same plan where `resume` allows it.

    InputError where databases, GPUs or weights are missing or do not fit, or a run diverges.
    """
    multi_gpu.refuse_without_nccl(settings.gpu)
    out = settings.out
    with folders.only_one(out):
        texts, made = plan.make(settings)
        memory.check(settings)
        resumable = plan.prepare(out, texts, made, resume)
        snapshots.remove_unfinished(out)
        state = snapshots.newest_whole(out) if resumable else None
        done = snapshots.iteration_of(state) if state else 0
        missing = data.not_validated(settings.job, settings.databases)
        if missing:
            print(f"not validated while it trains: there is no {', '.join(missing)}", flush=True)
        start = f"starting from {settings.init or 'random weights'}"
        print(f"resuming at iteration {done}" if state else start, flush=True)
        if settings.job.name == HYPERFACE and not settings.init and not state:
            print(f"warning: {WITHOUT_ALEXNET}", file=sys.stderr, flush=True)
        if done == settings.iterations:
            curves.plot(os.path.join(out, LOG), os.path.join(out, curves.CURVES))
        elif settings.processes > 1:
            train_in_processes(settings, state)
        else:
            device.use(settings.gpu)
            work(settings, state)
    weights = os.path.join(out, snapshots.FOLDER, f"iter_{settings.iterations:07d}.caffemodel")
    print(f"trained: {weights}, curves in {os.path.join(out, curves.CURVES)}")


def train_in_processes(settings: Settings, state: str | None) -> None:
    """Train in a process for each GPU or core."""
    if settings.gpu:
        numbers = ", ".join(map(str, device.check(settings.gpu)))
        print(f"training on GPUs {numbers}, a process each", flush=True)
        meeting = multi_gpu.Meeting(settings.gpu)
    else:
        print(f"training in {settings.processes} processes", flush=True)
        meeting = multi_cpu.Meeting(settings.processes)
    processes.supervise(work, settings, state, meeting, settings.processes)


def work(settings: Settings, state: str | None, rank=0, meeting=None, asked=noted) -> None:
    """Train in this process from the solverstate `state` on, or from the start.

    Of several processes, number `rank` reads its own share of the mini-batches; they average their
    gradients through `meeting`, and the first writes the run's files. asked: of loop.run.
    """
    solver, link = open_solver(settings, state, rank, meeting)  # link: kept while the solver steps
    if rank:
        processes.follow(solver, settings.iterations)
        return
    validate = held_out.Validation(solver, settings).figures
    every = schedules.RULES[settings.profile.name].validate
    try:
        loop.run(
            solver, settings.out, settings.iterations, settings.snapshot, every, validate, asked
        )
    except Diverged as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        # At once: where Caffe's max pooling met NaN it has written outside its arrays, and would
        # abort on the way out.
        os._exit(2)
