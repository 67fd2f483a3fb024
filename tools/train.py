"""Train a net in Caffe: pre-training, joint, a tower alone, fine-tuning or the baseline.

A run that was stopped goes on exactly as if it had not been.

    python -m tools.train --profile tiny --job joint --db out/demo/db --out out/demo/run --resume

The folder of the run gets train.prototxt, solver.prototxt, plan.json (what it is made of),
data.json (its databases), log.jsonl (a line for each iteration and validation), curves.png,
tensorboard/ and snapshots/. With databases for validation under <db>/val, the figure of every task
on them is measured as the run goes on.
"""

import argparse
import sys

from allinone import profiles, schedules, tasks
from allinone.errors import command


def parse(argv):
    """Return the command's arguments."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--profile", choices=profiles.PROFILES, help="default: that of --init")
    add("--job", choices=schedules.JOBS["paper"], default="joint", help="default: joint")
    add("--db", required=True, help="folder with a database for each tower, and val/ with more")
    add("--out", required=True, help="folder of the run")
    add("--init", help="run or model to start from, for job hyperface also a caffemodel of AlexNet")
    add("--widen", action="store_true", help="start with the answers of a narrower net (--init)")
    add("--iterations", type=int, help="default: the job's; the age switch moves with them")
    add("--base-lr", type=float, help="default: the job's")
    add("--batch", type=float, default=1.0, metavar="FACTOR", help="of the job's mini-batches")
    add("--age-switch", type=int, help="iteration; the age loss turns Gaussian there (eq. 6)")
    add("--age-ramp", type=int, default=0, help="iterations that this takes; default: 0")
    add("--age-weight", type=float, help="of the Gaussian term; default: the job's, 1: as printed")
    add(
        "--without-dropout",
        nargs="+",
        choices=tasks.TOWERS,
        default=(),
        metavar="TOWER",
        help="towers without the profile's dropout, which draws numbers towards their mean",
    )
    add("--iter-size", type=int, default=1, help="mini-batches of an iteration, for a small GPU")
    add("--snapshot", type=int, help="iterations between snapshots; default: the profile's")
    add("--seed", type=int, default=1)
    add("--resume", action="store_true", help="go on from the newest snapshot, if there is one")
    add("--gpu", default="", help="GPU numbers, 0 or 0,1, a mini-batch each; default: CPU")
    add("--cores", type=int, default=1, help="processes without a GPU, which share mini-batches")
    args = parser.parse_args(argv)
    check(parser, args)
    return args


def check(parser, args):
    """Refuse options that do not go together, or make no sense."""
    if args.cores < 1 or args.cores > 1 and args.gpu:
        parser.error("--cores must be 1 or more, and goes without --gpu")
    if args.widen and not args.init:
        parser.error("--widen needs --init, the narrower net")
    if args.widen and not args.profile:
        parser.error("--widen needs --profile, that of the wider net")
    if args.age_weight is not None and not args.age_weight > 0:
        parser.error("--age-weight must be above 0: 1 is eq. 6 as printed")
    if not args.batch > 0:
        parser.error("--batch must be above 0: 0.5 halves the mini-batches, 2 doubles them")


@command
def main(argv=None):
    """Train."""
    options = vars(parse(argv))
    from tools.training import run, settings  # here: where Caffe is missing, that is a sentence

    resume = options.pop("resume")
    run.train(settings.make(**options), resume)


if __name__ == "__main__":
    sys.exit(main())
