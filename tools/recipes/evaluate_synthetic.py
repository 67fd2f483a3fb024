"""Draw held-out portraits and scenes, and measure a model on them.

python -m tools.recipes.evaluate_synthetic --model out/paper/model
"""

from __future__ import annotations

import sys

from allinone import arguments
from allinone.errors import command
from allinone.model import measured_in, open_model
from tools.recipes import drawn, options


def parse(argv):
    """Return the command's arguments."""
    parser = arguments.Parser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="folder of the fused model")
    parser.add_argument("--sets", default="out/synthetic", help="folder for the drawn sets")
    parser.add_argument("--gpu", default="", help="GPU number; empty: CPU")
    options.add_steps(parser)
    return parser.parse_args(argv)


@command
def main(argv=None):
    """Do the steps."""
    args = parse(argv)
    if not args.dry_run:
        open_model(args.model)  # before anything is drawn
    out = measured_in(args.model, "synthetic")
    measure = drawn.measure("measure", args.model, args.sets, out, args.gpu)
    return options.run(args, [*drawn.held_out(args.sets), measure], args.sets)


if __name__ == "__main__":
    sys.exit(main())
