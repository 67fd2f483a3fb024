"""Models: damaged files of a model's folder, and hostile ones whose hashes fit."""

from __future__ import annotations

import json
import math
import os
import pathlib
import random
import re

from allinone import files, model
from tools.fuzzing import answers, damage, odd_files
from tools.fuzzing.case import Case, Finished, FuzzClass
from tools.fuzzing.world import World

ENGINES = ("opencv", "opencv", "caffe", "onnxruntime")
NETS = tuple(net for net, _ in model.NETS)
WEIGHTS = tuple(weights for _, weights in model.NETS)
NUMBERS = ("0", "-1", "2", "1000", "1000000", "40000", "2147483647", "99999999999", "x", "1e9")
TYPES = ("Python", "Data", "HDF5Data", "ImageData", "MemoryData", "Nothing", "Split", "Slice", "")
FREE = ("score", "score_from", "profile")  # of model.json: anybody may set them
SPY = "fuzz_spy"  # a module that leaves a file where it is imported


def _text(rng: random.Random, text: str) -> tuple[str, str]:
    """Return (what was done, text) of a net's definition with one thing changed."""
    lines = text.splitlines(keepends=True)
    numbered = [place for place, line in enumerate(lines) if re.search(r": *[\d.]+$", line)]
    typed = [place for place, line in enumerate(lines) if re.search(r'\btype: "', line)]
    kind = rng.randrange(7)
    if kind <= 2:
        place, value = rng.choice(numbered), rng.choice(NUMBERS)
        lines[place] = re.sub(r": *[\d.]+$", f": {value}", lines[place])
    elif kind == 3:
        place, value = rng.choice(typed), rng.choice(TYPES)
        lines[place] = re.sub(r'type: "\w*"', f'type: "{value}"', lines[place])
    elif kind == 4:
        place = rng.randrange(len(lines))
        lines[place] *= 2
    elif kind == 5:
        place = rng.randrange(len(lines))
        lines[place] = ""
    else:
        place = len(lines)
        spy = f'python_param {{ module: "{SPY}" layer: "Spy" }}'
        lines.append(f'layer {{ name: "spy" type: "Python" bottom: "data" top: "spy" {spy} }}\n')
        lines.append("")
    return f"line {place + 1}: {lines[place].strip()[:40]}", "".join(lines)


def _replace(path: str, data: bytes) -> None:
    """Write a file anew: what stands there is a link to a healthy one."""
    os.remove(path)
    with open(path, "wb") as stream:
        stream.write(data)


def _bend(rng: random.Random, folder: str, name: str) -> str:
    """Damage a file of a model; return what was done."""
    path = os.path.join(folder, name)
    data = pathlib.Path(path).read_bytes()
    if name in NETS and rng.random() < 0.8:
        what, text = _text(rng, data.decode())
        changed = text.encode()
    elif name == model.ABOUT and rng.random() < 0.8:
        what, text = damage.of_json(rng, data.decode())
        changed = text.encode()
    else:
        what, changed = damage.of_bytes(rng, data)
    _replace(path, changed)
    return what


def _sign(folder: str, name: str) -> None:
    """Make the hash of a hostile file fit."""
    about = json.loads(pathlib.Path(folder, model.ABOUT).read_bytes())
    about["files"][name] = files.sha256(os.path.join(folder, name))
    _replace(os.path.join(folder, model.ABOUT), json.dumps(about).encode())


def _is_free(folder: str, healthy: str) -> bool:
    """Tell whether model.json differs only where anybody may change it, or in its stages."""
    with open(os.path.join(healthy, model.ABOUT), encoding="utf-8") as stream:
        before = json.load(stream)
    try:
        with open(os.path.join(folder, model.ABOUT), encoding="utf-8") as stream:
            after = json.load(stream)
        return all(before[key] == after[key] for key in before if key not in FREE)
    except (ValueError, KeyError, TypeError, RecursionError):
        return False


def _odd_number(value) -> bool:
    """Tell whether JSON holds a number that is none; the kit's library writes it as null."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return any(map(_odd_number, value))
    return value is None or (isinstance(value, float) and not math.isfinite(value))


def make(world: World, rng: random.Random, folder: str) -> Case:
    """Analyze a picture with a hostile model."""
    engine, picture = rng.choice(ENGINES), rng.choice(world.faces)
    place, out = world.copy_model(folder), os.path.join(folder, "out")
    names = (*NETS, *NETS, *WEIGHTS, model.ABOUT, model.ABOUT, model.PROVENANCE)
    name, is_signed = rng.choice(names), False
    path = os.path.join(place, name)
    if rng.random() < 0.05:
        os.remove(path)
        what = odd_files.put(rng, path)
    else:
        what = _bend(rng, place, name)
        is_signed = name not in (model.ABOUT, model.PROVENANCE) and rng.random() < 0.7
        if is_signed:
            _sign(place, name)
    with open(os.path.join(folder, f"{SPY}.py"), "w", encoding="utf-8") as stream:
        stream.write(f"open({os.path.join(folder, 'spied')!r}, 'w')\n")
    argv = ["tools.analyze", picture, "--model", place, "--engine", engine, "--smallest", "40"]

    def wrong(finished: Finished):
        if os.path.exists(os.path.join(folder, "spied")):
            return "code of the working directory was run"
        found = answers.without_image(answers.lines_in(out), os.path.basename(picture))
        if finished.code:
            return None
        if is_signed or (name == model.ABOUT and _is_free(place, world.model)):
            return "numbers that are none" if not found or _odd_number(found) else None
        same = answers.alike(found, answers.healthy(world, picture))
        return None if same else "other faces than by the undamaged model"

    what = f"{name}{' (hash fits)' if is_signed else ''}, {engine}: {what}"
    return Case(what, [*argv, "--without-pictures", "--out", out], (place,), wrong, ("out",))


CLASS = FuzzClass(
    name="models",
    about="models' folders: bytes and values damaged; definitions with other numbers, layers and "
    "types, Python layers among them, whose hashes fit; on all three engines",
    oracle="other faces than by the undamaged model, where the hash does not fit; where it does, "
    "numbers that are none; a module of the working directory was imported",
    share=13,
    make=make,
)
