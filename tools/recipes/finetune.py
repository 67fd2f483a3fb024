"""Fine-tune a joint run for a benchmark, fold by fold where it has folds, and fuse each result.

    python -m tools.recipes.finetune fddb --profile tiny --db data/db --run out/tiny/joint --fold 3

The databases stand in <db>/finetune/<set>, with a folder for each fold, and the folder `all` where
a net is wanted that has learnt from the whole set; runs and models go to <out>/<set>, with the same
folders. Only the branch of the task learns, so the fused model's other answers are the joint run's.
"""

from __future__ import annotations

import glob
import os
import sys

from allinone import arguments, schedules
from allinone.errors import InputError, command
from data_prep.reader import WHOLE
from tools.recipes import options
from tools.recipes.steps import Step

JOBS = [job.name for job in schedules.JOBS["paper"].values() if job.init == "joint"]


def databases(db, job, fold):
    """Return [(database, "" or the fold's name)] to train on; InputError where there is none.

    fold: numbers as text, WHOLE for the database of the whole set, None for all by turns.
    """
    root = os.path.join(db, "finetune", job)
    folds = {}
    for path in sorted(glob.glob(f"{glob.escape(root)}/fold_*")):
        number = path.rsplit("_", 1)[1]
        if number.isdecimal():  # else it is somebody's own, such as fold_01.old
            folds[str(int(number))] = path
    numbers = [int(name) for name in folds]
    if os.path.isdir(os.path.join(root, WHOLE)):
        folds[WHOLE] = os.path.join(root, WHOLE)
    wanted = None if fold is None else fold.split()
    if wanted is not None and not (wanted and set(wanted) <= set(folds)):
        known = in_words(numbers) + (f", {WHOLE}" if WHOLE in folds else "")
        raise InputError(
            f"FOLD={fold}: not in {root}; folds there: {known or 'none: leave FOLD out'}"
        )
    if not os.path.isdir(root):
        raise InputError(f"{root}: no such folder; make data-{job} builds it")
    chosen = folds.values() if wanted is None else [folds[name] for name in dict.fromkeys(wanted)]
    return [(path, os.path.basename(path)) for path in chosen] or [(root, "")]


def in_words(numbers):
    """Return numbers as text: "1 to 10" where none is missing between."""
    if len(numbers) > 2 and numbers == list(range(numbers[0], numbers[-1] + 1)):
        return f"{numbers[0]} to {numbers[-1]}"
    return ", ".join(map(str, numbers))


def steps_of(args, db, fold):
    """Return the steps of one database: train, and fuse with the towers of the joint run."""
    out = os.path.join(args.out, args.set, fold).rstrip("/")
    train = options.train(args, args.profile, db, out, "--job", args.set, "--init", args.run)
    fuse = ["tools.fuse", "--profile", args.profile, "--run", args.run, "--run", out]
    fuse += ["--out", f"{out}/model", "--gpu", args.gpu]
    name = f"{fold}_" if fold else ""
    inputs = [f"{db}/**/manifest.json", f"{args.run}/snapshots/*.caffemodel"]
    return [
        Step(f"{name}train", [train], inputs, [f"{out}/curves.png"]),
        Step(
            f"{name}fuse",
            [fuse],
            [*inputs, f"{out}/snapshots/*.caffemodel"],
            [f"{out}/model/model.json"],
        ),
    ]


def parse(argv):
    """Return the command's arguments."""
    parser = arguments.Parser(description=__doc__.splitlines()[0])
    parser.add_argument("set", help=f"the benchmark: {', '.join(JOBS)}")
    parser.add_argument("--db", default="data/db", help="folder of the databases")
    parser.add_argument("--run", required=True, help="the joint run that is started from")
    parser.add_argument(
        "--fold",
        help=f"only these folds, such as '1 9 17'; {WHOLE}: the whole set; default: all by turns",
    )
    parser.add_argument("--out", required=True, help="folder for the runs")
    options.add_profile(parser)
    options.add_training(parser)
    options.add_steps(parser)
    return parser.parse_args(argv)


@command
def main(argv=None):
    """Do the steps of every fold."""
    args = parse(argv)
    if args.set not in JOBS:
        raise InputError(f"{args.set}: nothing is fine-tuned for it; sets: {', '.join(JOBS)}")
    options.use_blas_threads(args.profile)
    steps = []
    for db, fold in databases(args.db, args.set, args.fold):
        steps += steps_of(args, db, fold)
    return options.run(args, steps, os.path.join(args.out, args.set))


if __name__ == "__main__":
    sys.exit(main())
