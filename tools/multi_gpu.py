"""One process per GPU, joined by NCCL, as Caffe's own python/train.py does it: its Python layers cannot be shared by threads."""
import multiprocessing
import signal
import sys

import allinone  # noqa: F401  (quiets Caffe before it is imported)
import caffe

from allinone.device import parse_gpus
from allinone.errors import InputError, command


def refuse_without_nccl(gpus):
    """Raise InputError where several GPUs are asked for and this Caffe has no NCCL."""
    if len(parse_gpus(gpus)) > 1 and not getattr(caffe, "has_nccl", bool)():
        raise InputError(f"GPU={gpus}: this Caffe was built without NCCL, so training runs on one GPU; give one number, "
                         "or build Caffe with USE_NCCL := 1")


def join(count, rank):
    """Tell Caffe that this process is number `rank` of `count`; before the solver is made."""
    caffe.set_solver_count(count)
    caffe.set_solver_rank(rank)
    caffe.set_multiprocess(True)


def connect(solver, uid):
    """Link a solver to those of the other processes: same weights now, gradients averaged from now on. Keep what is returned."""
    link = caffe.NCCL(solver, uid)
    link.bcast()
    solver.add_callback(link)
    if solver.param.layer_wise_reduce:
        solver.net.after_backward(link)
    return link


def follow(solver, iterations):
    """Step along with the first process, which logs, snapshots and is the one that Ctrl-C stops."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while solver.iter < iterations:
        solver.step(1)


def supervise(work, args, gpus, state):
    """Run work(args, gpus, state, rank, uid) in a process per GPU; end them all when one fails or the first is done."""
    context, uid = multiprocessing.get_context("spawn"), caffe.NCCL.new_uid()
    processes = [context.Process(target=_one, args=(work, args, gpus, state, rank, uid)) for rank in range(len(gpus))]
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)      # the first process snapshots and ends with 130
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
        raise InputError(f"GPU={args.gpu}: one of the processes ended with code {failed[0]}, its message stands above; "
                         "go on with --resume when it is mended")


def _one(work, args, gpus, state, rank, uid):
    sys.exit(command(lambda _: work(args, gpus, state, rank, uid))())
