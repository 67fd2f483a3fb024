"""Several processes train one net, each with its own share of the mini-batches.

Caffe's Python layers cannot be shared by threads.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable

from allinone.errors import INTERRUPTED, InputError, command
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
    """Step along with the first process, which logs, snapshots and is stopped by Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while solver.iter < iterations:
        solver.step(1)


def supervise(work: Callable, settings, state: str | None, meeting, count: int) -> None:
    """Run work(settings, state, rank, meeting) in `count` processes.

    All end when one fails or the first is done. meeting: how they average their gradients, a
    multi_gpu.Meeting or a multi_cpu.Meeting. InputError where one fails.
    """
    workers = [
        CONTEXT.Process(target=_one, args=(work, settings, state, rank, meeting))
        for rank in range(count)
    ]

    def pass_on(*_):  # the first process then snapshots and ends with INTERRUPTED
        if workers[0].is_alive():
            os.kill(workers[0].pid, signal.SIGINT)

    before = signal.signal(signal.SIGINT, pass_on)
    try:
        for worker in workers:
            worker.start()
        while workers[0].is_alive() and not any(worker.exitcode for worker in workers):
            workers[0].join(timeout=1)
    finally:
        failed = [worker.exitcode for worker in workers if worker.exitcode]
        for worker in workers:
            worker.terminate()
        signal.signal(signal.SIGINT, before)
    if INTERRUPTED in failed:
        raise KeyboardInterrupt
    if failed:
        raise InputError(
            f"one of the {count} processes that train ended with code {failed[0]}, its message "
            "stands above; go on with --resume when it is mended"
        )


def _one(work, settings, state, rank, meeting):
    threading.Thread(target=_end_with_parent, daemon=True).start()

    @command
    def run(_):
        work(settings, state, rank, meeting)

    sys.exit(run())


def _end_with_parent():
    multiprocessing.parent_process().join()
    os._exit(1)  # a kill of the parent must not leave processes that wait for each other
