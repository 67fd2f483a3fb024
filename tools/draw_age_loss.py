"""Draw both phases of the age loss (eq. 6, figure 4) into docs/age_loss.svg.

python -m tools.draw_age_loss
"""

import sys

from allinone import arguments, files
from allinone.errors import command
from tools import age_loss_picture


@command
def main(argv=None):
    """Draw it."""
    parser = arguments.Parser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default="docs/age_loss.svg", help="path of the picture")
    out = parser.parse_args(argv).out
    with files.replacing(out) as stream:
        stream.write(age_loss_picture.svg())
    print(f"written: {out}")


if __name__ == "__main__":
    sys.exit(main())
