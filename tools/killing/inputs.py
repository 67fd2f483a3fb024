"""Small inputs for the commands that are killed: made once, then used again."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable

import cv2
import msgspec

from allinone import files, folders, pictures, record
from allinone.errors import InputError

SMALL = (70, 80)  # pictures, and pixels of their sides: quickly searched for regions
COPIES = 5  # of each line without landmarks: several mini-batches


def _run(*arguments: object) -> None:
    """Run a command of the kit; InputError where it fails."""
    done = subprocess.run(
        [sys.executable, "-m", *map(str, arguments)], capture_output=True, text=True
    )
    if done.returncode:
        raise InputError(f"{arguments[0]} failed: {done.stderr[-500:]}")


def _drawn(kind: str, count: int, *more: str) -> Callable[[str, str], None]:
    """Return a function that draws a set."""

    def draw(_folder: str, out: str) -> None:
        numbers = ["--count", str(count), "--identities", "6", "--seed", "5"]
        _run("data_prep.synthetic", "--kind", kind, *numbers, "--out", out, *more)

    return draw


def _databases(folder: str, out: str) -> None:
    faces = os.path.join(make(folder, "faces"), "records.jsonl")
    scenes = os.path.join(make(folder, "scenes"), "records.jsonl")
    for place in (out, f"{out}/val"):
        _run("data_prep.build_db", "scenes", "--without-search", faces, scenes, "--out", place)
        _run("data_prep.build_db", "aligned", "--records", faces, "--out", place)


def _tuning(folder: str, out: str) -> None:
    """Databases with those of a benchmark to fine-tune for."""
    shutil.copytree(make(folder, "db"), out)
    for tower in ("gender", "smile"):
        shutil.copytree(os.path.join(out, tower), os.path.join(out, "finetune", "fotw", tower))


def _run_of_training(folder: str, out: str) -> None:
    options = ["--profile", "tiny", "--iterations", 4, "--snapshot", 2]
    _run("tools.train", "--db", make(folder, "db"), "--out", out, *options)


def _model(folder: str, out: str) -> None:
    _run("tools.fuse", "--run", make(folder, "run"), "--out", out)


def _unlocated(folder: str, out: str) -> None:
    """The faces, without landmarks, many times."""
    faces = make(folder, "faces")
    shutil.copytree(faces, out)
    path = os.path.join(out, "records.jsonl")
    known = list(record.read(os.path.join(faces, "records.jsonl")))
    bare = [msgspec.structs.replace(face, landmarks=None, visibility=None) for face in known]
    with files.replacing(path) as stream:
        stream.writelines(map(record.to_line, bare * COPIES))


def _small(folder: str, out: str) -> None:
    """Faces in small pictures, more than a part of the region cache holds."""
    faces = make(folder, "faces")
    count, side = SMALL
    os.makedirs(out)
    known = list(record.read(os.path.join(faces, "records.jsonl")))
    with files.replacing(os.path.join(out, "records.jsonl")) as stream:
        for number in range(count):
            face = known[number % len(known)]
            image = pictures.read_image(os.path.join(faces, face.image))
            scale, landmarks, name = side / len(image), face.landmarks, f"{number}.png"
            pictures.write_image(os.path.join(out, name), cv2.resize(image, (side, side)))
            face = msgspec.structs.replace(
                face,
                image=name,
                split="train",
                box=[edge * scale for edge in face.box],
                landmarks=[point and [scale * point[0], scale * point[1]] for point in landmarks],
            )
            stream.write(record.to_line(face))


MAKERS: dict[str, Callable[[str, str], None]] = dict(
    faces=_drawn("portraits", 30),
    scenes=_drawn("scenes", 6),
    celeba=_drawn("portraits", 60, "--layout", "celeba"),
    lfw=_drawn("portraits", 24, "--layout", "lfw"),
    db=_databases,
    tuning=_tuning,
    run=_run_of_training,
    model=_model,
    unlocated=_unlocated,
    small=_small,
)


WHOLE = "*.whole"  # beside an input that is whole
KIND = folders.Kind("folder of inputs", holds=(*MAKERS, WHOLE), proofs={WHOLE: ""}, is_marked=True)


def make(folder: str, name: str) -> str:
    """Return the path of an input in a folder; makes it where it is not whole yet.

    InputError where something of that name is there, and the folder is not of such inputs.
    """
    place, whole = os.path.join(folder, name), os.path.join(folder, f"{name}.whole")
    if not os.path.isfile(whole):
        folders.claim(folder, KIND)
        print(f"  making {place}", flush=True)
        shutil.rmtree(place, ignore_errors=True)
        MAKERS[name](folder, place)
        with files.replacing(whole):
            pass
    return place
