"""Prove that a machine trains and answers rightly, and measure how fast: a report and a page.

    python -m tools.prove_gpu --gpu 0
    python -m tools.prove_gpu --iterations 2 --profile tiny    quickly, on the CPU

It compares every layer, joint training, fusing and all engines on a GPU with the CPU. A step that
fails does not stop the others; one that has passed is kept until its code or the machine changes.
The folder gets report.json, index.html and, in steps/, the log of each step. Ends with code 2 where
a step has failed.
"""

import os
import sys

from allinone import arguments
from allinone.errors import InputError, command
from tools.proving import options, run


def parse(argv):
    """Return the Job."""
    parser = arguments.Parser(description=__doc__.splitlines()[0])
    options.add(parser)
    return options.job(parser.parse_args(argv))


@command
def main(argv=None):
    """Do all steps."""
    job = parse(argv)
    failed = run.prove(job)
    path = os.path.abspath(job.path(run.PAGE))
    print(f"The page: {path}")
    if failed:
        raise InputError(f"{job.out}: steps that failed: {failed}; their sentences are in {path}")


if __name__ == "__main__":
    sys.exit(main())
