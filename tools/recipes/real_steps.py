"""The steps that make a model from labelled photographs (tools.recipes.real)."""

from __future__ import annotations

from evaluate import photographs, portraits
from tools.recipes import options, photograph_steps, teacher_steps
from tools.recipes.options import PRECISION
from tools.recipes.photograph_steps import EYES, records
from tools.recipes.real_runs import (
    CLOSE,
    CLOSER,
    HARD,
    NEAR,
    PEOPLE,
    SEARCH,
    TAUGHT,
    WINDOWS,
)
from tools.recipes.steps import Step


def data_steps(args):
    """Return the steps that read the photographs, make scenes, and build databases of both."""
    sets = photograph_steps.sets_in(args.real)
    return [
        *photograph_steps.set_steps(args.real, args.data, sets),
        *photograph_steps.scene_steps(args.data, sets),
        *photograph_steps.database_steps(args.data, EYES, sets),
        *teacher_steps.teacher_steps(args.real, args.data, EYES, sets),
    ]


def plan_of(args):
    """Return the trainings: those with a teacher where it has descriptors of a set."""
    sets = photograph_steps.sets_in(args.real)
    return TAUGHT if teacher_steps.files_of(args.real, sets) else PEOPLE


def training_step(run, args):
    """Return the step of a training."""
    db = f"{args.data}/{run.db}"
    start = f"{args.out}/{run.start}"
    settings = run.settings() + (["--init", start] if run.start else [])
    inputs = [f"{db}/**/manifest.json", f"{start}/snapshots/*.caffemodel"]
    out = f"{args.out}/{run.name}"
    command = options.train(args, run.profile, db, out, *settings)
    return Step(run.name, [command], inputs if run.start else inputs[:1], [f"{out}/curves.png"])


def fuse(runs, args, out):
    """Return the command that fuses the towers of runs; the last that has a tower gives it."""
    command = ["tools.fuse", "--profile", runs[0].profile]
    for run in runs:
        command += ["--run", f"{args.out}/{run.name}"]
    return [*command, "--out", out, "--gpu", args.gpu]


def searching_step(name, args, run, how, db):
    """Return the step that looks for hard regions in scenes that no net has seen.

    run: of the net that looks; how: (command that puts it into the scout's model, option of
    data_prep.build_db); db: name of the databases.
    """
    (made, option), out = how, f"{args.data}/{db}"
    sets = photograph_steps.sets_in(args.real)
    search = photograph_steps.hard_regions(
        args.data, sets, scout_model(args), option, out, args.gpu
    )
    others = [records(args.data, "composites"), records(args.data, "scenes")]
    weights = f"{args.out}/{run.name}/snapshots/*.caffemodel"
    inputs = [weights, *photograph_steps.searched(args.data, sets), *others]
    return Step(name, [made, search], inputs, outputs=[f"{out}/det/manifest.json"])


def scout_model(args):
    """Return the folder of the scout's model."""
    return f"{args.out}/{plan_of(args).scout.name}/model"


def hard_step(args):
    """Return the step that finds the regions which the scout takes for faces."""
    scout = plan_of(args).scout
    how = fuse([scout], args, scout_model(args)), "--regions-from"
    return searching_step("hard_regions", args, scout, how, HARD)


def windows_step(name, args, run, db):
    """Return the step that finds the windows which the proposal net of a run takes for faces."""
    add = ["tools.fuse", "--proposal", f"{args.out}/{run.name}", "--out", scout_model(args)]
    return searching_step(name, args, run, (add, "--windows-from"), db)


def model_steps(args):
    """Return the steps that make the model of the last run and measure it."""
    model, hard, results = f"{args.out}/model", f"{args.data}/hard", f"{args.out}/eval"
    keep = ["--model", model, "--gpu", args.gpu]
    held_back = records(args.data, "composites_val")
    plan = plan_of(args)
    towers = (plan.last, *plan.branches)
    runs = [f"{args.out}/{run.name}" for run in (*towers, SEARCH, CLOSER)]
    measured = (*portraits.SETS, photographs.SET, *portraits.OTHERS)
    there = photograph_steps.sets_in(args.real)
    sets = [records(args.data, name) for name in measured if name in there]
    measure = ["evaluate.real", "--data", args.data, *keep, "--out", results]
    sheets = ["tools.sheets", "--data", args.data, "--results", results]
    return [
        Step(
            "model",
            [
                [*fuse(towers, args, model), "--proposal", runs[-2], "--proposal", runs[-1]],
                ["evaluate.calibrate", *keep, "--db", f"{hard}/val"],
                ["evaluate.operating_point", *keep]
                + ["--records", held_back, "--precision", PRECISION],
                ["evaluate.learn_tpe", *keep, "--db", f"{hard}/id", "--held-out", f"{hard}/val/id"],
            ],
            inputs=[*(f"{run}/snapshots/*.caffemodel" for run in runs), held_back],
            outputs=[f"{model}/model.json"],
        ),
        Step("measure", [measure], [f"{model}/model.json", *sets], [f"{results}/results.json"]),
        Step(
            "sheets",
            [[*sheets, "--out", f"{args.out}/sheets"]],
            inputs=[f"{results}/results.json", *sets],
            outputs=[f"{args.out}/sheets"],
        ),
    ]


def steps_of(args):
    """Return all steps."""
    plan = plan_of(args)
    return [
        *data_steps(args),
        *(training_step(run, args) for run in plan.scouting),
        hard_step(args),
        *(training_step(run, args) for run in (*plan.learning, *plan.branches)),
        training_step(NEAR, args),
        windows_step("hard_windows", args, NEAR, WINDOWS),
        training_step(SEARCH, args),
        windows_step("close_windows", args, SEARCH, CLOSE),
        training_step(CLOSER, args),
        *model_steps(args),
    ]
