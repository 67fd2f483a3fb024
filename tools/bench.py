"""Time what must be fast, and print a table: training, reading, building, analyzing.

    python -m tools.bench --db out/demo/db --records out/demo/train/faces/records.jsonl \\
        --model out/demo/model --out out/bench.json

Training with real data is set beside made-up data, building beside a bare loop, engines beside the
machine's matrix products, the fast search beside the dense one.
"""

import functools
import json
import os
import subprocess
import sys

from allinone import arguments, device, files, folders
from allinone.errors import InputError, command
from allinone.model import shipped
from tools.recipes.options import BLAS_THREADS
from tools.timing import clock, data, training

NEEDED = ("db", "records", "model", "out")


def parse(argv):
    """Return the command's arguments."""
    parser = arguments.Parser(description=__doc__.splitlines()[0])
    parser.add_argument("--db", help="folder of the databases of profile tiny")
    parser.add_argument("--records", help="records.jsonl of faces, to build a database of")
    parser.add_argument("--model", help="folder of a fused model of profile tiny")
    parser.add_argument("--real", default="", help="folder of labelled photographs, photos.jsonl")
    parser.add_argument("--out", help="file for the figures as JSON")
    parser.add_argument(
        "--full-network",
        action="store_true",
        help="only print the figures of profile paper as JSON",
    )
    args = parser.parse_args(argv)
    missing = [f"--{name}" for name in NEEDED if not getattr(args, name)]
    if missing and not args.full_network:
        raise InputError(f"bench: {', '.join(missing)} missing; `make bench` makes all of them")
    return args


def figures_of(module, model, threads, *more):
    """Print the rows of a command that measures a model, and return its figures."""
    with subprocess.Popen(
        [sys.executable, "-m", module, "--model", model, *more],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, BLAS_THREADS: str(threads)},
    ) as running:
        try:
            for line in running.stdout:
                if line.startswith("{"):
                    return json.loads(line)
                print(line, end="", flush=True)
        except KeyboardInterrupt:
            running.kill()
            raise
    raise InputError(f"{module} ended with code {running.returncode}")


@command
def main(argv=None):
    """Time all parts, or the full network."""
    args = parse(argv)
    if args.full_network:
        print(json.dumps(training.measure_full_network()))
        return
    folders.refuse_inputs(args.out, [args.records])
    about = f"{device.machine()}, {BLAS_THREADS}={os.environ.get(BLAS_THREADS, 'not set')}"
    print(about, flush=True)
    everything = dict(machine=about)
    for measure in (
        functools.partial(training.training, args.db),
        functools.partial(training.sharing, args.db),
        functools.partial(data.reading, args.db),
        functools.partial(data.building, args.records),
        training.full_network,
    ):
        part = measure()
        everything.update(part.figures)
        clock.show(part)
    print(f"on all {os.cpu_count()} cores:", flush=True)
    everything.update(figures_of("tools.bench_analysis", args.model, os.cpu_count()))
    print("whole pictures with the shipped model, CPU seconds of one thread:", flush=True)
    everything.update(figures_of("tools.bench_search", shipped(), 1))
    print("what the shipped model finds, on all cores, CPU seconds:", flush=True)
    everything.update(figures_of("tools.bench_detection", shipped(), 1, "--real", args.real))
    files.write_json(args.out, everything)
    print(f"written: {args.out}")


if __name__ == "__main__":
    sys.exit(main())
