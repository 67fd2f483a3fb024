"""Measure on all benchmarks whose sets are there, or on some, each with its own model.

    python -m tools.recipes.evaluate_all --data data --out out/paper/eval --profile paper
    python -m tools.recipes.evaluate_all afw fddb --data data --out eval --model out/paper/model

Where the net was fine-tuned for a benchmark what came of that is measured, of folds each by its
own, unless --model names another. AFW and PASCAL faces are measured with what was fine-tuned on the
whole of FDDB, as in the paper (section IV-A). Which model it is, is printed.
"""

from __future__ import annotations

import glob
import os
import sys

from allinone import arguments, model
from allinone.errors import InputError, command
from evaluate import benchmark
from tools.recipes import options, steps


def parse(argv):
    """Return the command's arguments."""
    parser = arguments.Parser(description=__doc__.splitlines()[0])
    parser.add_argument("benchmarks", nargs="*", help="default: all whose sets are there")
    parser.add_argument("--data", default="data", help="folder with a folder for each set")
    parser.add_argument("--model", help="the model to measure on every benchmark")
    parser.add_argument("--stage1", help="the model that does stage 1, where that is another")
    parser.add_argument("--out", required=True, help="folder with a folder for each benchmark")
    parser.add_argument("--proposals", help="where faces and regions are looked for")
    parser.add_argument("--score", help="of gender, smile and age: mean-regions or aligned")
    parser.add_argument("--train-tpe", action="store_true", help="ijba: learn the embedding first")
    parser.add_argument("--gpu", default="", help="GPU number; empty: CPU")
    options.add_profile(parser)
    return parser.parse_args(argv)


def model_for(one, profile):
    """Return the model, or the folder with one for each fold, that a benchmark is measured with.

    Prints which, and what is not there where it should be another set's.
    """
    runs = os.path.join("out", profile)
    own, why = os.path.join(runs, one.tuned), ""
    if one.own_model:
        there = os.path.isdir(one.own_model)
        chosen = one.own_model if there else model.SHIPPED
        why = "" if there else f"; {one.own_model} is not there"
    elif os.path.isdir(os.path.join(own, "model")):
        chosen = os.path.join(own, "model")
    elif glob.glob(f"{own}/fold_*/model"):
        chosen = own
    else:
        chosen = os.path.join(runs, "model")
        why = f"; {own}/model is not there" if one.tuned != one.name else ""
    print(f"{one.name}: measured with {chosen}{why}", flush=True)
    return chosen


def command_of(one, args):
    """Return the command that measures on a benchmark."""
    command = ["evaluate.measure", one.name, "--data", os.path.join(args.data, one.dataset)]
    command += ["--model", args.model or model_for(one, args.profile)]
    command += ["--out", os.path.join(args.out, one.name), "--gpu", args.gpu]
    if args.stage1:
        command += ["--stage1", args.stage1]
    if args.proposals:
        command += ["--proposals", args.proposals]
    if args.score and one.score:
        command += ["--score", args.score]
    return command + (["--train-tpe"] if args.train_tpe else [])


def chosen(args):
    """Return the benchmarks to measure on; those whose set is not there are named and left out."""
    if args.benchmarks:
        named = [benchmark.load(name) for name in args.benchmarks]
        without = [one.name for one in named if args.score and not one.score]
        if without:
            raise InputError(f"SCORE={args.score}: {without[0]} has no such choice; leave it out")
        return named
    found = []
    for one in map(benchmark.load, benchmark.names()):
        folder = os.path.join(args.data, one.dataset)
        if os.path.isdir(folder):
            found.append(one)
        else:
            print(f"{one.name}: {folder} is not there", flush=True)
    return found


@command
def main(argv=None):
    """Measure one after the other; what fails stops none of the others."""
    args, failed = parse(argv), {}
    for one in chosen(args):
        code = steps.call(command_of(one, args))
        if code:
            failed[one.name] = code
    if len(args.benchmarks) == 1 and failed:
        return failed[args.benchmarks[0]]
    if failed:
        raise InputError(f"not measured: {', '.join(failed)}; why is said above")
    return 0


if __name__ == "__main__":
    sys.exit(main())
