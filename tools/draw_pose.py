"""Draw the sign convention of pose into docs/pose.jpg.

python -m tools.draw_pose
"""

import sys

from allinone import arguments, pictures
from allinone.errors import command
from tools import pose_picture


@command
def main(argv=None):
    """Draw it."""
    parser = arguments.Parser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default="docs/pose.jpg", help="path of the picture")
    out = parser.parse_args(argv).out
    pictures.write_image(out, pose_picture.picture())
    print(f"written: {out}")


if __name__ == "__main__":
    sys.exit(main())
