"""Options that recipes share, and what they become in the commands of their steps."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence

from allinone import profiles
from allinone.errors import InputError
from tools.recipes import steps
from tools.training.options import NUMBERS, flag

OF_TRAINING = dict(  # options of tools.train that count for every training of a recipe
    iterations="of each training; default: the job's",
    base_lr="of each training; default: the job's",
    batch="what every mini-batch is multiplied by",
)

# Of the model that comes with the kit, and of those that are fine-tuned from it:
# eq. 6's sigma of 3 years would leave the faces that are far off as they are.
EUCLIDEAN = ("--age-switch", "1000000")
WITHOUT_DROPOUT = ("det", "age")  # it draws numbers towards their mean
PRECISION = "0.995"  # of what is reported, in composed scenes: sets the operating score

# More threads make an iteration of a small net longer, not shorter, and change its last digits.
BLAS_THREADS = "OPENBLAS_NUM_THREADS"


def add_device(parser: argparse.ArgumentParser) -> None:
    """Add --gpu and --cores."""
    parser.add_argument("--gpu", default="", help="GPU numbers, 0 or 0,1; empty: CPU")
    parser.add_argument(
        "--cores",
        type=NUMBERS["cores"],
        default=2,
        help="processes that train without a GPU, default 2",
    )


def add_training(parser: argparse.ArgumentParser) -> None:
    """Add the options of every training, and the device."""
    add_device(parser)
    for name, what in OF_TRAINING.items():
        parser.add_argument(flag(name), type=NUMBERS[name], help=what)


def add_profile(parser: argparse.ArgumentParser) -> None:
    """Add --profile."""
    parser.add_argument("--profile", choices=profiles.PROFILES, default="paper")


def add_steps(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which steps are done."""
    parser.add_argument("--until", metavar="STEP", help="stop after this step")
    parser.add_argument(
        "--dry-run", action="store_true", help="print the steps, and why each would be done"
    )


def device(args: argparse.Namespace) -> list[str]:
    """Return the options of a command that trains: on GPUs, or in how many processes."""
    return ["--gpu", args.gpu] if args.gpu else ["--cores", str(args.cores)]


def train(args: argparse.Namespace, profile: str, db: str, out: str, *more: str) -> list[str]:
    """Return the command that trains, or goes on training.

    more: its other options. What the user gives for every training comes last, and so counts.
    """
    command = ["tools.train", "--profile", profile, "--db", db, "--out", out, "--resume"]
    command += [*device(args), *more]
    for name in OF_TRAINING:
        value = getattr(args, name, None)
        if value is not None:
            command += [flag(name), f"{value:.12g}" if isinstance(value, float) else str(value)]
    return command


def use_blas_threads(profile: str) -> None:
    """Let the commands of the steps multiply matrices in one thread where the nets are small."""
    if profile != profiles.PAPER.name:
        os.environ[BLAS_THREADS] = "1"


def run(args: argparse.Namespace, some: Sequence[steps.Step], folder: str) -> int:
    """Do the steps up to --until, or print them with --dry-run; return the exit code."""
    names = [step.name for step in some]
    if args.until and args.until not in names:
        raise InputError(f"--until {args.until}: no such step; there are {', '.join(names)}")
    wanted = some[: names.index(args.until) + 1] if args.until else some
    if args.dry_run:
        steps.show(wanted, folder)
        return 0
    return steps.run(wanted, folder)
