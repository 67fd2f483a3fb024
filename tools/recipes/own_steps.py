"""The steps that fine-tune a model on faces of one's own (tools.recipes.custom)."""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
from dataclasses import dataclass
from typing import NamedTuple

from allinone import folders, model, snapshots, tasks
from data_prep import conversion, landmark_finder, parted
from data_prep.feeds import VALIDATION
from data_prep.parted import OTHERS, PORTRAITS
from data_prep.parts import TRAIN, VAL
from data_prep.readers import custom
from data_prep.sources import survey
from evaluate import own_faces, results_form
from tools.recipes import options, steps
from tools.recipes.steps import Step

ITERATIONS, RATE = "300", "0.0005"  # measured: docs/training_notes.md


class Scenes(NamedTuple):
    """Scenes that detection learns from, or is validated on."""

    part: str  # whose portraits they are made of
    most: int  # how many at most
    seed: int
    searched: bool = False  # the model itself looks for regions in them


SCENES = dict(
    composites=Scenes(TRAIN, 300, 1),
    composites_hard=Scenes(TRAIN, 200, 3, searched=True),
    composites_val=Scenes(VAL, 100, 2),
)


@dataclass(frozen=True)
class Known:
    """What a set holds, as far as it decides the steps."""

    records: str  # with the landmarks that were found
    towers: dict[str, list[str]]  # {part: towers that have data of it}
    pictures: dict[tuple[str, str], int]  # {(portraits or others, part): how many}


def records_of(args: argparse.Namespace) -> str:
    """Return the path of the set's records."""
    return os.path.join(args.folder, conversion.RECORDS)


def reading_step(args: argparse.Namespace) -> Step:
    """Return the step that reads the set."""
    return Step(
        "read",
        [["data_prep.convert", "custom", "--folder", args.folder]],
        [os.path.join(args.folder, name) for name in (custom.TABLE, custom.LINES)],
        [records_of(args)],
        says="[1/5] reading the faces",
    )


def read_again_where_faces_were_dropped(args: argparse.Namespace) -> None:
    """Forget that the set was read where some of it was dropped: pictures may be there by now."""
    dropped = os.path.join(args.folder, conversion.DROPPED)
    if os.path.isfile(dropped) and os.path.getsize(dropped):
        with contextlib.suppress(FileNotFoundError):
            os.remove(steps.stamp_of(reading_step(args), args.out))


def finding_step(args: argparse.Namespace) -> Step:
    """Return the step that finds the landmarks of a set that was read."""
    records, finder = records_of(args), args.landmarks_from
    return Step(
        "landmarks",
        [["data_prep.locate", "--records", records, "--model", finder, "--gpu", args.gpu]],
        [records, os.path.join(finder, model.ABOUT)],
        [landmark_finder.path_of(records, finder)],
        says="[2/5] finding the boxes and landmarks that are not known",
    )


def look(args: argparse.Namespace) -> Known:
    """Return what the set holds, after the first steps."""
    given = records_of(args)
    records = landmark_finder.path_of(given, args.landmarks_from)
    found, towers = survey(records), {}
    for part in (TRAIN, VAL):
        towers[part] = [
            tower
            for tower in tasks.ALIGNED_TOWERS
            if found.has_label(tasks.aligned_task(tower).label, [part])
            and found.can_teach(tasks.aligned_task(tower).label, TRAIN)
        ]
    # By boxes that people have drawn; those for validation choose its operating score.
    if survey(given).has_boxes([TRAIN]) and survey(given).has_boxes([VAL]):
        for some in towers.values():
            some.insert(0, tasks.REGION_TOWER)
    pictures = parted.write(records, os.path.join(args.out, "pictures"), (TRAIN, VAL))
    return Known(records, towers, pictures)


def scenes_of(args: argparse.Namespace, known: Known, part: str) -> tuple[list[str], list[str]]:
    """Return (records that the model searches for regions, others) of what detection learns."""
    searched, others = [], []
    for name, scenes in SCENES.items():
        if scenes.part == part and known.pictures[PORTRAITS, part]:
            some = searched if scenes.searched else others
            some.append(f"{args.out}/{name}/records.jsonl")
    if known.pictures[OTHERS, part]:
        others.append(parted.path_of(f"{args.out}/pictures", OTHERS, part))
    return searched, others


