"""Run commands of the kit, and functions in processes of their own, from within a step."""

from __future__ import annotations

import concurrent.futures
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from allinone import device, profiles
from allinone.errors import InputError
from tools.recipes.options import BLAS_THREADS


def environment(profile: str) -> dict[str, str]:
    """Return the environment of a command: a small net gets slower with more BLAS threads."""
    threads = {} if profile == profiles.PAPER.name else {BLAS_THREADS: "1"}
    return {**os.environ, **threads}


def run(profile: str, *command: str) -> str:
    """Run a command of the kit; return what it printed. InputError where it fails."""
    done = subprocess.run(
        [sys.executable, "-m", *command],
        capture_output=True,
        text=True,
        env=environment(profile),
        check=False,
    )
    print(f"python -m {' '.join(command)}\n{done.stdout}{done.stderr}", flush=True)
    if done.returncode:
        said = device.last_words(done.stderr).removeprefix("error: ")
        raise InputError(f"{command[0]} ended with code {done.returncode}: {said}")
    return done.stdout


def in_process(apart: bool, function: Callable, *arguments: Any) -> Any:
    """Return function(*arguments); apart: run it in a process of its own.

    That is for GPUs: libraries that bring a CUDA each would share parts of one, and an abort would
    end the step. InputError where the process is ended, or the function raises anything.
    """
    try:
        if not apart:
            return function(*arguments)
        context = multiprocessing.get_context("spawn")
        with concurrent.futures.ProcessPoolExecutor(1, context) as pool:
            return pool.submit(function, *arguments).result()
    except InputError:
        raise
    except concurrent.futures.process.BrokenProcessPool:
        raise InputError("its process was ended; why stands in the step's log") from None
    except Exception as error:  # any library's own
        raise InputError(f"{type(error).__name__}: {error}") from None
