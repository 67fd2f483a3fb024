"""The solver of a run, ready to step. What decides the result of a step is here or imported here.

How a run is logged, drawn and validated is elsewhere and may change while a run goes on.
"""

from __future__ import annotations

import os

import numpy as np

from allinone import device, snapshots
from allinone.pycaffe import caffe
from tools.training import initial, processes


def open_solver(settings, state: str | None, rank: int = 0, meeting=None):
    """Return (solver, link) of a run whose files stand in settings.out; keep both.

    state: the solverstate that it goes on from, None for a start. rank: number of the process
    where several train, meeting: how they average their gradients; link joins them.
    """
    gpus = device.parse_gpus(settings.gpu)
    if gpus:
        caffe.set_device(gpus[rank])
        caffe.set_mode_gpu()
    if meeting:
        processes.join(settings.processes, rank)
    solver = caffe.get_solver(os.path.join(settings.out, snapshots.SOLVER))
    if state:
        snapshots.restore(solver, settings.out, state, rank)
    elif settings.init and rank == 0:  # the first gives its weights to the others
        net_path = os.path.join(settings.out, snapshots.NET)
        partial = settings.job.init != "joint"  # a pre-trained net lacks the new layers
        initial.start_from(solver, net_path, settings.init, settings.widen, partial)

    def set_seed():
        caffe.set_random_seed(dropout_seed(settings.seed, solver.iter, rank))

    solver.add_callback(set_seed, processes.nothing)
    return solver, meeting.connect(solver, rank) if meeting else None


def dropout_seed(seed: int, iteration: int, rank: int) -> int:
    """Return the seed of an iteration's dropout.

    A snapshot does not hold Caffe's random state, and no two processes may drop the same units.
    """
    return int(np.random.default_rng([seed, 17, iteration, rank]).integers(2**31))
