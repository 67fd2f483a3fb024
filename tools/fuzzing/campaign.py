"""Many cases: drawn from a seed, run on several cores, counted by class and outcome."""

from __future__ import annotations

import collections
import contextlib
import json
import os
import random
import shutil
import sys
import time
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import NamedTuple

from allinone.progress import Progress
from tools.fuzzing import case, child, verdict, world

BY_THEMSELVES = 50  # our choice: one case of so many is started as a process of its own
RESULTS = "results.jsonl"


class Name(NamedTuple):
    """What a case is made from again."""

    seed: int
    kind: str  # class
    number: int

    def __str__(self) -> str:
        return f"{self.seed}:{self.kind}:{self.number}"


@dataclass
class Result:
    """What came of a case."""

    name: str
    kind: str  # class
    outcome: str
    why: str
    what: str
    argv: Sequence[str]
    seconds: float


def drawn(seed: int, count: int, kinds: Sequence[str]) -> list[Name]:
    """Return the names of cases, the classes by their shares and mixed."""
    shares = {kind: case.load(kind).share for kind in kinds}
    whole, names = sum(shares.values()), []
    for kind, share in shares.items():
        some = max(1, round(count * share / whole))
        names += [Name(seed, kind, number) for number in range(some)]
    random.Random(seed).shuffle(names)
    return names


def run_one(healthy: world.World, name: Name, folder: str) -> tuple[Result, case.Finished]:
    """Make a case in a folder that is not there yet, run it, and say what came of it."""
    rng = random.Random(str(name))
    os.makedirs(folder)
    made = case.load(name.kind).make(healthy, rng, folder)
    by_itself = rng.randrange(BY_THEMSELVES) == 0
    before = verdict.state(folder)
    finished = child.run(made.argv, made.is_ordinary, by_itself, folder)
    found = verdict.of(made, finished, before, verdict.state(folder), folder)
    argv = [str(one) for one in made.argv]
    result = Result(str(name), name.kind, *found, made.what, argv, finished.seconds)
    return result, finished


def clear(folder: str) -> None:
    """Remove a case's folder, whatever rights its parts have."""
    for place, folders, _ in os.walk(folder):
        for name in folders:
            with contextlib.suppress(OSError):
                os.chmod(os.path.join(place, name), 0o700, follow_symlinks=True)
    shutil.rmtree(os.fsencode(folder))


def _work(healthy: world.World, names: Iterable[Name], out: str, results: str, end: float) -> None:
    """Run cases one after another, none after a time; add a line for each to a file."""
    for name in names:
        if time.monotonic() > end:
            return
        folder = os.path.join(out, str(name).replace(":", "-"))
        try:
            result, _ = run_one(healthy, name, folder)
        except Exception:  # one case that cannot be made does not stop the others
            why = traceback.format_exc()
            result = Result(str(name), name.kind, verdict.NOT_MADE, why, "", [], 0.0)
        clear(folder)
        with open(results, "a", encoding="utf-8") as stream:
            stream.write(json.dumps(asdict(result)) + "\n")


def read(results: str) -> list[Result]:
    """Return the results in a file."""
    with contextlib.suppress(FileNotFoundError), open(results, encoding="utf-8") as stream:
        return [Result(**json.loads(line)) for line in stream if line.endswith("\n")]
    return []


def run(
    healthy: world.World, names: Sequence[Name], out: str, cores: int, minutes: float
) -> list[Result]:
    """Run cases on some cores; return the results of those that were begun in so many minutes.

    Failures are printed as they come. RuntimeError where the fuzzer itself fails.
    """
    results, workers = os.path.join(out, RESULTS), []
    end = time.monotonic() + 60 * minutes
    sys.stdout.flush()
    for core in range(cores):
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                _work(healthy, names[core::cores], out, results, end)
                code = 0
            except BaseException:
                sys.excepthook(*sys.exc_info())
            finally:
                sys.stderr.flush()
                os._exit(code)
        workers.append(pid)
    _wait(workers, results, len(names))
    return read(results)


def _is_at_work(pid: int) -> bool:
    """Tell whether a worker is at work; RuntimeError where it has failed."""
    ended, status = os.waitpid(pid, os.WNOHANG)
    if ended and status:
        raise RuntimeError(f"a process of the fuzzer ended with {status}; its cases have no result")
    return not ended


def _wait(workers: Sequence[int], results: str, count: int) -> None:
    """Wait for the workers; show how far they are, and failures."""
    left, shown = list(workers), 0
    with Progress("cases", count) as progress:
        while left:
            left = [pid for pid in left if _is_at_work(pid)]
            found = read(results)
            for result in found[shown:]:
                progress.step()
                if result.outcome in verdict.BAD:
                    Progress.write(failure(result))
            shown = len(found)
            time.sleep(0.5 if left else 0)


def failure(result: Result) -> str:
    """Return a failure in words, with the command that shows it again."""
    return (
        f"  {result.outcome}: {result.what}; {result.why}\n"
        f"    python -m {' '.join(result.argv)}\n"
        f"    again: python -m tools.fuzz --only {result.name}"
    )


def table(results: Sequence[Result]) -> str:
    """Return a Markdown table of classes and outcomes."""
    columns = (*verdict.GOOD, *verdict.BAD)
    counts: dict[str, collections.Counter] = collections.defaultdict(collections.Counter)
    for result in results:
        counts[result.kind][result.outcome] += 1
        counts["all"][result.outcome] += 1
    kinds = sorted(set(counts) - {"all"}) + ["all"]
    rows = [("class", "cases", *columns)]
    for kind in kinds:
        row = counts[kind]
        rows.append((kind, f"{sum(row.values()):,}", *(f"{row[one]:,}" for one in columns)))
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(1, "|---|" + "---:|" * (len(columns) + 1))
    return "\n".join(lines)
