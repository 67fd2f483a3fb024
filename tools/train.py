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

from allinone import arguments, profiles, schedules, tasks
from allinone.errors import InputError, command
from python_layers import variations
from tools.training.options import NUMBERS, Options, flag

# Towers whose faces have groups; those of people do not.
BALANCED = [
    tower for tower in tasks.ALIGNED_TOWERS if tasks.aligned_task(tower).kind != tasks.DESCRIPTOR
]


def parse(argv):
    """Return (Options, whether to resume); an option that is not given keeps Options' default."""
    parser = arguments.Parser(
        description=__doc__.splitlines()[0], argument_default=argparse.SUPPRESS
    )
    add = parser.add_argument

    def number(name, **more):
        add(flag(name), type=NUMBERS[name], **more)

    add("--profile", choices=profiles.PROFILES, help="default: that of --init")
    add("--job", choices=schedules.JOBS["paper"], help=f"default: {Options.job}")
    add("--db", required=True, help="folder with a database for each tower, and val/ with more")
    add("--out", required=True, help="folder of the run")
    add("--init", help="run or model to start from, for job hyperface also a caffemodel of AlexNet")
    add(
        "--towers",
        nargs="+",
        choices=tasks.TOWERS,
        metavar="TOWER",
        help="the job's towers that learn; default: all of them",
    )
    add(
        "--branches",
        action="store_true",
        help="only the layers that a task has for itself learn; all others stay to the bit",
    )
    add("--widen", action="store_true", help="start with the answers of a narrower net (--init)")
    number("iterations", help="default: the job's; the age switch moves with them")
    number("base_lr", help="default: the job's")
    number("batch", metavar="FACTOR", help="of the job's mini-batches; default: 1")
    number("age_switch", help="iteration; the age loss turns Gaussian there (eq. 6)")
    number("age_ramp", help="iterations that this takes; default: 0")
    number("age_weight", help="of the Gaussian term; default: the job's, 1: as printed")
    add(
        "--without-dropout",
        nargs="+",
        choices=tasks.TOWERS,
        metavar="TOWER",
        help="towers without the profile's dropout, which draws numbers towards their mean",
    )
    add(
        "--vary",
        nargs="+",
        choices=(*variations.KINDS, variations.ALL),
        metavar="KIND",
        help=f"further variation of pictures: {', '.join(variations.KINDS)} or {variations.ALL}",
    )
    add(
        "--balance",
        nargs="+",
        choices=BALANCED,
        metavar="TOWER",
        help=f"of {', '.join(BALANCED)}: those whose faces are balanced over ages and genders",
    )
    add(
        "--taught",
        action="store_true",
        help="the identity net goes on to learn a teacher's descriptors (DB/distill), not people",
    )
    number("iter_size", help="mini-batches of an iteration, for a small GPU")
    number("snapshot", help="iterations between snapshots; default: the profile's")
    number("seed", help=f"default: {Options.seed}")
    add("--resume", action="store_true", help="go on from the newest snapshot, if there is one")
    add("--gpu", help="GPU numbers, 0 or 0,1, a mini-batch each; default: CPU")
    number("cores", help="processes without a GPU, which share mini-batches")
    given = vars(parser.parse_args(argv))
    resume = given.pop("resume", False)
    if "vary" in given:
        given["vary"] = variations.named(given["vary"])
    options = Options(**given)
    check(options)
    return options, resume


def check(options):
    """Refuse options that do not go together."""
    if options.cores > 1 and options.gpu:
        raise InputError("--cores goes without --gpu; leave one of them out")
    if not options.init and (options.branches or schedules.JOBS["paper"][options.job].branches):
        what = "--branches" if options.branches else f"--job {options.job}"
        raise InputError(f"{what} needs --init: most layers stay as they start, and learn nothing")
    if options.widen and not options.init:
        raise InputError("--widen needs --init, the narrower net")
    if options.widen and not options.profile:
        raise InputError("--widen needs --profile, that of the wider net")


@command
def main(argv=None):
    """Train."""
    options, resume = parse(argv)
    from tools.training import run, settings  # here: where Caffe is missing, that is a sentence

    run.train(settings.make(options), resume)


if __name__ == "__main__":
    sys.exit(main())
