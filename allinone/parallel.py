"""Work on many items in several processes: results in the items' order, memory flat.

Each process of this machine has a line of its own to this one. So the death of one is seen at
once, even amid a message, which the pools of Python's library wait for without end.
"""

from __future__ import annotations

import atexit
import collections
import contextlib
import itertools
import multiprocessing
import os
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing import connection
from multiprocessing.connection import Connection
from typing import Any, Optional, Union

import cv2

from allinone.errors import InputError
from allinone.interrupts import held, leave_to_parent

# Of the environment: each of several processes computes with one thread.
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
AHEAD = 4  # our choice: chunks under way for each process, so that none waits for the next

# How many processes of this machine work, None: one a core; or the address of a dask scheduler,
# whose workers do (allinone.cluster), CONFIGURED: the one that dask's own configuration names.
Workers = Union[int, str, None]
CONFIGURED = "config"


def _serve(work: Callable, line: Connection, life: Connection) -> None:
    """Work on the chunks that come until this process is ended."""
    leave_to_parent()
    cv2.setNumThreads(1)
    threading.Thread(target=_end_with, args=(life,), daemon=True).start()
    with contextlib.suppress(EOFError, ConnectionError):  # the parent has died
        while True:
            line.send(_answer(work, line.recv()))


def _answer(work: Callable, chunk: list) -> tuple[list | None, Exception | None]:
    """Return (results, error) of a chunk, one of them None."""
    try:
        return list(work(chunk)), None
    except InputError as error:
        return None, error
    except Exception as error:
        traceback.print_exc()  # the parent does not know where it was raised
        return None, error


def _end_with(life: Connection) -> None:
    """End this process, whatever it does, when the parent has closed its end or has died."""
    try:
        life.recv_bytes()  # nothing is ever sent
    except (EOFError, OSError):
        os._exit(1)


@dataclass
class _Job:
    """A chunk of items, and their results when they are there."""

    items: list
    results: Optional[list] = None


class _Workers:
    """The processes that work, each on one chunk at a time."""

    def __init__(self, work: Callable, most: int) -> None:
        self.work, self.most = work, most
        # Never forked: Caffe's threads would not survive it.
        self.context = multiprocessing.get_context("spawn")
        self.life, self.own_end = self.context.Pipe(duplex=False)
        self.processes: list[Any] = []
        self.idle: list[Connection] = []
        self.busy: dict[Connection, _Job] = {}
        self.waiting: collections.deque[_Job] = collections.deque()
        self.has_answered = False  # one of the processes

    def add(self, job: _Job) -> None:
        """Let a job be done when its turn comes."""
        self.waiting.append(job)
        self._go_on(timeout=0)

    def finished(self, job: _Job) -> Iterator[tuple[Any, Any]]:
        """Return the (item, result) pairs of a job; waits for them."""
        while job.results is None:
            self._go_on(timeout=None)
        return zip(job.items, job.results)

    def _go_on(self, timeout: float | None) -> None:
        """Take the results that are there, or come within a time, and hand out what waits."""
        self._hand_out()
        for line in connection.wait(list(self.busy), timeout):
            with self._death_in_words():
                results, error = line.recv()
            self.has_answered = True
            if error is not None:
                raise error
            self.busy.pop(line).results = results
            self.idle.append(line)
        self._hand_out()

    def _hand_out(self) -> None:
        while self.waiting and (self.idle or len(self.processes) < self.most):
            line = self.idle.pop() if self.idle else self._start()
            job = self.waiting.popleft()
            self.busy[line] = job
            with self._death_in_words():
                line.send(job.items)

    def _start(self) -> Connection:
        line, other_end = self.context.Pipe()
        process = self.context.Process(target=_serve, args=(self.work, other_end, self.life))
        with held(), _one_thread():
            process.start()
            self.processes.append(process)
            atexit.register(process.kill)  # before multiprocessing waits for it
        other_end.close()
        return line

    @contextlib.contextmanager
    def _death_in_words(self) -> Iterator[None]:
        try:
            yield
        except (EOFError, OSError) as error:
            why = "is the memory full"
            if not self.has_answered:  # each may have started the program anew
                why += ", or does the program call this where its __name__ is not '__main__'"
            raise InputError(
                f"one of the {self.most} processes that work has died ({why}?); run the same "
                "again with fewer workers, what a command has finished is kept"
            ) from error

    def end(self) -> None:
        """End the processes, whatever they do: nobody asks for their results any more."""
        self.own_end.close()
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.join()
            atexit.unregister(process.kill)


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Let processes that are started compute with one thread, unless the user has said otherwise.

    NumPy reads it from the environment when it is imported.
    """
    unset = [name for name in THREADS if name not in os.environ]
    os.environ.update(dict.fromkeys(unset, "1"))
    try:
        yield
    finally:
        for name in unset:
            os.environ.pop(name, None)


def _chunks(items: Iterator, size: int) -> Iterator[list]:
    while True:
        chunk = list(itertools.islice(items, size))
        if not chunk:
            return
        yield chunk


def is_cluster(workers: object) -> bool:
    """Tell whether workers are those of a cluster: the address of a scheduler, or CONFIGURED."""
    return isinstance(workers, str) and (":" in workers or workers == CONFIGURED)


def in_order(
    work: Callable[[list], Iterable],
    items: Iterable[Any],
    workers: Workers = None,
    chunk: int = 1,
) -> Iterator[tuple[Any, Any]]:
    """Yield (item, result) for every item, where work(list of items) returns their results.

    As `elsewhere`, but in this process where all items are one chunk and no cluster is named.
    """
    items = iter(items)
    first = list(itertools.islice(items, chunk + 1))
    if len(first) <= chunk and not isinstance(workers, str):
        yield from zip(first, work(first) if first else ())
        return
    yield from elsewhere(work, itertools.chain(first, items), workers, chunk)


def elsewhere(
    work: Callable[[list], Iterable],
    items: Iterable[Any],
    workers: Workers = None,
    chunk: int = 1,
    ahead: int = AHEAD,
) -> Iterator[tuple[Any, Any]]:
    """Yield (item, result) for every item; work(list of items), done in other processes, says it.

    work must be importable by name. It gets `chunk` items at a time. Items are taken from their
    source only as results are asked for: `ahead` chunks a process are in memory at most. Processes
    of this machine end with this one, however it ends; InputError where one of them dies.
    """
    chunks = _chunks(iter(items), chunk)
    if isinstance(workers, str):
        from allinone import cluster  # only who has one needs dask

        yield from cluster.in_order(work, chunks, workers)
        return
    team, under_way = _Workers(work, workers or os.cpu_count() or 1), collections.deque()
    try:
        for some in chunks:
            under_way.append(_Job(some))
            team.add(under_way[-1])
            if len(under_way) >= ahead * team.most:
                yield from team.finished(under_way.popleft())
        while under_way:
            yield from team.finished(under_way.popleft())
    finally:
        team.end()
