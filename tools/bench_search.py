"""The part of make bench that searches whole pictures with a model, one core and one thread.

    python -m tools.bench_search --model models/small

Prints rows, and the figures as JSON in the last line.
"""

import json
import os
import subprocess
import sys

from allinone import arguments
from allinone.errors import command
from allinone.model import open_model


def parse(argv):
    """Return the command's arguments."""
    parser = arguments.Parser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", help="folder of a fused model; default: the shipped one")
    parser.add_argument("--core", type=arguments.Whole(0), help="only print frames a second on it")
    return parser.parse_args(argv)


def on_all_cores(model, cores):
    """Return the frames a second of as many processes as cores, each on one of them."""
    alone = [sys.executable, "-m", "tools.bench_search", "--model", model, "--core"]
    running = [
        subprocess.Popen([*alone, str(core)], stdout=subprocess.PIPE, text=True) for core in cores
    ]
    return sum(json.loads(process.communicate()[0].splitlines()[-1]) for process in running)


@command
def main(argv=None):
    """Time the pictures, or the video on one core."""
    args = parse(argv)
    cores = sorted(os.sched_getaffinity(0))
    core = cores[0] if args.core is None else args.core
    os.sched_setaffinity(0, {core})  # before any library counts the cores
    import cv2

    from tools.timing import clock, search

    cv2.setNumThreads(1)
    model = open_model(args.model).folder
    if args.core is not None:
        print(json.dumps(search.frame_rate(model)))
        return
    part = search.search(model)
    clock.show(part)
    one, both = search.frame_rate(model), on_all_cores(model, cores)
    rows = [
        ("640x480 video, one core", f"{one:.1f}/s", "the best engine"),
        (f"640x480 video, {len(cores)} cores", f"{both:.1f}/s", f"{both / one:.2f} times one"),
    ]
    clock.show(clock.Part(rows, {}))
    print(json.dumps(dict(part.figures, video_rate=one, video_rate_all_cores=both)))


if __name__ == "__main__":
    sys.exit(main())
