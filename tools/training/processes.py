"""Several processes train one net, each with its own share of the mini-batches.

Caffe's Python layers cannot be shared by threads.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Iterator
from multiprocessing import connection

from allinone.errors import InputError, command
from allinone.interrupts import INTERRUPTED, held, leave_to_parent
from allinone.pycaffe import caffe

# Spawned, never forked: Caffe's threads would not survive it.
CONTEXT = multiprocessing.get_context("spawn")


def nothing() -> None:
    """Do nothing: a solver wants two callbacks, before an iteration and before the update."""


def join(count: int, rank: int) -> None:
    """Tell Caffe that this process is number `rank` of `count`; before the solver is made."""
    caffe.set_solver_count(count)
    caffe.set_solver_rank(rank)
    caffe.set_multiprocess(True)


def follow(solver, iterations: int) -> None:
    """Step along with the first process, which logs, snapshots and is told to stop."""
    while solver.iter < iterations:
        solver.step(1)


class Orders:
    """From the process that supervises to the first of those that train."""

    def __init__(self) -> None:
        """Prepare for processes to come."""
        self.begun, self.stop = CONTEXT.Event(), CONTEXT.Event()

    @contextlib.contextmanager
    def awaited(self) -> Iterator[Callable[[], bool]]:
        """Say that the training has begun; give a function that tells whether it is to stop."""
        self.begun.set()
        yield self.stop.is_set


def supervise(work: Callable, settings, state: str | None, meeting, count: int) -> None:
    """Run work(settings, state, rank, meeting, asked) in `count` processes.

    All end when one fails or the first is done. meeting: how they average their gradients, a
    multi_gpu.Meeting or a multi_cpu.Meeting; asked: of loop.run. InputError where one fails. At
    Ctrl-C the first snapshots, where it has begun to train.
    """
    orders = Orders()
    workers = [
        CONTEXT.Process(target=_one, args=(work, settings, state, rank, meeting, orders.awaited))
        for rank in range(count)
    ]
    stopped = False
    try:
        with held():
            for worker in workers:
                worker.start()
        try:
            _wait(workers)
        except KeyboardInterrupt:
            stopped = True
            if orders.begun.is_set():
                orders.stop.set()
                _wait(workers)
    finally:
        codes = [worker.exitcode for worker in workers]
        for worker in workers:
            if worker.pid:
                worker.kill()
    failed = [code for code in codes if code not in (None, 0, INTERRUPTED)]
    if failed:
        raise InputError(
            f"one of the {count} processes that train ended with code {failed[0]}, its message "
            "stands above (-9 without one: is the memory full?); go on with --resume when it is "
            "mended"
        )
    if stopped:
        raise KeyboardInterrupt


def _wait(workers):
    """Wait until the first process has ended, or another one has failed."""
    running = list(workers)
    while workers[0] in running and not any(worker.exitcode for worker in workers):
        connection.wait([worker.sentinel for worker in running])
        running = [worker for worker in running if worker.exitcode is None]


def _one(work, settings, state, rank, meeting, asked):
    leave_to_parent()
    threading.Thread(target=_end_with_parent, daemon=True).start()

    @command
    def run(_):
        try:
            work(settings, state, rank, meeting, asked)
        except KeyboardInterrupt:  # the process that supervises says it
            return INTERRUPTED

    sys.exit(run())


def _end_with_parent():
    multiprocessing.parent_process().join()
    os._exit(1)  # a kill of the parent must not leave processes that wait for each other