def database_steps(args: argparse.Namespace, known: Known, profile: str) -> list[Step]:
    """Return the steps that compose scenes and build the databases."""
    made, db = [], {TRAIN: f"{args.out}/db", VAL: f"{args.out}/db/{VALIDATION}"}
    says = "[3/5] composing scenes of the portraits"
    for name, scenes in SCENES.items():
        portraits = parted.path_of(f"{args.out}/pictures", PORTRAITS, scenes.part)
        count = min(scenes.most, known.pictures[PORTRAITS, scenes.part])
        if tasks.REGION_TOWER in known.towers[TRAIN] and count:
            out = f"{args.out}/{name}"
            command = ["data_prep.composites", "--records", portraits, "--split", scenes.part]
            command += ["--count", str(count), "--seed", str(scenes.seed), "--out", out]
            made.append(Step(name, [command], [portraits], [f"{out}/records.jsonl"], says))
            says = ""
    says = "[4/5] building the databases"
    for part, out in db.items():
        towers = [tower for tower in known.towers[part] if tower in known.towers[TRAIN]]
        if tasks.REGION_TOWER in towers:
            searched, others = scenes_of(args, known, part)
            command = ["data_prep.build_db", "scenes", "--out", out, "--gpu", args.gpu]
            command += ["--records", *searched, "--regions-from", args.init] if searched else []
            command += ["--without-search", *others] if others else []
            outputs = [f"{out}/{tasks.REGION_TOWER}/manifest.json"]
            made.append(Step(f"regions_{part}", [command], [*searched, *others], outputs, says))
            says = ""
        aligned = [tower for tower in towers if tower != tasks.REGION_TOWER]
        if aligned:
            command = ["data_prep.build_db", "aligned", "--records", known.records, "--out", out]
            command += ["--split", part, "--profile", profile, "--towers", *aligned]
            command += ["--eyes", str(model.read_about(args.init).eyes)]
            outputs = [f"{out}/{tower}/manifest.json" for tower in aligned]
            made.append(Step(f"faces_{part}", [command], [known.records], outputs, says))
            says = ""
    return made


def training_steps(args: argparse.Namespace, known: Known, profile: str) -> list[Step]:
    """Return the steps that fine-tune and fuse all that has learnt."""
    towers, run = known.towers[TRAIN], f"{args.out}/run"
    more = ["--init", args.init, "--towers", *towers, "--branches", *options.EUCLIDEAN]
    plain = [tower for tower in options.WITHOUT_DROPOUT if tower in towers]
    more += ["--without-dropout", *plain] if plain else []
    more += ["--iterations", ITERATIONS, "--base-lr", RATE]
    train = options.train(args, profile, f"{args.out}/db", run, *more)
    begun = os.path.join(args.init, model.ABOUT)
    return [
        Step(
            "train",
            [train],
            [f"{args.out}/db/**/manifest.json", begun],
            [f"{run}/curves.png"],
            says="[5/5] fine-tuning",
        ),
        fusing_step(args, "learnt", towers),
    ]


def fusing_step(args: argparse.Namespace, name: str, towers: list[str]) -> Step:
    """Return the step that makes the model `name` of some towers that have learnt.

    The others are those that it was started from. Where detection has learnt its operating score is
    chosen too.
    """
    run, out = f"{args.out}/run", f"{args.out}/{name}"
    fuse = ["tools.fuse", "--run", args.init, "--run", run, "--out", out, "--gpu", args.gpu]
    commands = [[*fuse, "--towers", *towers]]
    if tasks.REGION_TOWER in towers:
        score = ["evaluate.operating_point", "--model", out, "--run", run, "--gpu", args.gpu]
        commands.append([*score, "--precision", options.PRECISION])
    inputs = [f"{run}/{snapshots.FOLDER}/*.caffemodel", os.path.join(args.init, model.ABOUT)]
    return Step(name, commands, inputs, [f"{out}/{model.ABOUT}"])


def copy_start(args: argparse.Namespace) -> None:
    """Let the folder of the model hold the one that was started from, as it is."""
    with contextlib.suppress(FileNotFoundError):  # what stood there was made by that step
        os.remove(steps.stamp_of(fusing_step(args, "model", []), args.out))
    about = model.open_model(args.init).about
    with folders.replacing(f"{args.out}/model", model.KIND, [args.init]) as partial:
        for name in (*about.files, model.ABOUT):
            shutil.copyfile(os.path.join(args.init, name), os.path.join(partial, name))


def better(results: str, towers: list[str]) -> list[str]:
    """Return the towers that a results.json of both models finds better; of equal ones all but det.

    Figures of portraits cannot tell two good detectors apart, and what portraits do not show may be
    lost. A tower without a figure stays as it was.
    """
    found = results_form.read(results, "measure again")
    others = [one["figures"] for one in found["others"] if one["method"].startswith("model ")]
    before = others[0] if others else {}  # none stands beside where both have the same weights
    chosen = []
    for tower in towers:
        figure = own_faces.AP if tower == tasks.REGION_TOWER else tasks.aligned_task(tower).name
        now, then = found["figures"].get(figure), before.get(figure)
        if now is None or then is None:
            continue
        higher = next(one.higher for one in own_faces.FIGURES if one.name == figure)
        gain = now - then if higher else then - now
        if gain > 0 or (gain == 0 and tower != tasks.REGION_TOWER):
            chosen.append(tower)
    return chosen
