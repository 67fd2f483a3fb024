"""Steps of a recipe: commands of the kit, each run again only where what it depends on has changed.

A step is done again when one of its commands, what one of its inputs holds, or the code that it
runs has changed since it last ended well, or when an output is missing. As soon as a step ends it
is noted in a stamp, a file of its own: neither Ctrl-C nor kill -9 loses a finished step. (doit, of
PyPI, does as much, but writes its notes when the whole recipe ends.)
"""

from __future__ import annotations

import contextlib
import glob
import os
import shlex
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from allinone import closure, files, folders, reading
from allinone.errors import InputError
from allinone.interrupts import SIGNALLED, noted

STAMPS = "steps"  # folder of the stamps, in the recipe's folder
KIND = folders.Kind(
    "recipe",
    holds=("*.json",),
    proofs={"*.json": frozenset({"commands", "inputs", "code"})},
    is_marked=True,
)


@dataclass(frozen=True)
class Step:
    """Commands that are done together, and the files that they read and write."""

    name: str  # of its stamp, and for --until
    commands: Sequence[Sequence[str]]  # of each the module of the kit and its arguments
    inputs: Sequence[str] = ()  # files or patterns of files: what they hold counts
    outputs: Sequence[str] = ()  # files that it leaves
    says: str = ""  # printed before it begins


def _files(pattern: str) -> list[str]:
    """Return the files of a pattern; one that is not there yet is the business of its command.

    The signs of patterns are * and **: a bracket is part of a folder's name.
    """
    if os.path.isfile(pattern):
        return [pattern]
    return glob.glob(pattern.replace("[", "[[]"), recursive=True)


def state(step: Step, root: str = closure.ROOT) -> dict[str, Any]:
    """Return all that a step's result depends on."""
    inputs = sorted({path for pattern in step.inputs for path in _files(pattern)})
    return dict(
        commands=[list(command) for command in step.commands],
        inputs={path: files.sha256(path) for path in inputs},
        code=closure.hashes([command[0] for command in step.commands], root),
    )


class Stamp(TypedDict, total=False):
    """What a stamp says of the last time."""

    commands: list[list[str]]
    inputs: dict[str, str]
    code: dict[str, str]


def stamp_of(step: Step, folder: str) -> str:
    """Return the path of a step's stamp."""
    return os.path.join(folder, STAMPS, f"{step.name}.json")


def why(step: Step, folder: str, root: str = closure.ROOT) -> str:
    """Return why a step has to be done, in words; "" where it has been."""
    try:
        before = reading.read_json(stamp_of(step, folder), "it is written anew", Stamp)
    except InputError:
        return "it has not been done"
    missing = [path for path in step.outputs if not os.path.exists(path)]
    if missing:
        return f"{missing[0]} is missing"
    now = state(step, root)
    if before.get("commands") != now["commands"]:
        return "its command has changed"
    for kind in ("inputs", "code"):
        old, new = before.get(kind, {}), now[kind]
        changed = [path for path in sorted({*old, *new}) if old.get(path) != new.get(path)]
        if changed:
            return f"{changed[0]} has changed"
    return ""


def call(command: Sequence[str]) -> int:
    """Run a command of the kit to its end; return its exit code.

    SystemExit where Ctrl-C or SIGTERM asks this process to stop meanwhile, whatever the command
    makes of it: nothing else is begun.
    """
    running: list[subprocess.Popen] = []

    def pass_on(number: int) -> None:  # a terminal's Ctrl-C comes to the command by itself too
        for process in running:
            process.send_signal(number)

    with noted(pass_on) as asked:
        process = subprocess.Popen([sys.executable, "-m", *command])
        running.append(process)
        if asked():  # before the command could get it
            process.send_signal(asked())
        code = process.wait()
    if code < 0:
        print(f"error: {command[0]} was ended by signal {-code}; run again", file=sys.stderr)
        code = SIGNALLED - code
    if asked():
        sys.exit(SIGNALLED + asked())
    return code


def call_all(commands: Iterable[Sequence[str]]) -> int:
    """Run commands up to the first that fails; return its exit code, or 0."""
    for command in commands:
        code = call(command)
        if code:
            return code
    return 0


def _do(step: Step, folder: str) -> int:
    """Do a step and write its stamp; return the exit code of the command that failed, or 0."""
    stamp, about = stamp_of(step, folder), state(step)
    with contextlib.suppress(FileNotFoundError):
        os.remove(stamp)  # from here on its outputs are no longer those of the last time
    if step.says:
        print(step.says, flush=True)
    code = call_all(step.commands)
    if not code:
        files.write_json(stamp, about)
    return code


def run(steps: Sequence[Step], folder: str) -> int:
    """Do the steps that have to be done; return the exit code of the one that fails, or 0.

    folder: for the stamps. Two recipes never work in one folder at a time: the second waits.
    """
    stamps = os.path.join(folder, STAMPS)
    with folders.only_one(stamps):
        folders.claim(stamps, KIND)
        for step in steps:
            code = _do(step, folder) if why(step, folder) else 0
            if code:
                return code
    return 0


def show(steps: Sequence[Step], folder: str) -> None:
    """Print every step with its commands, and why it would be done."""
    for step in steps:
        reason = why(step, folder)
        print(f"{step.name}: {f'to do, since {reason}' if reason else 'done'}")
        for command in step.commands:
            print(f"  python -m {shlex.join(command)}")
