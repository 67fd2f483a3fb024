"""Do one step of tools.prove_gpu, which starts this in a process of its own.

python -m tools.prove_gpu_step layers --gpu 0 --out out/gpu
"""

import dataclasses
import importlib
import sys

from allinone import arguments, files
from allinone.errors import InputError, command
from tools.proving import options, steps


def parse(argv):
    """Return (name of the step, Job)."""
    parser = arguments.Parser(description=__doc__.splitlines()[0])
    parser.add_argument("step", help="its name, such as layers or train-tiny")
    options.add(parser)
    args = parser.parse_args(argv)
    return args.step, options.job(args)


@command
def main(argv=None):
    """Do the step and leave what it found."""
    name, job = parse(argv)
    known = {step.name: step for step in steps.all_steps(job.profiles)}
    if name not in known:
        raise InputError(f"{name}: no such step; there are {', '.join(known)}")
    step = known[name]
    work = getattr(importlib.import_module(step.module), step.function)
    found = work(dataclasses.replace(job, profile_name=step.profile))
    files.write_json(job.path("steps", f"{name}.found.json"), found.plain())


if __name__ == "__main__":
    sys.exit(main())
