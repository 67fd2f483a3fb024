"""Permissions: what may not be read, written or entered, and paths that are of another kind.

Where the fuzzer's user is root, cases run without root's right to pass over all this.
"""

from __future__ import annotations

import os
import random
import shutil

from allinone import files, model
from data_prep import conversion
from tools.fuzzing import answers, odd_files
from tools.fuzzing.case import Case, Finished, FuzzClass
from tools.fuzzing.classes import databases, models, readers, records
from tools.fuzzing.world import ANALYZE, ITERATIONS, TRAINING, World, lines_of

NOTHING, READ_ONLY, NO_ENTRY = 0o000, 0o500, 0o600
LAST = os.path.join("snapshots", f"iter_{ITERATIONS:07d}.caffemodel")


def _commands(world: World, folder: str):
    """Return {what: (the command, its input, its output)}; input and output may be None."""
    given, out = os.path.join(folder, "in"), os.path.join(folder, "out")
    people = os.path.join(given, "people")
    records, db = os.path.join(given, "set", "records.jsonl"), os.path.join(given, "db")
    portraits = os.path.join(given, "set")
    gallery, run = os.path.join(given, "g.h5"), os.path.join(given, "run")
    lfw, drawn = os.path.join(given, "lfw"), os.path.join(given, "drawn")
    copied = os.path.join(given, "model")
    build = ["data_prep.build_db", "aligned", "--towers", "gender", "--workers", "1"]
    train = [*TRAINING, "--iterations", str(ITERATIONS)]
    find = ["tools.identify", "find", world.faces[0], "--engine", "opencv"]
    return {
        "people": ([*ANALYZE, people, "--without-pictures", "--out", out], people, out),
        "enroll": (["tools.identify", "enroll", people, "--gallery", out], people, out),
        "gallery": ([*find, "--gallery", gallery], gallery, None),
        "set": ([*build, "--records", records, "--out", out], portraits, out),
        "db": ([*train, "--db", db, "--out", out], os.path.join(db, "gender"), out),
        "inspect": (["tools.inspect_db", db, "--out", out], os.path.join(db, "gender"), out),
        "run": ([*train, "--db", world.path("db"), "--resume", "--out", run], run, run),
        "lfw": (["data_prep.convert", "lfw", "--folder", lfw], lfw, lfw),
        "drawn": (
            ["data_prep.synthetic", "--kind", "portraits", "--count", "2", "--out", drawn],
            None,
            drawn,
        ),
        "model": ([*find, "--model", copied, "--gallery", world.path("gallery.h5")], copied, None),
        "export": (["tools.export_onnx", "--model", copied], copied, copied),
        "report": (
            ["evaluate.report", "--results", world.path("results"), "--out", out],
            None,
            out,
        ),
    }


def _put(world: World, given: str) -> None:
    """Copy what a command reads to the path of its input."""
    copies = {
        "people": "people",
        "g.h5": "gallery.h5",
        "set": "portraits",
        "gender": "db/gender",
        "run": "stopped",
        "lfw": "sets/lfw",
    }
    name, place = os.path.basename(given), os.path.dirname(given)
    if name == "model":
        shutil.copytree(world.model, given)
    else:
        world.copy(copies[name], place, name)


def _answer(name: str, out: str, finished: Finished):
    """Return what a command has answered, comparable with what it answers on healthy files."""
    if name in ("enroll", "gallery", "model"):
        said = finished.out.replace(str(out), "").splitlines()
        # Without the times of progress, and without the folder of the model.
        return [line for line in said if "%|" not in line and not line.startswith("model ")]
    if name == "people":
        return [dict(line, image=os.path.basename(line["image"])) for line in answers.lines_in(out)]
    if name == "set":
        return sum(records.manifest(out, "gender"))
    if name in ("db", "run"):
        return answers.weights(os.path.join(out, LAST))
    if name == "inspect":
        return databases.digest(out)
    if name == "export":
        made = map(model.onnx_name, models.WEIGHTS)
        return [files.sha256(os.path.join(out, one)) for one in made]
    if name == "lfw":
        return sum(readers.rows_of(out).values()) + readers.dropped_of(out)
    if name == "drawn":
        return lines_of(os.path.join(out, conversion.RECORDS))
    return os.path.isfile(os.path.join(out, "index.html"))  # of a report


def _healthy(world: World, name: str):
    """Return what a command answers on healthy files."""

    def make(folder):
        argv, given, out = _commands(world, folder)[name]
        if given:
            os.makedirs(os.path.dirname(given))
            _put(world, given)
        return _answer(name, out, world.run_well(argv))

    return world.answer(f"permissions {name}", make)


def _lock_something(rng: random.Random, given: str) -> str:
    """Take away the right to use a file or folder below a path; return what was done."""
    places = [given]
    for place, folders, names in os.walk(given):
        places += [os.path.join(place, name) for name in sorted(folders + names)]
    path = rng.choice(places)
    if rng.random() < 0.25 and os.path.isfile(path):
        os.remove(path)
        return f"{os.path.relpath(path, given)} is {odd_files.put(rng, path)}"
    rights = rng.choice((NOTHING, READ_ONLY, NO_ENTRY) if os.path.isdir(path) else (NOTHING,))
    os.chmod(path, rights)
    return f"{os.path.relpath(path, given)} has rights {rights:o}"


def _spoil_output(rng: random.Random, out: str) -> str:
    """Make a path of an output unusable; return what was done."""
    if os.path.exists(out):
        os.chmod(out, READ_ONLY)
        return "the output is read-only"
    kind = rng.randrange(3)
    if kind == 0:
        os.mkdir(out)
        os.chmod(out, READ_ONLY)
        return "the output is read-only"
    if kind == 1:
        with open(out, "wb"):
            pass
        return "the output is a file"
    return f"the output is {odd_files.put(rng, out)}"


def make(world: World, rng: random.Random, folder: str) -> Case:
    """Take rights away from a command's input or output."""
    commands = _commands(world, folder)
    name = rng.choice(list(commands))
    expected = _healthy(world, name)
    argv, given, out = commands[name]
    os.makedirs(os.path.join(folder, "in"))
    if given:
        os.makedirs(os.path.dirname(given), exist_ok=True)
        _put(world, given)
    if out and (not given or rng.random() < 0.4):
        what = _spoil_output(rng, out)
    else:
        what = _lock_something(rng, given)
    writes = [os.path.relpath(one, folder) for one in (out,) if one]

    def wrong(finished: Finished):
        same = finished.code or _answer(name, out, finished) == expected
        return None if same else "another answer than on files that may be used"

    # A link is followed: a sentence may name what it leads to.
    return Case(f"{name}: {what}", argv, (folder, "/dev/"), wrong, writes, is_ordinary=True)


CLASS = FuzzClass(
    name="permissions",
    about="files and folders without rights, read-only outputs, outputs that are files or devices, "
    "inputs that are pipes, sockets, links to nothing",
    oracle="another answer than where everything may be used; a file that is no output of the "
    "command is gone or changed",
    share=9,
    make=make,
)
