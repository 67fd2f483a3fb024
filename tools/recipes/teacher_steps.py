"""The step that builds databases of a teacher's descriptors of photographs (job distill).

A teacher's files stand in the folder TEACHER beside the sets, each named by the sets that it has
descriptors of, with _ between them: teacher/utkface_celeba_dlib128.npz.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Sequence

from allinone.errors import InputError
from allinone.tasks import DISTILL
from data_prep.parts import TRAIN
from tools.recipes.photograph_steps import TOWERS, records
from tools.recipes.steps import Step

TEACHER = "teacher"
# Sets of portraits; whole photographs show small faces, most of them without landmarks.
TAUGHT = (*TOWERS, "ytf")


def files_of(real: str, sets: Sequence[str]) -> dict[str, str]:
    """Return {set: file of its descriptors} of those sets of a source folder that have one.

    InputError where a set has two.
    """
    found: dict[str, str] = {}
    for path in sorted(glob.glob(os.path.join(glob.escape(real), TEACHER, "*.npz"))):
        words = os.path.basename(path)[: -len(".npz")].split("_")
        for name in (one for one in TAUGHT if one in sets and one in words):
            if name in found:
                raise InputError(
                    f"{found[name]}, {path}: descriptors of {name} twice; keep those of one teacher"
                )
            found[name] = path
    return {name: found[name] for name in TAUGHT if name in found}


def teacher_steps(real: str, data: str, eyes: float, sets: Sequence[str]) -> list[Step]:
    """Return the step that builds the databases <data>/db/distill, none without a teacher.

    eyes: how far apart eye centres are, as a share of the side.
    """
    taught, db = files_of(real, sets), f"{data}/db"
    if not taught:
        return []
    commands = []
    for name, path in taught.items():
        command = ["data_prep.build_db", DISTILL, "--records", records(data, name)]
        command += ["--teacher", path, "--set", name, "--split", TRAIN, "--out", db]
        commands.append([*command, "--profile", "small", "--eyes", str(eyes)])
    read = [records(data, name) for name in taught]
    made = [f"{db}/{DISTILL}/{name}/manifest.json" for name in taught]
    return [Step("teacher", commands, [*read, *dict.fromkeys(taught.values())], made)]
