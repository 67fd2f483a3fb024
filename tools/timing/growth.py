"""How time and memory grow with the number of pictures, through the analysis itself."""

from __future__ import annotations

import functools
import itertools
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence

from allinone.analysis import inputs, work
from allinone.analysis.crew import in_batches, write_down
from allinone.analysis.settings import Settings
from allinone.errors import InputError
from allinone.growing import Growing
from allinone.many import analyze_files
from allinone.pictures import write_image
from allinone.progress import Progress
from tools.timing.clock import Part, by_turns, median_seconds
from tools.timing.pictures import ENGINE, REPEATS, SIZES, drawn_scenes

PICTURES, LESS = 80, 8
TURNS = 3  # of two_workers


def growth(model: str) -> Part:
    """Compare ten times as many pictures: time and memory."""
    taken, scenes = [], drawn_scenes(LESS)
    with tempfile.TemporaryDirectory() as folder:
        for count in (LESS, PICTURES):
            place = os.path.join(folder, str(count))
            for number in range(count):
                path = os.path.join(place, f"{number:04d}.jpg")
                write_image(path, scenes[number % LESS][0])
            taken.append(in_own_process(model, place))
            shutil.rmtree(place)
    less, more = taken
    time_ratio, memory_ratio = (more[name] / less[name] for name in ("seconds", "bytes"))
    memory = f"memory {less['bytes'] / 1e6:.0f} and {more['bytes'] / 1e6:.0f} MB"
    row = (f"{PICTURES} pictures beside {LESS}", f"{time_ratio:.2f} times", f"the time; {memory}")
    return Part([row], dict(scaling_ratio=time_ratio, scaling_memory_ratio=memory_ratio))


def two_workers(model: str) -> Part:
    """Compare one process with two on many pictures, by turns.

    A short run is taken from a long one, so that the start of the processes counts in neither.
    """
    scenes = drawn_scenes(LESS)
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(folder, f"{number:04d}.jpg") for number in range(PICTURES)]
        for path, (image, _) in zip(paths, itertools.cycle(scenes)):
            write_image(path, image)
        runs = list(itertools.product((1, 2), (LESS, PICTURES)))
        works = [functools.partial(_analyze, model, paths[:count], one) for one, count in runs]
        taken = dict(zip(runs, by_turns(*works, rounds=TURNS)))
    one, two = (taken[workers, PICTURES] - taken[workers, LESS] for workers in (1, 2))
    row = ("two processes beside one", f"{one / two:.2f} times", "as many pictures a second")
    return Part([row], dict(two_workers_speedup=one / two))


def _analyze(model: str, paths: Sequence[str], workers: int) -> None:
    for one in analyze_files(paths, workers, model_dir=model):
        if one.error:
            raise InputError(one.error)


def in_own_process(model: str, folder: str) -> dict[str, float]:
    """Return what `one_folder` returns in a process of its own.

    It says what its work took, without the start of Python, and its peak of memory, which never
    falls.
    """
    command = [sys.executable, "-m", "tools.bench_analysis", "--model", model, "--folder", folder]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def one_folder(model: str, folder: str) -> dict[str, float]:
    """Return what the analysis of a folder of pictures takes: seconds, and bytes at most."""
    pictures = inputs.expand([folder])[0]
    with tempfile.TemporaryDirectory() as out:
        settings = Settings(
            [folder], out, model, engine=ENGINE, smallest=SIZES[0], without_pictures=True
        )
        job = work.PictureWork(work.arguments_of(settings), settings=settings)
        batches = in_batches([work.Given(path) for path in pictures], settings.batch)
        with Growing(os.path.join(out, "lines"), None, {}) as growing:

            def analyze():
                write_down(job(batches), growing, Progress("pictures", len(pictures)))

            seconds = median_seconds(analyze, REPEATS)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return dict(seconds=seconds, bytes=peak)
