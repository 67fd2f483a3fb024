"""Clients of a service on this machine, and what they see of it."""

import collections
import contextlib
import http.client
import itertools
import os
import re
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field

import cv2
import numpy as np
from skimage import data

from allinone import closure
from allinone.errors import InputError

ANSWERS = re.compile(r"http://(\S+) answers")
SAMPLES = 60  # of the memory, over the whole time
SETTLED = 0.2  # share of the time after which the memory must not grow any more
GROWTH = 1.1  # our choice: what the memory may be at the end, beside what it was when settled
LONG = 60  # seconds; in a shorter run the memory still settles, and is not judged
PATIENCE = 120  # seconds for one answer


@dataclass
class Service:
    """A service that runs."""

    process: subprocess.Popen
    address: str

    def memory(self):
        """Return MiB that are resident."""
        with open(f"/proc/{self.process.pid}/statm", encoding="ascii") as stream:
            return int(stream.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


@dataclass
class Seen:
    """What the clients have seen."""

    seconds: float = 0.0  # of the whole run
    times: list = field(default_factory=list)  # seconds of each answer
    failed: collections.Counter = field(default_factory=collections.Counter)  # {why: how often}
    memory: list = field(default_factory=list)  # MiB, evenly spaced


@contextlib.contextmanager
def service(options):
    """Start `allinone serve` at a free port of this machine, and end it."""
    command = [sys.executable, "-m", "allinone", "serve", "--port", "0", *options]
    with subprocess.Popen(command, cwd=closure.ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            found = next(filter(None, map(ANSWERS.match, process.stdout)), None)
            if found is None:
                raise InputError("the service has not started; its message stands above")
            yield Service(process, found.group(1))
        finally:
            process.terminate()


def pictures():
    """Return (path, bytes) of requests by turns: photographs of several sizes, one no picture."""
    photo = np.ascontiguousarray(data.astronaut()[..., ::-1])
    found = []
    for path, side in (("/analyze", 128), ("/find", 192), ("/analyze?answer=picture", 256)):
        picture = cv2.resize(photo, (side, side), interpolation=cv2.INTER_AREA)
        found.append((path, cv2.imencode(".jpg", picture)[1].tobytes()))
    return [*found, ("/analyze", b"no picture")]


def run(running, clients, seconds):
    """Let clients ask for some seconds; return what was seen."""
    asked, seen, threads = pictures(), Seen(), []
    start = time.monotonic()
    end = start + seconds
    for number in range(clients):
        turn = asked[number % len(asked) :] + asked[: number % len(asked)]
        threads.append(threading.Thread(target=_ask, args=(running, turn, end, seen)))
    for thread in threads:
        thread.start()
    while not seen.memory or time.monotonic() < end:
        seen.memory.append(running.memory())
        time.sleep(min(seconds / SAMPLES, max(0, end - time.monotonic())))
    for thread in threads:
        thread.join()
    seen.seconds = time.monotonic() - start
    return seen


def _ask(running, turn, end, seen):
    """Ask one thing after the other, at least one, on one connection."""
    connection = http.client.HTTPConnection(running.address, timeout=PATIENCE)
    with contextlib.closing(connection):
        for path, body in itertools.cycle(turn):
            _ask_once(connection, path, body, seen)
            if time.monotonic() >= end:
                return


def _ask_once(connection, path, body, seen):
    start = time.monotonic()
    try:
        connection.request("POST", path, body)
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException) as error:
        seen.failed[type(error).__name__] += 1
        connection.close()
        return
    expected = 200 if len(body) > 100 else 422
    if answer.status == expected:
        seen.times.append(time.monotonic() - start)
    else:
        seen.failed[f"status {answer.status}"] += 1


def settled_memory(seen):
    """Return MiB (after the first part of the run, at its end), each the median of some samples."""
    first = int(len(seen.memory) * SETTLED)
    some = max(1, len(seen.memory) // 10)
    return np.median(seen.memory[first : first + some]), np.median(seen.memory[-some:])


def is_well(seen):
    """Tell whether nothing failed and the memory has not grown."""
    before, after = settled_memory(seen)
    has_grown = seen.seconds >= LONG and after > before * GROWTH
    return bool(seen.times) and not seen.failed and not has_grown


def in_words(seen):
    """Return lines for people."""
    half, nearly_all = np.percentile(seen.times, [50, 99]) if seen.times else (0, 0)
    before, after = settled_memory(seen)
    failed = ", ".join(f"{count} times {why}" for why, count in seen.failed.items())
    return [
        f"  answers       {len(seen.times)}, {len(seen.times) / seen.seconds:.1f} a second",
        f"  failed        {failed or 'none'}",
        f"  p50, p99      {half:.2f} s, {nearly_all:.2f} s",
        f"  memory        {before:.0f} MiB, at the end {after:.0f} MiB",
    ]
