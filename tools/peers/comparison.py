"""Peers and ours on the same pictures: the commands that time them, medians of rounds, tables."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from allinone import engines
from allinone.errors import InputError
from evaluate import photographs
from evaluate.photographs import Found
from tools.peers import environment
from tools.peers.given import Given

HERE, OURS = os.path.dirname(os.path.abspath(__file__)), "ours"
LEAST_FACE = 40  # pixels; dlib finds none that is smaller in a doubled picture
OVERLAP = 0.3  # our choice: IoU above which a detection is a face: everybody frames faces otherwise

Pictures = dict[str, dict[str, Any]]  # {picture: {seconds, faces: [[x1, y1, x2, y2, score]]}}


def commands(
    out: str, model: str, installed: Iterable[str], lists: dict[str, str]
) -> dict[str, tuple[list[str], str | None]]:
    """Return {who: (command that prints figures, its folder)} of all that can be timed."""
    found = {}
    for engine in engines.usual_on_cpu():
        line = [sys.executable, "-m", "tools.peers.ours", "--model", model, "--engine", engine]
        found[f"{OURS}, {engine}"] = ([*line, lists["png"]], None)
    script, python = os.path.join(HERE, "measure.py"), os.path.abspath(environment.python_of(out))
    for peer in environment.PYTHON:
        if peer in installed:
            found[peer] = ([python, script, peer, lists["png"]], None)
    if environment.FACE_API in installed:
        line = ["node", os.path.join(HERE, "face_api.js"), lists["rgb"]]
        found[environment.FACE_API] = (line, environment.node_folder(out))
    return found


def told(who: str, how: tuple[list[str], str | None]) -> dict[str, Any]:
    """Return what a command's last line says, run on one core."""
    line, folder = how
    core = min(os.sched_getaffinity(0))
    done = subprocess.run(
        ["taskset", "--cpu-list", str(core), *line], cwd=folder, stdout=subprocess.PIPE, text=True
    )
    if done.returncode:
        raise InputError(f"{who}: {' '.join(line)} ended with code {done.returncode}")
    return json.loads(done.stdout.splitlines()[-1])


def named(who: str, said: dict[str, Any]) -> str:
    """Return the name of a column: ours, or a peer with its version."""
    return who if who.startswith(OURS) else f"{who} {said['version']}"


def medians(rounds: Sequence[dict[str, Pictures]]) -> dict[str, Pictures]:
    """Return {who: pictures} with the median of the rounds' seconds."""
    found: dict[str, Pictures] = {}
    for who, pictures in rounds[0].items():
        found[who] = {}
        for name, first in pictures.items():
            taken = [one[who][name]["seconds"] for one in rounds]
            found[who][name] = dict(seconds=statistics.median(taken), faces=first["faces"])
    return found


def table(found: dict[str, Pictures], given: Sequence[Given]) -> str:
    """Return the made pictures as a table in Markdown: a row a picture, a column for each."""
    lines = [
        f"| CPU seconds (faces found) | {' | '.join(found)} |",
        "|---" * (len(found) + 1) + "|",
    ]
    for one in given:
        told = [pictures[one.name] for pictures in found.values()]
        cells = [f"{each['seconds']:.3f} ({len(each['faces'])})" for each in told]
        lines.append(f"| {one.name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def judged(pictures: Pictures, given: Sequence[Given]) -> dict[str, float]:
    """Return what a program does with photographs whose faces are known.

    seconds, alone: the median of a photograph, and of one with one face; found, false: detections
    that are faces from LEAST_FACE pixels on, and that are none; faces: how many there are.
    """
    found = []
    for one in given:
        told = np.float64(pictures[one.name]["faces"]).reshape(-1, 5)
        found.append(Found(np.float32(told[:, :4]), told[:, 4]))
    known = [(one.name, one.faces) for one in given]
    counted = photographs.count(known, found, LEAST_FACE, OVERLAP)
    taken = [pictures[one.name]["seconds"] for one in given]
    alone = [pictures[one.name]["seconds"] for one in given if len(one.faces) == 1]
    return dict(
        seconds=statistics.median(taken),
        alone=statistics.median(alone or taken),
        found=sum(counted.true),
        false=len(counted.true) - sum(counted.true),
        faces=counted.faces,
    )


def table_of_photographs(found: dict[str, Pictures], given: Sequence[Given]) -> str:
    """Return what `judged` says as a table in Markdown: a row for each program."""
    lines = [
        f"| {len(given)} photographs | CPU seconds, median | with one face | faces found "
        "| false detections | false, a photograph |",
        "|---|---|---|---|---|---|",
    ]
    for who, pictures in found.items():
        one = judged(pictures, given)
        times = f"{one['seconds']:.3f} | {one['alone']:.3f}"
        faces = f"{one['found']} of {one['faces']}"
        lines.append(
            f"| {who} | {times} | {faces} | {one['false']} | {one['false'] / len(given):.2f} |"
        )
    return "\n".join(lines) + "\n"
