"""Make a model from labelled photographs: from portraits and drawn scenes to figures.

    python -m tools.recipes.real --real ../photographs

The trainings are those of tools/recipes/real_runs.py.
"""

from __future__ import annotations

import os
import sys

from allinone import arguments
from allinone.errors import command
from allinone.tasks import DISTILL
from tools.recipes import options
from tools.recipes.photograph_steps import refuse_missing
from tools.recipes.real_runs import CLOSE, HARD, TAUGHT, WINDOWS
from tools.recipes.real_steps import plan_of, steps_of


def link_databases(data, plan):
    """Give the databases with hard regions the other towers' databases: they are the same."""
    towers = ("smile", "gender", "age", "id", "val", *([DISTILL] if plan is TAUGHT else []))
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
    steps, plan = steps_of(args), plan_of(args)
    if not args.dry_run:
        refuse_missing(args.real)
        link_databases(args.data, plan)
    code = options.run(args, steps, args.out)
    if not (code or args.until or args.dry_run):
        print(f"model: {args.out}/model; figures: {args.out}/eval; worst: {args.out}/sheets")
    return code


if __name__ == "__main__":
    sys.exit(main())
