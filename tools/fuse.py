"""Fuse trained sub-networks into one deploy model, and prove that it gives the same answers.

    python -m tools.fuse --run out/demo/run --out out/demo/model
    python -m tools.fuse --run out/joint --run out/lap2015 --trunk out/joint --out out/model
    python -m tools.fuse --run models/small --run out/custom/run --out out/custom/model
    python -m tools.fuse --run out/tiny/hyperface --tower hyperface --out out/tiny/hyperface/model
    python -m tools.fuse --run out/tiny/pretrain --tower id --out out/tiny/pretrain/model
    python -m tools.fuse --proposal out/proposal --proposal out/screen --out out/model

Weights are collected by parameter name from snapshots, which hold one copy of every shared weight
for each tower; all copies must agree. Of several runs the last that has a tower gives it; where
their shared weights differ, --trunk says whose are taken. A fused model counts as a run that has
all its towers. Then every output of the fused net must equal the tower's own.
Without --run the last form adds the nets that look for faces to a model.
"""

import sys

from allinone import arguments, profiles, tasks
from allinone.errors import InputError, command


def parse(argv):
    """Return the command's arguments."""
    parser = arguments.Parser(description=__doc__.splitlines()[0])
    parser.add_argument("--profile", choices=profiles.PROFILES, help="default: that of the runs")
    parser.add_argument(
        "--run",
        action="append",
        default=[],
        help="folder of a training run (its newest snapshot) or of a fused model, or one snapshot; "
        "may be repeated",
    )
    parser.add_argument(
        "--trunk", help="the --run whose shared weights are taken where they differ"
    )
    parser.add_argument(
        "--towers",
        nargs="+",
        choices=tasks.TOWERS,
        metavar="TOWER",
        default=(),
        help="those that are taken of runs; the others come from a fused model",
    )
    parser.add_argument(
        "--tower",
        choices=(*tasks.TOWERS, tasks.HYPERFACE),
        help="take out this tower of one run instead of fusing: det and hyperface do stage 1 "
        "alone, the others their task of stage 2, on faces that another model has found",
    )
    parser.add_argument(
        "--proposal",
        action="append",
        default=[],
        help="run of the job proposal or screen, whose net finds where to look for faces; without "
        "--run it is added to the model in --out; may be repeated",
    )
    parser.add_argument("--out", required=True, help="folder of the model")
    parser.add_argument("--gpu", default="", help="GPU number for the check; default: CPU")
    args = parser.parse_args(argv)
    args.run, args.proposal = arguments.several(args.run), arguments.several(args.proposal)
    if not args.run and (not args.proposal or args.tower or args.trunk or args.towers):
        raise InputError("--run is missing: give the folder of a training run")
    if args.tower and (len(args.run) > 1 or args.trunk or args.proposal or args.towers):
        raise InputError("--tower takes one --run, no --trunk, --towers and --proposal")
    return args


@command
def main(argv=None):
    """Fuse, take out one tower, or add the nets of windows to a model."""
    args = parse(argv)
    from allinone import device, snapshots  # here: where Caffe is missing, that is a sentence
    from tools.fusing import fuse, searching, weights

    if not args.run:
        device.use(args.gpu)
        searching.add(args.proposal, args.out)
        print(f"nets of {', '.join(args.proposal)} added to {args.out}")
        return
    given = profiles.PROFILES.get(args.profile)
    profile = given or weights.profile_of(args.run)
    device.use(args.gpu)
    if args.tower:
        fuse.take_out(profile, args.run[0], args.tower, args.out)
        print(f"net of tower {args.tower} in {args.out}")
        return
    print(f"fusing {', '.join(map(snapshots.weights_of, args.run))}")
    fuse.fuse(profile, args.run, args.out, args.trunk, args.towers, args.proposal)
    print(f"fused model in {args.out}")


if __name__ == "__main__":
    sys.exit(main())
