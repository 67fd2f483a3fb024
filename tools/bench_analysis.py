"""The part of make bench that looks at pictures: engines, proposals, refinement, growth, videos.

    python -m tools.bench_analysis --model out/demo/model

Prints rows, and the figures as JSON in the last line.
"""

import functools
import json
import sys
import tempfile

from allinone import arguments
from allinone.errors import command
from allinone.model import open_model, shipped
from tools.timing import clock, films, full_width, growth, pictures
from tools.timing import engines as engine_times


def parse(argv):
    """Return the command's arguments."""
    parser = arguments.Parser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="folder of a fused model of profile tiny")
    parser.add_argument("--folder", help="only analyze this folder, and print what that took")
    return parser.parse_args(argv)


@command
def main(argv=None):
    """Time all parts, or one folder."""
    args = parse(argv)
    folder = open_model(args.model).folder
    if args.folder:
        print(json.dumps(growth.one_folder(folder, args.folder)))
        return
    everything = {}
    with tempfile.TemporaryDirectory() as at_full_width:
        engine_times.write_full_width(at_full_width)
        part, stages = engine_times.engines(at_full_width)
        clock.show(part)
        everything.update(part.figures)
        for measure in (
            functools.partial(pictures.pictures, folder, at_full_width, stages[pictures.ENGINE]),
            functools.partial(full_width.full_width, at_full_width, shipped()),
            functools.partial(growth.growth, folder),
            functools.partial(growth.two_workers, shipped()),
            functools.partial(films.film_rate, shipped()),
        ):
            part = measure()
            clock.show(part)
            everything.update(part.figures)
    print(json.dumps(everything))


if __name__ == "__main__":
    sys.exit(main())
