"""Say whether GPUs can run this Caffe; end with code 2 where one cannot.

python -m tools.check_gpu 0,1
"""

import sys

from allinone import arguments, device
from allinone.errors import command


@command
def main(argv=None):
    """Try a forward pass on every GPU."""
    parser = arguments.Parser(description=__doc__.splitlines()[0])
    parser.add_argument("gpu", help="numbers such as 0 or 0,1")
    device.check(parser.parse_args(argv).gpu)


if __name__ == "__main__":
    sys.exit(main())
