"""Draw the loss curves of a training log, a small plot for each task.

python -m tools.plot_log out/demo/train/log.jsonl out/demo/train/curves.png
"""

import sys

from allinone import arguments, folders
from allinone.errors import command
from tools.training import curves


def parse(argv):
    """Return the command's arguments."""
    parser = arguments.Parser(description=__doc__.splitlines()[0])
    parser.add_argument("log", help="log.jsonl of a run of tools.train")
    parser.add_argument("png", help="picture to write")
    return parser.parse_args(argv)


@command
def main(argv=None):
    """Draw."""
    args = parse(argv)
    folders.refuse_inputs(args.png, [args.log])
    curves.plot(args.log, args.png)


if __name__ == "__main__":
    sys.exit(main())
