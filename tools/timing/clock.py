"""How a time is taken: in blocks, and of two works by turns.

A change of the machine's load then meets both sides alike; figures are medians.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any, NamedTuple

Work = Callable[[], Any]
ROUNDS = 9  # blocks of each work


class Part(NamedTuple):
    """What a part of the benchmark found."""

    rows: list[tuple[str, str, str]]  # (what, figure, remark) as they are printed
    figures: dict[str, Any]  # {name: value} as they are kept


def seconds(work: Work, count: int = 1) -> float:
    """Return the seconds that one of `count` calls takes."""
    start = time.perf_counter()
    for _ in range(count):
        work()
    return (time.perf_counter() - start) / count


def by_turns(*works: Work, count: int = 1, rounds: int = ROUNDS) -> list[float]:
    """Return the median seconds of one call of each work, taken in blocks of `count` by turns."""
    taken: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for work, times in zip(works, taken):
            times.append(seconds(work, count))
    return [statistics.median(times) for times in taken]


def median_seconds(work: Work, repeats: int) -> float:
    """Return the median time of several calls, after one that does not count."""
    work()
    return statistics.median(seconds(work) for _ in range(repeats))


def cpu_by_turns(*works: Work, rounds: int) -> list[float]:
    """Return the median processor time of a call of each work, which take turns.

    It is that of all threads of this process; the first call of each does not count.
    """
    taken: list[list[float]] = [[] for _ in works]
    for number in range(rounds + 1):
        for work, times in zip(works, taken):
            start = time.process_time()
            work()
            if number:
                times.append(time.process_time() - start)
    return [statistics.median(times) for times in taken]


def show(part: Part) -> None:
    """Print the rows of a part."""
    for what, figure, remark in part.rows:
        print(f"  {what:<50} {figure:>12}  {remark}", flush=True)
