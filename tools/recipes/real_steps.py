"""The steps that make a model from labelled photographs (tools.recipes.real)."""

from __future__ import annotations

from tools.recipes import drawn, options
from tools.recipes.options import PRECISION
from tools.recipes.real_runs import (
    CLOSE,
    CLOSER,
    HARD,
    LAST,
    NEAR,
    RUNS,
    SCOUT,
    SEARCH,
    WINDOWS,
)
from tools.recipes.steps import Step

SETS = ("celeba", "utkface", "photos")
# Towers that portraits of a set teach: the labels that it has.
TOWERS = dict(celeba=("smile", "gender", "id"), utkface=("gender", "age"))


def records(data, name):
    """Return the records file of a set."""
    return f"{data}/{name}/records.jsonl"


def picture_steps(real, data):
    """Return the steps that read the photographs, compose scenes of them and draw others."""
    portraits = [records(data, name) for name in TOWERS]
    compose = ["data_prep.composites", "--records", *portraits, "--out"]
    convert = [["data_prep.convert", "custom", "--folder", f"{data}/{name}"] for name in SETS]
    composed = dict(
        composites=("--count", "12000", "--seed", "1"),
        composites_hard=("--count", "3000", "--seed", "3"),
        composites_val=("--count", "300", "--seed", "2", "--split", "val"),
    )
    more = ("--identities", "1500", "--seed", "11")
    return [
        Step(
            "sets",
            [["data_prep.real_sets", "--real", real, "--out", data], *convert],
            inputs=[f"{real}/{name}.jsonl" for name in SETS],
            outputs=[records(data, name) for name in SETS],
        ),
        *(
            Step(name, [[*compose, f"{data}/{name}", *how]], portraits, [records(data, name)])
            for name, how in composed.items()
        ),
        drawn.drawing("scenes", drawn.draw("scenes", 1500, f"{data}/scenes", *more)),
    ]


def database_steps(data):
    """Return the steps that build the databases of aligned faces and of regions."""
    out = dict(train=f"{data}/db", val=f"{data}/db/val")
    aligned = [
        ["data_prep.build_db", "aligned", "--records", records(data, name), "--set", name]
        + ["--split", part, "--out", folder, "--towers", *towers]
        for part, folder in out.items()
        for name, towers in TOWERS.items()
    ]
    scenes = [records(data, "composites"), records(data, "scenes")]
    held_back = records(data, "composites_val")
    regions = ["data_prep.build_db", "scenes", "--without-search"]
    return [
        Step(
            "faces",
            aligned,
            inputs=[records(data, name) for name in TOWERS],
            outputs=[f"{folder}/gender" for folder in out.values()],
        ),
        Step(
            "regions",
            [
                [*regions, held_back, "--out", out["val"]],
                [*regions, *scenes, "--out", out["train"]],
            ],
            inputs=[held_back, *scenes],
            outputs=[f"{folder}/det/manifest.json" for folder in out.values()],
        ),
    ]


def training_step(run, args):
    """Return the step of a training."""
    db = f"{args.data}/{run.db}"
    start = f"{args.out}/{run.start}"
    settings = run.settings() + (["--init", start] if run.start else [])
    inputs = [f"{db}/**/manifest.json", f"{start}/snapshots/*.caffemodel"]
    out = f"{args.out}/{run.name}"
    command = options.train(args, run.profile, db, out, *settings)
    return Step(run.name, [command], inputs if run.start else inputs[:1], [f"{out}/curves.png"])


def fuse(run, args, out):
    """Return the command that fuses the towers of a run."""
    return [
        *("tools.fuse", "--profile", run.profile, "--run", f"{args.out}/{run.name}"),
        *("--out", out, "--gpu", args.gpu),
    ]


def searching_step(name, args, run, how, db):
    """Return the step that looks for hard regions in scenes that no net has seen.

    run: of the net that looks; how: (command that puts it into the scout's model, option of
    data_prep.build_db); db: name of the databases.
    """
    made, option = how
    searched = records(args.data, "composites_hard")
    others = [records(args.data, "composites"), records(args.data, "scenes")]
    search = ["data_prep.build_db", "scenes", "--records", searched, "--without-search", *others]
    search += [option, scout_model(args), "--gpu", args.gpu, "--out", f"{args.data}/{db}"]
    return Step(
        name,
        [made, search],
        inputs=[f"{args.out}/{run.name}/snapshots/*.caffemodel", searched, *others],
        outputs=[f"{args.data}/{db}/det/manifest.json"],
    )


def scout_model(args):
    """Return the folder of the scout's model."""
    return f"{args.out}/{SCOUT.name}/model"


def hard_step(args):
    """Return the step that finds the regions which the scout takes for faces."""
    how = fuse(SCOUT, args, scout_model(args)), "--regions-from"
    return searching_step("hard_regions", args, SCOUT, how, HARD)


def windows_step(name, args, run, db):
    """Return the step that finds the windows which the proposal net of a run takes for faces."""
    add = ["tools.fuse", "--proposal", f"{args.out}/{run.name}", "--out", scout_model(args)]
    return searching_step(name, args, run, (add, "--windows-from"), db)


def model_steps(args):
    """Return the steps that make the model of the last run and measure it."""
    model, hard, results = f"{args.out}/model", f"{args.data}/hard", f"{args.out}/eval"
    keep = ["--model", model, "--gpu", args.gpu]
    held_back = records(args.data, "composites_val")
    runs = [f"{args.out}/{run.name}" for run in (LAST, SEARCH, CLOSER)]
    sets = [records(args.data, name) for name in SETS]
    measure = ["evaluate.real", "--data", args.data, *keep, "--out", results]
    sheets = ["tools.sheets", "--data", args.data, "--results", results]
    return [
        Step(
            "model",
            [
                [*fuse(LAST, args, model), "--proposal", runs[1], "--proposal", runs[2]],
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
    before = RUNS[: RUNS.index(SCOUT) + 1]
    return [
        *picture_steps(args.real, args.data),
        *database_steps(args.data),
        *(training_step(run, args) for run in before),
        hard_step(args),
        *(training_step(run, args) for run in RUNS[len(before) :]),
        training_step(NEAR, args),
        windows_step("hard_windows", args, NEAR, WINDOWS),
        training_step(SEARCH, args),
        windows_step("close_windows", args, SEARCH, CLOSE),
        training_step(CLOSER, args),
        *model_steps(args),
    ]
