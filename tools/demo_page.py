"""Make the demo's page: results beside chance, loss curves, pictures that were just analyzed.

    python -m tools.demo_page --demo out/demo

The folder holds what the demo has made: model, run, train, test and eval.
"""

import os
import sys

from allinone import arguments, device, folders
from allinone.analyzer import FaceAnalyzer
from allinone.errors import command
from tools import demo_pictures, demo_results


def parse(argv):
    """Return the command's arguments."""
    parser = arguments.Parser(description=__doc__.splitlines()[0])
    parser.add_argument("--demo", required=True, help="folder of the demo")
    parser.add_argument("--gpu", default="", help="GPU number; empty: CPU")
    return parser.parse_args(argv)


@command
def main(argv=None):
    """Run the command."""
    args = parse(argv)
    folders.claim(args.demo, demo_results.KIND)
    used = device.use(args.gpu)
    analyzer = FaceAnalyzer(os.path.join(args.demo, "model"), "caffe")
    shown = demo_pictures.draw_held_out(analyzer, args.demo)
    shown["photographs"] = demo_pictures.draw_photographs(analyzer, args.demo)
    demo_pictures.copy_curves_and_sheet(args.demo)
    demo_results.write(args.demo, dict(shown, device=used))


if __name__ == "__main__":
    sys.exit(main())
