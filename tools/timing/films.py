"""Frames a second of a video file through the command that analyzes it, on all cores."""

from __future__ import annotations

import functools
import itertools
import os
import subprocess
import sys
import tempfile

import cv2

from allinone.errors import InputError
from tools.timing import search
from tools.timing.clock import Part, by_turns

SHORT, LONG = 20, 220  # frames of two films, whose difference is free of the command's start
TURNS = 3
RATE = 25  # frames a second of the film, which its analysis should reach
SEARCHES = (1, 5)  # in every n-th frame faces are searched for


def write_film(path: str, count: int) -> None:
    """Write a video of some frames, of one face that moves."""
    frames = search.video()
    there_and_back = itertools.cycle([*frames, *reversed(frames)])
    height, width = frames[0].shape[:2]
    writer = cv2.VideoWriter(path, cv2.VideoWriter_fourcc(*"mp4v"), RATE, (width, height))
    for frame in itertools.islice(there_and_back, count):
        writer.write(frame)
    writer.release()


def analyze(model: str, film: str, search_every: int) -> None:
    """Analyze a film as a user does, into a folder that is removed."""
    with tempfile.TemporaryDirectory() as out:
        line = ["tools.analyze", film, "--model", model, "--without-pictures", "--out", out]
        line += ["--search-every", str(search_every)]
        done = subprocess.run([sys.executable, "-m", *line], stdout=subprocess.DEVNULL)
        if done.returncode:
            raise InputError(f"tools.analyze {film} ended with code {done.returncode}")


def film_rate(model: str) -> Part:
    """Count frames a second, by turns of a short film and a long one, and of SEARCHES."""
    with tempfile.TemporaryDirectory() as folder:
        films = [os.path.join(folder, f"{count}.mp4") for count in (SHORT, LONG)]
        for film, count in zip(films, (SHORT, LONG)):
            write_film(film, count)
        runs = list(itertools.product(SEARCHES, films))
        works = [functools.partial(analyze, model, film, every) for every, film in runs]
        taken = dict(zip(runs, by_turns(*works, rounds=TURNS)))
    rows, rates = [], {}
    for every in SEARCHES:
        shorter, longer = (taken[every, film] for film in films)
        rates[every] = (LONG - SHORT) / (longer - shorter)
        remark = f"one face, {os.cpu_count()} cores; real time is {RATE}/s"
        rows.append((f"640x480 film, --search-every {every}", f"{rates[every]:.1f}/s", remark))
    return Part(rows, dict(film_rates=rates))
