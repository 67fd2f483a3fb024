"""One command killed at random moments until it has ended; what it leaves is compared."""

from __future__ import annotations

import contextlib
import fnmatch
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field

from allinone import files, folders
from allinone.errors import InputError
from tools.killing.commands import COMMANDS, Killed

# Of these no two runs leave the same: locks, times of day, what Caffe writes before it is whole.
OTHERWISE = ("*.lock", "*/lock.mdb", "*/tensorboard/*", "*/snapshots/partial/*")
INPUTS = "inputs"  # folder of the inputs, unless another is named
PATIENCE = 120.0  # seconds, and 20 times those of a run that is not killed: longer is a hang


@dataclass
class Tally:
    """What came of the kills of a command."""

    seconds: float  # of a run that is not killed
    kills: int = 0
    same: int = 0  # runs that ended with the bytes of one that was not killed
    runs: int = 0
    problems: list[str] = field(default_factory=list)


def start(arguments: list[str], log: str) -> subprocess.Popen:
    """Start a command of the kit in a session of its own; what it prints goes to a file."""
    with open(log, "w", encoding="utf-8") as stream:
        return subprocess.Popen(
            [sys.executable, "-m", *arguments],
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def ended_within(process: subprocess.Popen, seconds: float) -> bool:
    """Tell whether a process ends within some seconds."""
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def descendants(pid: int) -> list[int]:
    """Return the processes that a process has started, and those that they have."""
    found = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children", encoding="ascii") as stream:
                for child in map(int, stream.read().split()):
                    found += [child, *descendants(child)]
    return found


def kill(process: subprocess.Popen, with_its_own: bool) -> None:
    """Kill a process, alone or with all that it has started, as when the power fails."""
    others = descendants(process.pid) if with_its_own else []
    process.kill()
    for pid in others:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()


def left(work: str) -> dict[str, str]:
    """Return {path: hash} of what stands in a folder."""
    found = {}
    for folder, _, names in os.walk(work):
        for name in names:
            path = os.path.join(folder, name)
            if not any(fnmatch.fnmatch(path, pattern) for pattern in OTHERWISE):
                found[os.path.relpath(path, work)] = files.sha256(path)
    return found


def differences(expected: dict[str, str], found: dict[str, str]) -> str:
    """Return in words which files differ, "" where none does."""
    missing = sorted(set(expected) - set(found))
    more = sorted(set(found) - set(expected))
    other = sorted(name for name in found if expected.get(name, found[name]) != found[name])
    parts = []
    for what, names in (("missing", missing), ("left over", more), ("other bytes", other)):
        if names:
            parts.append(f"{what}: {', '.join(names[:5])}")
    return "; ".join(parts)


def name_of(one: Killed) -> str:
    """Return the name of a command's folder; its log is called the same."""
    return one.name.replace(" ", "_").replace(":", "").replace(",", "")


KIND = folders.Kind(
    "folder of killed commands",
    holds=(INPUTS, *map(name_of, COMMANDS), *(f"{name_of(one)}.log" for one in COMMANDS)),
    is_marked=True,
)


class Trials:
    """The trials of one command, all in the same folder, so that paths are the same."""

    def __init__(self, one: Killed, inputs: str, out: str, seed: int) -> None:
        """Take the command, the folder of the inputs, that for its work, and the seed."""
        self.one, self.inputs = one, inputs
        self.work = os.path.join(out, name_of(one))
        self.log = f"{self.work}.log"
        self.rng = random.Random(f"{seed} {one.name}")
        self.arguments = one.arguments(inputs, self.work)

    def fresh(self) -> None:
        """Make its folder anew, with copies of the inputs that it changes."""
        shutil.rmtree(self.work, ignore_errors=True)
        os.makedirs(self.work)
        for name in self.one.changes:
            shutil.copytree(os.path.join(self.inputs, name), os.path.join(self.work, name))

    def said(self) -> str:
        """Return the end of what the command has printed."""
        with open(self.log, encoding="utf-8", errors="replace") as stream:
            return stream.read()[-1000:]

    def uninterrupted(self) -> tuple[float, dict[str, str]]:
        """Return (seconds, what it leaves) of a run that is not killed."""
        self.fresh()
        begun = time.monotonic()
        process = start(self.arguments, self.log)
        try:
            if process.wait():
                raise InputError(f"{self.one.name} failed without a kill: {self.said()}")
        finally:
            kill(process, with_its_own=True)
        return time.monotonic() - begun, left(self.work)

    def run(self, kills: int) -> Tally:
        """Kill the command so many times; each run is killed once or more, then ends."""
        seconds, expected = self.uninterrupted()
        tally = Tally(seconds)
        tries = 0
        while tally.kills < kills and tries < 4 * kills:
            tries += 1
            self.trial(tally, min(self.rng.choice((1, 2, 3)), kills - tally.kills), expected)
        return tally

    def trial(self, tally: Tally, most: int, expected: dict[str, str]) -> None:
        """Kill one run up to `most` times, let it end, and compare."""
        self.fresh()
        moments, kills, ended = [], 0, False
        while kills < most and not ended:
            process = start(self.arguments, self.log)
            try:
                moments.append(round(self.rng.uniform(0, tally.seconds), 2))
                ended = ended_within(process, moments[-1])
            finally:
                kill(process, with_its_own=self.rng.random() < 0.5)
            kills += not ended
        if not kills:
            return
        if not ended:
            process = start(self.arguments, self.log)
            try:
                ended = ended_within(process, PATIENCE + 20 * tally.seconds)
            finally:
                kill(process, with_its_own=True)
        tally.kills += kills
        tally.runs += 1
        problem = f"exit code {process.returncode}: {self.said()}" if process.returncode else ""
        problem = problem or differences(expected, left(self.work))
        if problem:
            tally.problems.append(f"{self.one.name}, killed after {moments} s: {problem}")
        else:
            tally.same += 1
