"""State files: what a stopped command has left and goes on from, damaged; reports of such."""

from __future__ import annotations

import json
import os
import random

from tools.fuzzing import answers, odd_files, world
from tools.fuzzing.case import Case, Finished, FuzzClass
from tools.fuzzing.world import ANALYZE, World

KEYS = ("figures", "counts", "deviations")  # of results.json: what was measured
DECIDE = ("records.jsonl", "pairs.jsonl")  # of a converted set: what its figures are made of
SCRIPT = "<script>alert(1)"


def _hurt(rng: random.Random, folder: str, names) -> str:
    """Damage one of some files in a folder; return what was done."""
    name = rng.choice([one for one in names if os.path.exists(os.path.join(folder, one))])
    return f"{name}: {odd_files.spoil(rng, os.path.join(folder, name))}"


def _analysis(healthy: World, rng: random.Random, folder: str) -> Case:
    """Go on with an analysis that was stopped."""
    out, pictures = os.path.join(folder, "out"), healthy.faces[:3]
    argv = [*ANALYZE, *pictures, "--without-pictures", "--out", out]
    healthy.run_well(argv)
    whole, partial = os.path.join(out, "faces.jsonl"), os.path.join(out, "faces.jsonl.partial")
    expected = world.lines_of(whole)
    with open(whole, encoding="utf-8") as stream:
        lines = stream.readlines()
    os.remove(whole)
    with open(partial, "w", encoding="utf-8") as stream:
        stream.writelines(lines[:2])
    what = _hurt(rng, out, ("faces.jsonl.partial", "faces.jsonl.partial", "settings.json"))

    def wrong(finished: Finished):
        same = finished.code or answers.lines_in(out) == expected
        return None if same else "another answer than that of the run that was not stopped"

    return Case(f"analyze, {what}", argv, (out,), wrong, ("out",))


def _figures(out: str):
    """Return the figures of a benchmark in a folder."""
    with open(os.path.join(out, "results.json"), encoding="utf-8") as stream:
        found = json.load(stream)
    return {key: found[key] for key in KEYS}


def _measured(healthy: World, rng: random.Random, folder: str) -> Case:
    """Go on with the predictions of a benchmark, or measure by those that are there."""
    out = healthy.copy("results/lfw", folder, "out")
    expected, place = _figures(out), os.path.join(out, "faces")
    if rng.random() < 0.5:
        path = os.path.join(place, "predictions.jsonl")
        with open(path, encoding="utf-8") as stream:
            lines = stream.readlines()
        with open(f"{path}.partial", "w", encoding="utf-8") as stream:
            stream.writelines(lines[: rng.randrange(1, len(lines))])
        os.remove(path)
    what = _hurt(rng, place, sorted(os.listdir(place)))
    argv = ["evaluate.measure", "lfw", "--data", healthy.path("lfw"), "--model", healthy.model]

    def wrong(finished: Finished):
        same = finished.code or _figures(out) == expected
        return None if same else "other figures than those of the run that was not stopped"

    argv += ["--engine", "opencv", "--out", out]
    return Case(f"measure, {what}", argv, (out,), wrong, ("out",))


def _is_json(path: str) -> bool:
    """Tell whether every line of a file is a JSON object or array."""
    try:
        return all(isinstance(one, (dict, list)) for one in world.lines_of(path))
    except (ValueError, RecursionError):
        return False


def _converted(healthy: World, rng: random.Random, folder: str) -> Case:
    """Measure on a converted set of which a file that the kit wrote is damaged."""
    data, out = healthy.copy("lfw", folder), os.path.join(folder, "out")
    expected = _figures(healthy.path("results", "lfw"))
    what = _hurt(rng, data, (*DECIDE, "summary.json", "dropped.jsonl"))
    argv = ["evaluate.measure", "lfw", "--data", data, "--model", healthy.model]

    def wrong(finished: Finished):
        if finished.code:
            return None
        if what.startswith(DECIDE):  # other records are another set, but a set
            lost = next((name for name in DECIDE if not _is_json(os.path.join(data, name))), None)
            return f"{lost}: a line is no JSON, and nothing is said of it" if lost else None
        return None if _figures(out) == expected else "other figures than of the undamaged set"

    argv += ["--engine", "opencv", "--out", out]
    return Case(f"measure, {what}", argv, (data,), wrong, ("out", "lfw"))


def _report(healthy: World, rng: random.Random, folder: str) -> Case:
    """Write the report of damaged results."""
    results, out = healthy.copy("results", folder), os.path.join(folder, "report")
    bench = os.path.join(folder, "bench.json")
    with open(bench, "w", encoding="utf-8") as stream:
        json.dump(dict(image_full_width_s=dict(dense=0.1), machine="x"), stream)
    is_bench = rng.random() < 0.2
    hurt = (folder, ("bench.json",)) if is_bench else (results, ("lfw/results.json",))
    what = _hurt(rng, *hurt)
    argv = ["evaluate.report", "--results", results, "--data", folder, "--bench", bench]

    def wrong(finished: Finished):
        if finished.code:
            return None
        with open(os.path.join(out, "index.html"), encoding="utf-8") as stream:
            return "a script of a file stands in the page" if SCRIPT in stream.read() else None

    return Case(f"report, {what}", [*argv, "--out", out], (results, bench), wrong, ("report",))


def _drawn(healthy: World, rng: random.Random, folder: str) -> Case:
    """Go on with drawing a set."""
    out = healthy.copy("scenes", folder, "out")
    expected = world.lines_of(os.path.join(out, "records.jsonl"))
    what = _hurt(rng, out, ("set.json", "parts/000000.jsonl", "records.jsonl"))
    argv = ["data_prep.synthetic", "--kind", "scenes", "--count", str(world.SCENES)]
    argv += ["--identities", str(world.PEOPLE), "--seed", str(world.SEED), "--workers", "1"]

    def wrong(finished: Finished):
        same = finished.code or world.lines_of(os.path.join(out, "records.jsonl")) == expected
        return None if same else "other records than those of the run that was not stopped"

    return Case(f"synthetic, {what}", [*argv, "--out", out], (out,), wrong, ("out",))


def make(healthy: World, rng: random.Random, folder: str) -> Case:
    """Damage what a command has left, and run it, or who reads it, again."""
    makers = (_analysis, _analysis, _measured, _measured, _converted, _report, _report, _drawn)
    return rng.choice(makers)(healthy, rng, folder)


CLASS = FuzzClass(
    name="states",
    about="files of stopped commands: lines and settings of an analysis, predictions and "
    "descriptors of a benchmark, parts of a drawn set; results.json of a report",
    oracle="the run that goes on ends with another answer than the one that was not stopped; a "
    "line that is no JSON counts as one of a converted set; a script in the report",
    share=9,
    make=make,
)
