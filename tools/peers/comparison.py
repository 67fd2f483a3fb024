"""Peers and ours on the same pictures: the commands that time them, medians of rounds, a table."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys

import cv2

from allinone import files
from allinone.errors import InputError
from tools.peers import environment
from tools.timing import search

HERE, OURS = os.path.dirname(os.path.abspath(__file__)), "ours"
REPEATS = 5  # calls of a round, as of tools.timing.search


def write_pictures(folder):
    """Write the pictures, PNG and raw RGB, and lists of them; return {kind: path of the list}."""
    os.makedirs(folder, exist_ok=True)
    listed = {"png": [], "rgb": []}
    for number, case in enumerate(case for case in search.cases() if len(case.images) == 1):
        image, place = case.images[0], os.path.join(os.path.abspath(folder), str(number))
        cv2.imwrite(f"{place}.png", image)
        with files.replacing(f"{place}.rgb", "wb") as stream:
            stream.write(cv2.cvtColor(image, cv2.COLOR_BGR2RGB).tobytes())
        size = dict(width=image.shape[1], height=image.shape[0])
        for kind, some in listed.items():
            some.append(dict(name=case.name, path=f"{place}.{kind}", **size))
    paths = {}
    for kind, some in listed.items():
        paths[kind] = os.path.join(os.path.abspath(folder), f"{kind}.json")
        files.write_json(paths[kind], some)
    return paths


def commands(out, model, installed, lists):
    """Return {who: (command that prints figures, its folder)} of all that can be timed."""
    found = {OURS: ([sys.executable, "-m", "tools.bench_search", "--model", model], None)}
    for peer in environment.PYTHON:
        script = os.path.join(HERE, "measure.py")
        python = os.path.abspath(environment.python_of(out))
        found[peer] = ([python, script, peer, str(REPEATS), lists["png"]], None)
    script = os.path.join(HERE, "face_api.js")
    there = environment.node_folder(out)
    found[environment.FACE_API] = (["node", script, str(REPEATS), lists["rgb"]], there)
    return {who: how for who, how in found.items() if who in installed}


def told(who, how):
    """Return what a command's last line says, run on one core."""
    line, folder = how
    core = min(os.sched_getaffinity(0))
    done = subprocess.run(
        ["taskset", "--cpu-list", str(core), *line], cwd=folder, stdout=subprocess.PIPE, text=True
    )
    if done.returncode:
        raise InputError(f"{who}: {' '.join(line)} ended with code {done.returncode}")
    return json.loads(done.stdout.splitlines()[-1])


def pictures_of(who, said):
    """Return {who, of us with the engine: {picture: {seconds, faces}}} of what a command said."""
    if who != OURS:
        return {f"{who} {said['version']}": said["pictures"]}
    found = {}
    for name, figures in said["pictures"].items():
        picture, engine = name.rsplit(", ", 1)
        found.setdefault(f"{OURS}, {engine}", {})[picture] = figures
    return found


def medians(rounds):
    """Return {who: {picture: {seconds, faces}}}, the medians over rounds."""
    found = {}
    for who, pictures in rounds[0].items():
        found[who] = {}
        for name, first in pictures.items():
            taken = [one[who][name]["seconds"] for one in rounds]
            found[who][name] = dict(seconds=statistics.median(taken), faces=first["faces"])
    return found


def table(found):
    """Return the figures as a table in Markdown: a row a picture, a column for each."""
    names = list(dict.fromkeys(name for pictures in found.values() for name in pictures))
    lines = [
        f"| CPU seconds (faces found) | {' | '.join(found)} |",
        "|---" * (len(found) + 1) + "|",
    ]
    for name in names:
        cells = []
        for pictures in found.values():
            one = pictures.get(name)
            cells.append(f"{one['seconds']:.3f} ({one['faces']:g})" if one else "–")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
