"""Make a model from labelled photographs: from portraits and drawn scenes to figures.

    python -m tools.recipes.real --real ../photographs

A narrow net learns identity, then all tasks; what it takes for faces in new scenes, rightly and
wrongly, is half of what it and a wide net that starts with its answers learn detection from. How
these runs came about is told in docs/training_notes.md.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass

from allinone import arguments
from allinone.errors import command
from allinone.tasks import PROPOSAL, SCREEN
from tools.recipes import drawn, options
from tools.recipes.options import EUCLIDEAN, PRECISION, WITHOUT_DROPOUT
from tools.recipes.steps import Step

SETS = ("celeba", "utkface", "photos")
# Towers that portraits of a set teach: the labels that it has.
TOWERS = dict(celeba=("smile", "gender", "id"), utkface=("gender", "age"))
# Databases with regions that nets took for faces: the scout, the first and the last proposal net.
HARD, WINDOWS, CLOSE = "hard", "windows", "close"


@dataclass(frozen=True)
class Run:
    """A training of the recipe."""

    name: str
    profile: str
    iterations: int
    start: str = ""  # the run whose weights it starts from; "": random weights
    rate: str = ""  # learning rate at the start; "": the job's
    db: str = "db"  # HARD, WINDOWS: half of the pictures for detection with hard regions
    more: tuple[str, ...] = ()  # other options of tools.train

    def settings(self) -> list[str]:
        """Return its options for tools.train but the folders."""
        rate = ["--base-lr", self.rate] if self.rate else []
        return [*self.more, "--iterations", str(self.iterations), *rate]


RUNS = (
    Run("identity", "tiny", 1500, more=("--job", "pretrain")),
    Run("narrow", "tiny", 4000, start="identity", rate="0.001"),
    Run("narrow_hard", "tiny", 8000, start="narrow", rate="0.001", db=HARD),
    Run(
        "wide",
        "small",
        10000,
        start="narrow_hard",
        rate="0.001",
        db=HARD,
        more=("--widen", *EUCLIDEAN),
    ),
    Run("wide_longer", "small", 7200, start="wide", rate="0.0007", db=HARD, more=EUCLIDEAN),
    Run(
        "wide_without_dropout",
        "small",
        2000,
        start="wide_longer",
        rate="0.0004",
        db=HARD,
        more=("--without-dropout", *WITHOUT_DROPOUT, *EUCLIDEAN),
    ),
)
SCOUT, LAST = RUNS[1], RUNS[-1]  # the scout finds the hard regions
# The proposal net learns from regions that the scout, then from windows that it took for faces; the
# screening net from those that the last proposal net did.
NEAR = Run("near", "small", 2500, db=HARD, more=("--job", PROPOSAL))
SEARCH = Run("proposal", "small", 6000, db=WINDOWS, more=("--job", PROPOSAL))
CLOSER = Run("screen", "small", 6000, db=CLOSE, more=("--job", SCREEN))


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


def link_databases(data):
    """Give the databases with hard regions the other towers' databases: they are the same."""
    towers = ("smile", "gender", "age", "id", "val")
    for db, parts in {HARD: towers, WINDOWS: ("val",), CLOSE: ("val",)}.items():
        os.makedirs(f"{data}/{db}", exist_ok=True)
        for part in parts:
            link = f"{data}/{db}/{part}"
            if not os.path.islink(link):
                os.symlink(f"../db/{part}", link)


def parse(argv):
    """Return the command's arguments."""
    parser = arguments.Parser(description=__doc__.splitlines()[0])
    parser.add_argument("--real", required=True, help="folder of the labels and photographs")
    parser.add_argument("--data", default="data/real", help="folder for sets and databases")
    parser.add_argument("--out", default="out/real", help="folder for runs, model and figures")
    options.add_training(parser)
    options.add_steps(parser)
    return parser.parse_args(argv)


@command
def main(argv=None):
    """Do the steps."""
    args = parse(argv)
    options.use_blas_threads("small")
    if not args.dry_run:
        link_databases(args.data)
    code = options.run(args, steps_of(args), args.out)
    if not (code or args.until or args.dry_run):
        print(f"model: {args.out}/model; figures: {args.out}/eval; worst: {args.out}/sheets")
    return code


if __name__ == "__main__":
    sys.exit(main())
