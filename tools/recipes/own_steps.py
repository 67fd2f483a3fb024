"""The steps that fine-tune a model on faces of one's own (tools.recipes.custom)."""

from __future__ import annotations

import argparse
import os
import shutil
from dataclasses import dataclass

from allinone import folders, model, snapshots, tasks
from data_prep import conversion, landmark_finder, parted
from data_prep.parted import OTHERS, PORTRAITS
from data_prep.parts import TRAIN, VAL
from data_prep.readers import custom
from data_prep.sources import survey
from evaluate import own_faces, results_form
from tools.recipes import options
from tools.recipes.steps import Step

ITERATIONS, RATE = "300", "0.0005"  # measured: docs/training_notes.md
# Eq. 6's sigma of 3 years would leave the faces that are far off as they are.
SETTINGS = ("--branches", "--age-switch", "1000000")
WITHOUT_DROPOUT = ("det", "age")  # it draws numbers towards their mean
# {scenes: (part whose portraits they are made of, how many at most, seed)}
SCENES = dict(
    composites=(TRAIN, 300, 1), composites_hard=(TRAIN, 200, 3), composites_val=(VAL, 100, 2)
)
PRECISION = "0.98"  # of what is reported, as for the shipped model


@dataclass(frozen=True)
class Known:
    """What a set holds, as far as it decides the steps."""

    records: str  # with the landmarks that were found
    towers: dict[str, list[str]]  # {part: towers that have data of it}
    pictures: dict[tuple[str, str], int]  # {(portraits or others, part): how many}
    splits: frozenset[str]  # the parts that its faces are of


def first(args: argparse.Namespace) -> list[Step]:
    """Return the steps that read the set and find what landmarks it lacks."""
    records = os.path.join(args.folder, conversion.RECORDS)
    return [
        Step(
            "read",
            [["data_prep.convert", "custom", "--folder", args.folder]],
            [os.path.join(args.folder, name) for name in (custom.TABLE, custom.LINES)],
            [records],
            says="[1/5] reading the faces",
        ),
        Step(
            "landmarks",
            [
                ["data_prep.locate", "--records", records, "--model", args.landmarks_from]
                + ["--gpu", args.gpu]
            ],
            [records, os.path.join(args.landmarks_from, model.ABOUT)],
            says="[2/5] finding the boxes and landmarks that are not known",
        ),
    ]


def look(args: argparse.Namespace) -> Known:
    """Return what the set holds, after the first steps."""
    given = os.path.join(args.folder, conversion.RECORDS)
    records = landmark_finder.path_of(given, args.landmarks_from)
    found, towers = survey(records), {}
    for part in (TRAIN, VAL):
        towers[part] = [
            tower
            for tower in tasks.ALIGNED_TOWERS
            if found.has_label(tasks.aligned_task(tower).label, [part])
        ]
    # By boxes that people have drawn; those for validation choose its operating score.
    if survey(given).has_boxes([TRAIN]) and survey(given).has_boxes([VAL]):
        for some in towers.values():
            some.insert(0, tasks.REGION_TOWER)
    pictures = parted.write(records, os.path.join(args.out, "pictures"), (TRAIN, VAL))
    return Known(records, towers, pictures, found.splits)


def scenes_of(args: argparse.Namespace, known: Known, part: str) -> tuple[list[str], list[str]]:
    """Return (records that the model searches for regions, others) of what detection learns."""
    made = [name for name, (of, _, _) in SCENES.items() if of == part]
    paths = [f"{args.out}/{name}/records.jsonl" for name in made if known.pictures[PORTRAITS, part]]
    searched = [path for path in paths if "_hard" in path]
    others = [path for path in paths if path not in searched]
    if known.pictures[OTHERS, part]:
        others.append(parted.path_of(f"{args.out}/pictures", OTHERS, part))
    return searched, others


def database_steps(args: argparse.Namespace, known: Known, profile: str) -> list[Step]:
    """Return the steps that compose scenes and build the databases."""
    steps, db = [], {TRAIN: f"{args.out}/db", VAL: f"{args.out}/db/val"}
    says = "[3/5] composing scenes of the portraits"
    for name, (part, most, seed) in SCENES.items():
        portraits = parted.path_of(f"{args.out}/pictures", PORTRAITS, part)
        count = min(most, known.pictures[PORTRAITS, part])
        if tasks.REGION_TOWER in known.towers[TRAIN] and count:
            out = f"{args.out}/{name}"
            command = ["data_prep.composites", "--records", portraits, "--split", part]
            command += ["--count", str(count), "--seed", str(seed), "--out", out]
            steps.append(Step(name, [command], [portraits], [f"{out}/records.jsonl"], says))
            says = ""
    says = "[4/5] building the databases"
    for part, out in db.items():
        towers = [tower for tower in known.towers[part] if tower in known.towers[TRAIN]]
        if tasks.REGION_TOWER in towers:
            searched, others = scenes_of(args, known, part)
            command = ["data_prep.build_db", "scenes", "--out", out, "--gpu", args.gpu]
            command += ["--records", *searched, "--regions-from", args.init] if searched else []
            command += ["--without-search", *others] if others else []
            made = [f"{out}/{tasks.REGION_TOWER}/manifest.json"]
            steps.append(Step(f"regions_{part}", [command], [*searched, *others], made, says))
            says = ""
        aligned = [tower for tower in towers if tower != tasks.REGION_TOWER]
        if aligned:
            command = ["data_prep.build_db", "aligned", "--records", known.records, "--out", out]
            command += ["--split", part, "--profile", profile, "--towers", *aligned]
            made = [f"{out}/{tower}/manifest.json" for tower in aligned]
            steps.append(Step(f"faces_{part}", [command], [known.records], made, says))
            says = ""
    return steps


def training_steps(args: argparse.Namespace, known: Known, profile: str) -> list[Step]:
    """Return the steps that fine-tune and fuse all that has learnt."""
    towers, run = known.towers[TRAIN], f"{args.out}/run"
    more = ["--init", args.init, "--towers", *towers, *SETTINGS]
    plain = [tower for tower in WITHOUT_DROPOUT if tower in towers]
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
        commands.append([*score, "--precision", PRECISION])
    inputs = [f"{run}/{snapshots.FOLDER}/*.caffemodel", os.path.join(args.init, model.ABOUT)]
    return Step(name, commands, inputs, [f"{out}/{model.ABOUT}"])


def copy_start(args: argparse.Namespace) -> None:
    """Let the folder of the model hold the one that was started from, as it is."""
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
    (before,) = [one for one in found["others"] if one["method"].startswith("model ")]
    chosen = []
    for tower in towers:
        figure = own_faces.AP if tower == tasks.REGION_TOWER else tasks.aligned_task(tower).name
        now, then = found["figures"].get(figure), before["figures"].get(figure)
        if now is None or then is None:
            continue
        higher = next(one.higher for one in own_faces.FIGURES if one.name == figure)
        gain = now - then if higher else then - now
        if gain > 0 or (gain == 0 and tower != tasks.REGION_TOWER):
            chosen.append(tower)
    return chosen
