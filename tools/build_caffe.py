"""Build Caffe from its source for the Python that runs this.

    python -m tools.build_caffe gpu

Needs nothing but Python's standard library. What is missing on the machine is named; a build that
was stopped goes on. The source is fetched unless it is given.
"""

import sys

from allinone import arguments
from allinone.errors import command
from tools.caffe_build import build, bundle


@command
def main(argv=None):
    """Build, and gather what was built where that is asked for."""
    parser = arguments.Parser(description=__doc__.splitlines()[0])
    parser.add_argument("device", choices=("gpu", "cpu"), help="with CUDA, or without")
    parser.add_argument("--source", default="", help="folder or archive of Caffe's source")
    parser.add_argument("--cudnn", action="store_true", help="convolution by cuDNN 9")
    parser.add_argument("--bundle", default="", help="folder for a build that can be moved")
    args = parser.parse_args(argv)
    wanted = build.Wanted(
        to=f".caffe-{args.device}",
        cuda=args.device == "gpu",
        cudnn=args.cudnn,
        given=args.source,
        every_gpu=bool(args.bundle),
    )
    if args.bundle:
        bundle.check_place(args.bundle)
    build.build(wanted)
    if args.bundle:
        bundle.gather(wanted.to, args.bundle)


if __name__ == "__main__":
    sys.exit(main())
