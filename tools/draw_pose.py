"""Draw the sign convention of pose into docs/pose.jpg: one head, turned one way and the other by each of the three angles."""

import argparse
import sys

import numpy as np

from allinone import draw, files
from allinone.errors import command
from data_prep import head, render, scene

PATH = "docs/pose.jpg"
SIDE, ANGLE = 200, 30  # pixels of a head's picture, degrees
GREY, SEED = 196, 12
AXES = (
    ("roll", "clockwise"),
    ("pitch", "nose up"),
    ("yaw", "nose right"),
)  # what above 0 means, in the image


def picture(place, angle):
    """Return the head with one of (roll, pitch, yaw) at an angle, the others 0, BGR uint8 (SIDE, SIDE, 3)."""
    rng = np.random.default_rng(SEED)  # the same person, look and light each time
    who, light = (
        head.draw_identity(0, rng),
        render.Light(np.float64([-0.3, -0.4, 0.87]), 0.6, 0.45, np.ones(3), 0.1),
    )
    image, pose = np.full((SIDE, SIDE, 3), GREY, np.float32), np.zeros(3)
    pose[place] = angle
    fields = scene.place_head(image, rng, who, (SIDE / 2, SIDE * 0.5), SIDE * 0.3, pose, light)
    image = image.clip(0, 255).astype(np.uint8)
    draw.face(image, fields["box"], fields["landmarks"], fields["visibility"], pose)
    name, meaning = AXES[place]
    draw.caption(
        image, f"{name} {angle}" if angle <= 0 else f"{name} +{angle}: {meaning}", (5, 5), 13
    )
    return image


@command
def main(argv=None):
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args(argv)
    files.write_image(
        PATH,
        draw.grid([picture(place, angle) for place in range(3) for angle in (-ANGLE, 0, ANGLE)], 3),
    )
    print(f"written: {PATH}")


if __name__ == "__main__":
    sys.exit(main())
