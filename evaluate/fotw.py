"""Faces of the World, gender and smile of its validation part, after fine-tuning (section IV-D).

python -m evaluate.fotw --data data/fotw --model out/paper/fotw/model      # make finetune-fotw
"""

import sys

from allinone.errors import command
from evaluate import attributes


@command
def main(argv=None):
    attributes.evaluate("fotw", __doc__.splitlines()[0], ("val",), argv)


if __name__ == "__main__":
    sys.exit(main())
