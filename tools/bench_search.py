"""The part of make bench that searches whole pictures with a model, one core and one thread.

    python -m tools.bench_search --model models/small

Prints rows, and the figures as JSON in the last line.
"""

import collections
import json
import os
import subprocess
import sys

from allinone import arguments
from allinone.errors import InputError, command
from allinone.model import open_model


def parse(argv):
    """Return the command's arguments."""
    parser = arguments.Parser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", help="folder of a fused model; default: the shipped one")
    parser.add_argument(
        "--core", type=arguments.Whole(0), help="only count pictures a second on it"
    )
    return parser.parse_args(argv)


def on_all_cores(model, cores):
    """Return {picture: rate} of as many processes as cores, each on one of them, together."""
    alone = [sys.executable, "-m", "tools.bench_search", "--model", model, "--core"]
    running = [
        subprocess.Popen([*alone, str(core)], stdout=subprocess.PIPE, text=True) for core in cores
    ]
    told = []
    for process in running:
        words, _ = process.communicate()
        if process.returncode:
            raise InputError(f"{' '.join(alone)} ended with code {process.returncode}")
        told.append(json.loads(words.splitlines()[-1]))
    sums = collections.Counter()
    for one in told:
        sums.update(one)
    return dict(sums)


@command
def main(argv=None):
    """Time the pictures, or count those a second on one core."""
    args = parse(argv)
    cores = sorted(os.sched_getaffinity(0))
    core = cores[0] if args.core is None else args.core
    os.sched_setaffinity(0, {core})  # before any library counts the cores
    import cv2

    from tools.timing import clock, search

    cv2.setNumThreads(1)
    model = open_model(args.model).folder
    if args.core is not None:
        print(json.dumps(search.rates(model)))
        return
    part = search.search(model)
    clock.show(part)
    one, all_cores = search.rates(model), on_all_cores(model, cores)
    rows = []
    for name, rate in one.items():
        remark = f"{all_cores[name]:.1f}/s on {len(cores)} cores"
        rows.append((f"{name}, a process on a core", f"{rate:.1f}/s", remark))
    clock.show(clock.Part(rows, {}))
    print(json.dumps(dict(part.figures, rates=one, rates_all_cores=all_cores)))


if __name__ == "__main__":
    sys.exit(main())
