"""Make mini-batches in another process, a few ahead, so that the net need not wait for them."""

import atexit
import contextlib
import mmap
import multiprocessing
import os
from multiprocessing import reduction

import cv2
import numpy as np

from allinone import blob
from allinone.errors import InputError
from allinone.interrupts import held, leave_to_parent

AHEAD = 3  # our choice: largest number of mini-batches that are ready or being made


class Memory:
    """Memory that this process and one that it spawns share.

    The system frees it with the last of them, however they end.
    """

    def __init__(self, size):
        """Reserve `size` bytes."""
        self._map(os.memfd_create("mini-batches"), size)
        os.ftruncate(self.file, size)

    def _map(self, file, size):
        self.file, self.size = file, size

    def grown(self, size):
        """Return it with room for `size` bytes."""
        os.ftruncate(self.file, size)
        self.size = size
        return self

    def arrays(self, shapes):
        """Return float32 arrays of some shapes that lie in it, one after the other."""
        whole = np.frombuffer(mmap.mmap(self.file, self.size), np.float32)
        ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
        parts = np.split(whole[: ends[-1]], ends[:-1])
        return [part.reshape(shape) for part, shape in zip(parts, shapes)]

    def __getstate__(self):
        return reduction.DupFd(self.file), self.size

    def __setstate__(self, state):
        self._map(state[0].detach(), state[1])


def write(batch, tops):
    """Write a sampler's mini-batch, BGR uint8 images and labels, into a data layer's arrays."""
    images, *labels = batch
    blob.fill(tops[0], images)
    for top, values in zip(tops[1:], labels):
        top[...] = values


def _work(sampler_class, settings, shapes, memories, number, stride, free, ready):
    """Put mini-batches into the memories that are free as long as the net's process lives."""
    leave_to_parent()
    cv2.setNumThreads(1)
    places, sampler = [memory.arrays(shapes) for memory in memories], None
    with contextlib.suppress(EOFError, OSError):  # the net's process has ended
        while True:
            place = free.recv()
            try:
                sampler = sampler or sampler_class(settings)
                write(sampler.batch(number), places[place])
            except Exception as error:  # the net's process raises it
                ready.send((number, error))
                return
            ready.send((number, place))
            number += stride


class Prefetch:
    """Mini-batches of `sampler_class(settings).batch(number)`, each `stride` after the one before.

    Another number than the next one starts anew. shapes: those of a mini-batch's arrays, as the
    net takes them.
    """

    def __init__(self, sampler_class, settings, shapes, stride=1):
        """Take the settings; the process starts with the first mini-batch that is asked for."""
        self.arguments = sampler_class, settings, shapes
        self.shapes, self.stride = shapes, stride
        self.process = self.next = self.taken = None

    def get(self, number):
        """Return the arrays of a mini-batch, valid until the next call.

        Raises what the sampler raised; InputError where the other process has died.
        """
        if number != self.next:
            self._start(number)
        taken, self.next, self.taken = self.taken, None, None
        try:
            if taken is not None:
                self.free.send(taken)
            ready, place = self.ready.recv()
        except (EOFError, OSError):
            self.process.join()
            raise InputError(
                f"the process that prepares mini-batches has died (code {self.process.exitcode}; "
                "-9: is the memory full?); go on with --resume when it is mended"
            ) from None
        if isinstance(place, Exception):
            raise place
        assert ready == number
        self.next, self.taken = number + self.stride, place
        return self.places[place]

    def _start(self, number):
        if self.process is not None:
            self.process.kill()
        # Spawned, never forked: Caffe's threads would not survive it.
        context = multiprocessing.get_context("spawn")
        size = 4 * sum(int(np.prod(shape)) for shape in self.shapes)
        memories = [Memory(size) for _ in range(AHEAD)]
        free, self.free = context.Pipe(duplex=False)
        self.ready, ready = context.Pipe(duplex=False)
        self.places, self.taken = [memory.arrays(self.shapes) for memory in memories], None
        for place in range(AHEAD):
            self.free.send(place)
        arguments = (*self.arguments, memories, number, self.stride, free, ready)
        self.process = context.Process(target=_work, args=arguments, daemon=True)
        with held():
            self.process.start()
        # At the end multiprocessing itself sends SIGTERM, and one that still starts would not end.
        atexit.register(self.process.kill)
        free.close()
        ready.close()
        for memory in memories:
            os.close(memory.file)  # the maps, here and there, hold it
