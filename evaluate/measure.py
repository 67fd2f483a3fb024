"""Measure a model on a benchmark, and print every figure beside the paper's.

python -m evaluate.measure --list
python -m evaluate.measure afw --data data/afw --model out/paper/model
python -m evaluate.measure afw --help
"""

from __future__ import annotations

import os
import sys

from allinone import arguments, engines, folders
from allinone.errors import InputError, command
from allinone.searching import PROPOSALS
from evaluate import answers, benchmark, predictions, run


def parse(argv=None):
    """Return the arguments: a benchmark, its options, or --list."""
    parser = arguments.Parser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--list", action="store_true", help="print the benchmarks' names, one a line, and end"
    )
    parsers = parser.add_subparsers(dest="benchmark", metavar="benchmark")
    for one in benchmark.benchmarks():
        about = f"{one.about} {one.needs}".strip()
        add_options(parsers.add_parser(one.name, help=one.title, description=about), one)
    return parser.parse_args(argv)


def add_options(parser, one):
    """Add the options that all benchmarks have, and those of one."""
    parser.add_argument(
        "--data",
        default=os.path.join("data", one.dataset),
        help="folder of the set, as data_prep/README.md shows it",
    )
    parser.add_argument(
        "--model",
        help="folder of the fused model, or of a model for each fold (fold_01/model, ...)",
    )
    parser.add_argument(
        "--out",
        help=f"folder for {predictions.LINES} and {run.RESULTS}; default: {one.name} in "
        "<model>-eval",
    )
    parser.add_argument(
        "--proposals",
        choices=PROPOSALS,
        help="where faces and regions are looked for; default: selective-search for a model of "
        "profile paper, as in the paper, and dense for others",
    )
    parser.add_argument(
        "--stage1",
        metavar="MODEL",
        help="folder of the model that finds faces and landmarks, where that is another; --model "
        "then describes the faces, and may be the net of one tower (tools.fuse --tower)",
    )
    parser.add_argument("--engine", choices=engines.ENGINES, default="caffe")
    parser.add_argument("--gpu", default="", help="GPU number; empty: CPU")
    if one.parts:
        parser.add_argument(
            "--part",
            choices=one.parts,
            default=one.parts[0],
            help="of the set, default %(default)s",
        )
    if one.beside:
        parser.add_argument(
            "--beside",
            metavar="MODEL",
            default=one.beside,
            help="model that stands beside, default %(default)s; with nothing: none",
        )
    if one.score:
        parser.add_argument(
            "--score",
            choices=answers.SCORES,
            default=one.score,
            help=f"{one.score_of}: means over the region proposals with IoU > 0.5, as in the "
            "paper, or of the face aligned by its landmarks; default here: %(default)s",
        )
    for switch, what in one.switches.items():
        parser.add_argument(switch, action="store_true", help=what)


@command
def main(argv=None):
    """Measure, or list the benchmarks."""
    args = parse(argv)
    if args.list:
        print("\n".join(benchmark.names()))
        return
    if not args.benchmark:
        raise InputError(f"no benchmark given; name one of {', '.join(benchmark.names())}")
    chosen = benchmark.load(args.benchmark)
    begun = run.start(chosen, args)
    with folders.only_one(begun.out):
        folders.claim(begun.out, run.KIND)
        run.finish(begun, chosen.measure(begun))


if __name__ == "__main__":
    sys.exit(main())
