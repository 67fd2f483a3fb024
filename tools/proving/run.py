"""Do the steps of a proof: each in a process of its own, kept where nothing has changed."""

from __future__ import annotations

import contextlib
import datetime
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from allinone import closure, device, files, folders, profiles, reading
from allinone.errors import InputError
from tools.proving import commands, page, steps
from tools.proving.job import DRAWN, NOT_RUN, PEAK, WRONG, Job
from tools.proving.steps import Step

PASSED, FAILED = "passed", "failed"  # states of a step, beside NOT_RUN
STEP_COMMAND = "tools.prove_gpu_step"
REPORT, PAGE, STEPS = "report.json", "index.html", "steps"
LIMIT = 1800  # our choice: seconds after which a step hangs; on two slow cores one takes minutes
KIND = folders.Kind(
    "proof of a machine",
    (REPORT, PAGE, STEPS, *profiles.PROFILES, DRAWN, PEAK),
    is_marked=True,
)

Result = dict[str, Any]  # of a step: name, title, state, sentence, seconds, rows, figures, key


def prove(job: Job) -> int:
    """Do all steps and write the report after each; return how many failed."""
    folders.claim(job.out, KIND)
    results: dict[str, Result] = {}
    with folders.only_one(job.path(STEPS)):
        for step in steps.all_steps(job.profiles):
            results[step.name] = result = do(step, job, results)
            show(result)
            write_report(job, results)
    return sum(result["state"] == FAILED for result in results.values())


def do(step: Step, job: Job, results: dict[str, Result]) -> Result:
    """Return the result of a step: kept, not run, or of its process."""
    missing = [name for name in step.needs if results[name]["state"] != PASSED]
    why = f"not run: it needs '{results[missing[0]]['title']}'" if missing else ""
    why = why or (step.left_out(job) if step.left_out else "")
    if why:
        return result_of(step, NOT_RUN, why)
    key, path = key_of(step, job, results), job.path(STEPS, f"{step.name}.json")
    earlier = kept(step, job, path, key)
    if earlier:
        return dict(earlier, kept=True)
    with contextlib.suppress(FileNotFoundError):
        os.remove(path)
    result = in_own_process(step, job)
    files.write_json(path, dict(result, key=key))
    return result


def result_of(step: Step, state: str, sentence: str = "", seconds: float = 0.0, **more) -> Result:
    """Return a result."""
    base = dict(name=step.name, title=step.title, state=state, sentence=sentence)
    return dict(base, seconds=round(seconds, 1), kept=False, **{"rows": [], "figures": {}, **more})


def key_of(step: Step, job: Job, results: dict[str, Result]) -> dict[str, Any]:
    """Return all that a step's result depends on."""
    machine = results["machine"]["figures"] if step.name != "machine" else time.time()
    return dict(
        gpu=job.gpu if step.on_device else "",
        iterations=job.iterations,
        profiles=list(job.profiles),
        machine=machine if step.on_device else "",  # of itself the time: it is done each time
        code=closure.hashes([step.module]),
    )


def kept(step: Step, job: Job, path: str, key: dict[str, Any]) -> Result | None:
    """Return an earlier result of a step that still holds, or None."""
    if not os.path.isfile(path) or not os.path.exists(job.path(step.leaves)):
        return None
    try:
        earlier = reading.read_json(path, "it is done again", dict)
    except InputError:
        return None
    holds = earlier.get("key") == key and earlier.get("state") == PASSED
    return earlier if holds else None


def in_own_process(step: Step, job: Job) -> Result:
    """Run a step; its output goes into its log."""
    found, start = job.path(STEPS, f"{step.name}.found.json"), time.monotonic()
    command = [sys.executable, "-m", STEP_COMMAND, step.name, "--out", job.out, "--gpu", job.gpu]
    command += ["--iterations", str(job.iterations), "--profile", *job.profiles]
    with contextlib.suppress(FileNotFoundError):
        os.remove(found)
    print(f"{step.title} ...", end=" ", flush=True)
    environment = commands.environment(step.profile or profiles.PAPER.name)
    environment["PYTHONUNBUFFERED"] = "1"  # so that an error is the last line of the log
    code, said = call(command, job.path(STEPS, f"{step.name}.log"), environment)
    seconds = time.monotonic() - start
    if code or not os.path.isfile(found):
        return result_of(step, FAILED, said.removeprefix("error: "), seconds)
    parts = reading.read_json(found, "run again", dict)
    os.remove(found)
    return result_of(step, *state_of(parts["rows"]), seconds, **parts)


def state_of(rows: list[dict[str, str]]) -> tuple[str, str]:
    """Return (state, sentence) of a step by its rows."""
    wrong = [row["what"] for row in rows if row["state"] == WRONG]
    if wrong:
        return FAILED, f"wrong: {'; '.join(wrong)}"
    if all(row["state"] == NOT_RUN for row in rows):
        return NOT_RUN, rows[0]["beside"]
    return PASSED, ""


def call(
    command: list[str], log: str, environment: dict[str, str] | None = None
) -> tuple[int, str]:
    """Run a command with a log; return its exit code and its last words.

    All that it has started ends with it, and with this process where that is stopped.
    """
    os.makedirs(os.path.dirname(log), exist_ok=True)
    with open(log, "w", encoding="utf-8") as stream, group(command, stream, environment) as process:
        try:
            code = process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            return 1, f"it has not ended after {LIMIT} s, and was stopped"
    with open(log, encoding="utf-8", errors="replace") as stream:
        return code, device.last_words(stream.read())


@contextlib.contextmanager
def group(command: list[str], stream, environment) -> Iterator[subprocess.Popen]:
    """Start a command in a group of processes that is ended with the block."""
    process = subprocess.Popen(
        command,
        stdout=stream,
        stderr=subprocess.STDOUT,
        env=environment,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def show(result: Result) -> None:
    """Print how a step ended."""
    if result["kept"]:
        print(f"{result['title']} ... {result['state']} before, kept")
    elif result["state"] == NOT_RUN:
        said = "" if result["seconds"] else f"{result['title']} ... "
        print(f"{said}{result['sentence']}")
    else:
        print(f"{result['state']} in {result['seconds']:.0f} s")
    if result["state"] == FAILED:
        print(f"  {result['sentence']}")
    sys.stdout.flush()


def write_report(job: Job, results: dict[str, Result]) -> None:
    """Write report.json and the page."""
    every = steps.all_steps(job.profiles)
    rest = [step for step in every if step.name not in results]
    waiting = [result_of(step, NOT_RUN, "not run yet") for step in rest]
    told = [*results.values(), *waiting]
    for result in told:
        result.pop("key", None)
    report = dict(
        date=datetime.datetime.now().isoformat(" ", "minutes"),
        device=job.used,
        gpu=job.gpu,
        iterations=job.iterations,
        profiles=list(job.profiles),
        passed=not rest and all(result["state"] != FAILED for result in told),
        seconds=round(sum(result["seconds"] for result in told), 1),
        steps=told,
    )
    files.write_json(job.path(REPORT), report)
    with files.replacing(job.path(PAGE)) as stream:
        stream.write(page.page(report))
