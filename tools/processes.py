"""Several processes train one net, since Caffe's Python layers cannot be shared by threads: each takes its own share of the mini-batches."""

import multiprocessing
import os
import signal
import sys
import threading

from allinone.errors import InputError, command
from allinone.pycaffe import caffe

CONTEXT = multiprocessing.get_context("spawn")  # never forked: Caffe's threads would not survive it


def join(count, rank):
    """Tell Caffe that this process is number `rank` of `count`; before the solver is made."""
    caffe.set_solver_count(count)
    caffe.set_solver_rank(rank)
    caffe.set_multiprocess(True)


def follow(solver, iterations):
    """Step along with the first process, which logs, snapshots and is the one that Ctrl-C stops."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while solver.iter < iterations:
        solver.step(1)


def supervise(work, args, state, meeting, count):
    """Run work(args, state, rank, meeting) in `count` processes; end them all when one fails or the first is done.

    meeting: how they average their gradients, a multi_gpu.Meeting or a multi_cpu.Meeting.
    """
    processes = [
        CONTEXT.Process(target=_one, args=(work, args, state, rank, meeting))
        for rank in range(count)
    ]
    before = signal.signal(
        signal.SIGINT,
        lambda *_: processes[0].is_alive() and os.kill(processes[0].pid, signal.SIGINT),
    )  # it snapshots and ends with 130
    try:
        for process in processes:
            process.start()
        while processes[0].is_alive() and not any(process.exitcode for process in processes):
            processes[0].join(timeout=1)
    finally:
        failed = [process.exitcode for process in processes if process.exitcode]
        for process in processes:
            process.terminate()
        signal.signal(signal.SIGINT, before)
    if 130 in failed:
        raise KeyboardInterrupt
    if failed:
        raise InputError(
            f"one of the {count} processes that train ended with code {failed[0]}, its message stands above; "
            "go on with --resume when it is mended"
        )


def _one(work, args, state, rank, meeting):
    threading.Thread(target=_end_with_parent, daemon=True).start()
    sys.exit(command(lambda _: work(args, state, rank, meeting))())


def _end_with_parent():
    multiprocessing.parent_process().join()
    os._exit(1)  # a kill of the parent must not leave processes that wait for each other
