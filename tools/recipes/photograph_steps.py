"""The data of a model that learns from all sets of photographs: sets, scenes, databases.

What each set is, and what was found by looking at it, is told in docs/real_photographs.md.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence

from allinone import tasks
from data_prep import labelled_photos
from data_prep.feeds import VALIDATION
from data_prep.labelled_photos import SETS
from data_prep.parts import TRAIN, VAL
from tools.recipes import drawn
from tools.recipes.steps import Step

NEEDED = ("celeba", "utkface", "photos")
# Towers that the portraits of a set teach: the labels that it has. One set teaches identity, since
# one database does; a video shows a person in one light.
TOWERS = dict(
    celeba=("smile", "gender", "id"),
    utkface=("gender", "age"),
    utkface2=("gender", "age"),
    aaf=("gender", "age"),
    mtfl=("smile", "gender"),
)
# Portraits of which scenes are composed; those of other sets show neighbours, whom nobody marked.
PASTED = ("celeba", "utkface", "utkface2")
WHOLE = "webfaces"  # whole photographs, with the faces in them
COMPOSED = dict(  # of portraits: (part of them, how many scenes, seed)
    composites=(TRAIN, 12000, 1),
    composites_hard=(TRAIN, 3000, 3),
    composites_val=(VAL, 300, 2),
)
# Scenes, people, seed: what teaches yaw to 80 degrees, ears, hidden points.
DRAWN = (1500, 1500, 11)
EYES = 0.36  # our choice, by trials: half of the usual aligned face is background


def sets_in(real: str) -> list[str]:
    """Return the sets that are learnt from and measured on: those that are NEEDED or there."""
    there = [name for name in SETS if os.path.isfile(f"{real}/{name}.jsonl")]
    return [name for name in SETS if name in (*NEEDED, *there)]


def refuse_missing(real: str) -> None:
    """Raise InputError where a source folder lacks a set that is NEEDED."""
    for name in NEEDED:
        labelled_photos.source_of(real, name)


def records(data: str, name: str) -> str:
    """Return the records file of a set."""
    return f"{data}/{name}/records.jsonl"


def suffix_of(without: Collection[str]) -> str:
    """Return what the names of steps and folders end with where some sets are left out."""
    return "".join(f"_without_{name}" for name in sorted(without))


def database_of(data: str, without: Collection[str] = ()) -> str:
    """Return the folder of the databases, or of those without some sets."""
    return f"{data}/db{suffix_of(without)}"


def set_steps(real: str, data: str, sets: Sequence[str]) -> list[Step]:
    """Return the step that reads the sets of a source folder."""
    read = ["data_prep.real_sets", "--real", real, "--out", data, "--without-copies"]
    convert = [["data_prep.convert", "custom", "--folder", f"{data}/{name}"] for name in sets]
    return [
        Step(
            "sets",
            [[*read, "--sets", *sets], *convert],
            inputs=[*(f"{real}/{name}.jsonl" for name in sets), "data_prep/unmarked/*.jsonl"],
            outputs=[records(data, name) for name in sets],
        )
    ]


def scene_steps(data: str, sets: Sequence[str]) -> list[Step]:
    """Return the steps that compose scenes of portraits and draw others."""
    portraits, made = [records(data, name) for name in PASTED if name in sets], []
    for name, (part, count, seed) in COMPOSED.items():
        command = ["data_prep.composites", "--records", *portraits, "--split", part]
        command += ["--count", str(count), "--seed", str(seed), "--out", f"{data}/{name}"]
        made.append(Step(name, [command], portraits, [records(data, name)]))
    count, people, seed = DRAWN
    more = ("--identities", str(people), "--seed", str(seed))
    return [*made, drawn.drawing("scenes", drawn.draw("scenes", count, f"{data}/scenes", *more))]


def sets_of(tower: str, part: str, sets: Sequence[str], without: Collection[str] = ()) -> list[str]:
    """Return those of sets that teach a tower of aligned faces, or that it is validated on.

    without: sets that are left out of training; what one of them says is validated on it alone.
    """
    teaching = [name for name in TOWERS if name in sets and tower in TOWERS[name]]
    left_out = [name for name in teaching if name in without]
    if part == VAL and left_out:
        return left_out
    return [name for name in teaching if name not in without]


def database_steps(
    data: str, eyes: float, sets: Sequence[str], without: Collection[str] = ()
) -> list[Step]:
    """Return the steps that build the databases of aligned faces and of regions.

    eyes: how far apart eye centres are, as a share of the side; without: sets that are left out.
    """
    return [faces_step(data, eyes, sets, without), regions_step(data, sets, without)]


def places_of(data: str, without: Collection[str]) -> dict[str, str]:
    """Return {part: folder of the databases of that part}."""
    folder = database_of(data, without)
    return {TRAIN: folder, VAL: f"{folder}/{VALIDATION}"}


def faces_step(data: str, eyes: float, sets: Sequence[str], without: Collection[str] = ()) -> Step:
    """Return the step that builds the databases of aligned faces; as for `database_steps`."""
    commands, made = [], []
    teaching = [name for name in TOWERS if name in sets]
    for part, out in places_of(data, without).items():
        for name in teaching:
            wanted = [one for one in TOWERS[name] if name in sets_of(one, part, sets, without)]
            if wanted:
                command = ["data_prep.build_db", "aligned", "--records", records(data, name)]
                command += ["--set", name, "--split", part, "--out", out]
                command += ["--profile", "small", "--eyes", str(eyes), "--towers", *wanted]
                commands.append(command)
                made += [f"{out}/{tower}/{name}/manifest.json" for tower in wanted]
    read = [records(data, name) for name in teaching]
    return Step(f"faces{suffix_of(without)}", commands, read, made)


def regions_step(data: str, sets: Sequence[str], without: Collection[str] = ()) -> Step:
    """Return the step that builds the databases of regions; as for `database_steps`."""
    whole = [records(data, WHOLE)] if WHOLE in sets else []
    learnt = [records(data, "composites"), records(data, "scenes")]
    learnt += [] if WHOLE in without else whole
    held_back = [records(data, "composites_val"), *whole]
    regions, out = ["data_prep.build_db", "scenes"], places_of(data, without)
    return Step(
        f"regions{suffix_of(without)}",
        [
            [*regions, "--without-search", *held_back, "--split", VAL, "--out", out[VAL]],
            [*regions, "--without-search", *learnt, "--split", TRAIN, "--out", out[TRAIN]],
        ],
        inputs=[*held_back, *learnt],
        outputs=[f"{place}/{tasks.REGION_TOWER}/manifest.json" for place in out.values()],
    )


def searched(data: str, sets: Sequence[str]) -> list[str]:
    """Return the records in which hard regions are looked for: new scenes, and WHOLE."""
    names = ("composites_hard", WHOLE) if WHOLE in sets else ("composites_hard",)
    return [records(data, name) for name in names]


def hard_regions(
    data: str, sets: Sequence[str], model: str, option: str, out: str, gpu: str = ""
) -> list[str]:
    """Return the command that builds the detection database with what a model takes for faces.

    option: --regions-from or --windows-from.
    """
    others = [records(data, "composites"), records(data, "scenes")]
    command = ["data_prep.build_db", "scenes", "--records", *searched(data, sets)]
    command += ["--without-search", *others, option, model]
    return [*command, "--split", TRAIN, "--gpu", gpu, "--out", out]
