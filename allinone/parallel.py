"""Work on many items in several processes: results in the items' order, memory flat."""
import collections
import itertools
import multiprocessing
import os
import signal

import cv2

AHEAD = 4          # our choice: chunks under way for each process, so that none waits for the next


def _prepare():
    signal.signal(signal.SIGINT, signal.SIG_IGN)   # Ctrl-C is for the parent, which ends this process
    cv2.setNumThreads(1)


def in_order(work, items, workers=None, chunk=1):
    """Yield (item, result) for every item, where work(list of items) returns the list of their results.

    work must be importable by name; it gets `chunk` items at a time in one of `workers` processes (default: one a core), in this one
    where all are one chunk. Items are taken from their source only as results are asked for: AHEAD chunks a process are in memory at most.
    """
    items, workers, under_way = iter(items), workers or os.cpu_count(), collections.deque()
    chunks = iter(lambda: list(itertools.islice(items, chunk)), [])
    first, second = next(chunks, []), next(chunks, [])
    if not second:
        yield from zip(first, work(first) if first else ())
        return
    with multiprocessing.get_context("spawn").Pool(workers, _prepare) as pool:   # never forked: Caffe's threads would not survive it
        for some in itertools.chain([first, second], chunks):
            under_way.append((some, pool.apply_async(work, (some,))))
            if len(under_way) >= AHEAD * workers:
                some, results = under_way.popleft()
                yield from zip(some, results.get())
        for some, results in under_way:
            yield from zip(some, results.get())
