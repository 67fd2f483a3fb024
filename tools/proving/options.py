"""The options of a proof."""

from __future__ import annotations

import argparse

from allinone import device, profiles
from allinone.arguments import Whole
from tools.proving.job import Job

PROFILES = (profiles.TINY.name, profiles.PAPER.name)
ITERATIONS = 50
MANY = Whole(2)  # a run of one iteration has no snapshot to go on from


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--gpu", default="", help="GPU numbers, 0 or 0,1; empty: CPU")
    parser.add_argument("--out", default="out/gpu", help="folder of the report; default: out/gpu")
    parser.add_argument(
        "--iterations",
        type=MANY,
        default=ITERATIONS,
        help=f"of each training; default {ITERATIONS}",
    )
    parser.add_argument(
        "--profile",
        nargs="+",
        choices=profiles.PROFILES,
        default=PROFILES,
        help=f"default: {' '.join(PROFILES)}",
    )


def job(args: argparse.Namespace) -> Job:
    """Return the Job of the options; InputError where they mean nothing."""
    device.parse_gpus(args.gpu)
    names = tuple(dict.fromkeys(args.profile))
    return Job(args.gpu, args.out.rstrip("/"), args.iterations, names)
