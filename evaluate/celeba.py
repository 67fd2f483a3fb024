"""CelebA, gender and smile of its test part (section IV-D).

python -m evaluate.celeba --data data/celeba --model out/paper/model
"""

import sys

from allinone.errors import command
from evaluate import attributes


@command
def main(argv=None):
    attributes.evaluate("celeba", __doc__.splitlines()[0], ("test",), argv)


if __name__ == "__main__":
    sys.exit(main())
