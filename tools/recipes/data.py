"""Build the databases of whole datasets; find landmarks where sets have none, as in the paper.

    python -m tools.recipes.data --data data --db data/db --profile paper
    python -m tools.recipes.data morph custom --landmarks-from out/paper/hyperface/model

HyperFace finds the landmarks, trained on the sets that have some, unless --landmarks-from names a
model that does. The commands go on where they were stopped, and keep what is there.
"""

from __future__ import annotations

import os
import sys

from allinone import arguments
from allinone.errors import command
from data_prep.set_databases import WAITING
from tools.recipes import options, steps

JOB = "hyperface"


def parse(argv):
    """Return the command's arguments."""
    parser = arguments.Parser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="*", metavar="SET", help="default: those of Table I")
    parser.add_argument("--data", default="data", help="folder with a folder for each set")
    parser.add_argument("--db", default="data/db", help="folder for the databases")
    parser.add_argument(
        "--runs", help="folder for the run that finds landmarks; default: out/<profile>"
    )
    parser.add_argument("--landmarks-from", metavar="MODEL", help="model that finds landmarks")
    options.add_profile(parser)
    options.add_training(parser)
    return parser.parse_args(argv)


def databases(args, model):
    """Return the command that builds the databases, with landmarks of a model or none."""
    command = ["data_prep.databases", *args.sets, "--data", args.data, "--out", args.db]
    command += ["--profile", args.profile, "--gpu", args.gpu]
    return command + (["--landmarks-from", model] if model else [])


def is_waiting(db):
    """Tell whether sets were left out for want of landmarks."""
    path = os.path.join(db, WAITING)
    return os.path.isfile(path) and os.path.getsize(path) > 0


@command
def main(argv=None):
    """Build, and where landmarks are wanting train what finds them and build the rest."""
    args = parse(argv)
    options.use_blas_threads(args.profile)
    code = steps.call(databases(args, args.landmarks_from))
    if code or args.landmarks_from or not is_waiting(args.db):
        return code
    run = os.path.join(args.runs or f"out/{args.profile}", JOB)
    model = os.path.join(run, "model")
    fuse = ["tools.fuse", "--profile", args.profile, "--run", run, "--tower", JOB, "--out", model]
    return steps.call_all(
        [
            options.train(args, args.profile, args.db, run, "--job", JOB),
            fuse,
            databases(args, model),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
