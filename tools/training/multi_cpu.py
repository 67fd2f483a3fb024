"""One process for each CPU core, joined by shared memory, as NCCL joins GPUs.

Small nets' matrices are too small to be worth several threads.
"""

from __future__ import annotations

import os

import numpy as np

from python_layers.prefetch import Memory
from tools.training.processes import CONTEXT, nothing

# Sets of rows, used by turns: a process that is ahead writes the next gradients while another
# still reads these.
TURNS = 2


class Meeting:
    """Memory with a row of numbers for each process and turn, and a barrier."""

    def __init__(self, count: int) -> None:
        """Prepare for `count` processes."""
        self.count, self.barrier, self.memory = count, CONTEXT.Barrier(count), Memory(0)
        # For the processes to come: more threads than cores halve the speed.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

    def connect(self, solver, rank: int) -> Link:
        """Link a solver to those of the other processes; keep what is returned.

        All have the first one's weights now, and average their gradients from now on.
        """
        link = Link(self, solver.net, rank)
        link.same_weights()
        solver.add_callback(nothing, link.average_gradients)
        return link


class Link:
    """A process's access to the others' gradients."""

    def __init__(self, meeting: Meeting, net, rank: int) -> None:
        """Map the memory: (TURNS, processes, numbers of the net)."""
        self.blobs = _distinct(net)
        self.barrier, self.rank, self.turn = meeting.barrier, rank, 0
        ends = np.cumsum([blob.count for blob in self.blobs])
        self.places = list(zip(ends - [blob.count for blob in self.blobs], ends))
        shape = TURNS, meeting.count, int(ends[-1])
        (self.rows,) = meeting.memory.grown(4 * int(np.prod(shape))).arrays([shape])

    def same_weights(self) -> None:
        """Take over the first process's weights."""
        for blob, (first, last) in zip(self.blobs, self.places):
            if self.rank == 0:
                self.rows[0, 0, first:last] = blob.data.ravel()
        self.barrier.wait()
        for blob, (first, last) in zip(self.blobs, self.places):
            blob.data[...] = self.rows[0, 0, first:last].reshape(blob.data.shape)
        self.barrier.wait()

    def average_gradients(self) -> None:
        """Give every process the mean of all gradients.

        They are added in the same order everywhere, so that weights stay the same to the bit.
        """
        rows, self.turn = self.rows[self.turn], (self.turn + 1) % TURNS
        for blob, (first, last) in zip(self.blobs, self.places):
            rows[self.rank, first:last] = blob.diff.ravel()
        self.barrier.wait()
        for blob, (first, last) in zip(self.blobs, self.places):
            blob.diff[...] = rows[:, first:last].mean(axis=0).reshape(blob.diff.shape)


def _distinct(net):
    """Return the blobs of a net's parameters, those that several layers share once."""
    found = {}
    for blobs in net.params.values():
        for blob in blobs:
            found.setdefault(blob.diff.__array_interface__["data"][0], blob)
    return list(found.values())
