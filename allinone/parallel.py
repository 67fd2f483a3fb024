"""Work on many items in several processes: results in the items' order, memory flat."""

from __future__ import annotations

import collections
import itertools
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import Connection
from typing import Any

import cv2

from allinone.errors import InputError
from allinone.interrupts import held, leave_to_parent

AHEAD = 4  # our choice: chunks under way for each process, so that none waits for the next


def _prepare(line: Connection) -> None:
    """Set up a process that works; it ends when the other end of the line is closed."""
    leave_to_parent()
    cv2.setNumThreads(1)
    threading.Thread(target=_end_with, args=(line,), daemon=True).start()


def _end_with(line: Connection) -> None:
    """End this process, whatever it does, when the parent has closed its end or has died."""
    try:
        line.recv_bytes()  # nothing is ever sent
    except (EOFError, OSError):
        os._exit(1)


def _chunks(items: Iterator, size: int) -> Iterator[list]:
    while True:
        chunk = list(itertools.islice(items, size))
        if not chunk:
            return
        yield chunk


def in_order(
    work: Callable[[list], Iterable],
    items: Iterable[Any],
    workers: int | None = None,
    chunk: int = 1,
) -> Iterator[tuple[Any, Any]]:
    """Yield (item, result) for every item, where work(list of items) returns their results.

    work must be importable by name. It gets `chunk` items at a time in one of `workers` processes
    (default: one a core), or in this process where all items are one chunk. Items are taken from
    their source only as results are asked for: AHEAD chunks a process are in memory at most. The
    processes end with this one, however it ends. InputError where one of them dies.
    """
    chunks = _chunks(iter(items), chunk)
    first, second = next(chunks, []), next(chunks, [])
    if not second:
        yield from zip(first, work(first) if first else ())
        return
    workers = workers or os.cpu_count() or 1
    # Never forked: Caffe's threads would not survive it.
    context = multiprocessing.get_context("spawn")
    line, own_end = context.Pipe(duplex=False)
    pool = ProcessPoolExecutor(workers, context, initializer=_prepare, initargs=(line,))
    under_way = collections.deque()
    try:
        for some in itertools.chain([first, second], chunks):
            with held():
                under_way.append((some, pool.submit(work, some)))
            if len(under_way) >= AHEAD * workers:
                done, future = under_way.popleft()
                yield from zip(done, future.result())
        for done, future in under_way:
            yield from zip(done, future.result())
        pool.shutdown()
    except BrokenProcessPool:
        raise InputError(
            f"one of the {workers} processes that work has died (is the memory full?); "
            "run the same command again with fewer --workers, what is finished is kept"
        ) from None
    finally:
        own_end.close()  # ends processes that still work: nobody asks for their results
        pool.shutdown(wait=False, cancel_futures=True)
        line.close()
