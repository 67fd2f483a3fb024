"""The sign convention of pose as a picture: one head, turned by each of the three angles."""

from __future__ import annotations

import numpy as np

from allinone import draw
from data_prep import head, render, scene

SIDE, ANGLE = 200, 30  # pixels of a head's picture, degrees
GREY, SEED = 196, 12
# What an angle above 0 means, in the image.
AXES = (("roll", "clockwise"), ("pitch", "nose up"), ("yaw", "nose right"))


def turned(place: int, angle: float):
    """Return (picture, fields of its record) of the head with one of (roll, pitch, yaw) turned.

    The others are 0; the picture is BGR uint8 (SIDE, SIDE, 3).
    """
    rng = np.random.default_rng(SEED)  # the same person, look and light each time
    who = head.draw_identity(0, rng)
    light = render.Light(np.float64([-0.3, -0.4, 0.87]), 0.6, 0.45, np.ones(3), 0.1)
    image, pose = np.full((SIDE, SIDE, 3), GREY, np.float32), np.zeros(3)
    pose[place] = angle
    fields = scene.place_head(image, rng, who, (SIDE / 2, SIDE * 0.5), SIDE * 0.3, pose, light)
    image = image.clip(0, 255).astype(np.uint8)
    draw.face(image, fields["box"], fields["landmarks"], fields["visibility"], pose)
    name, meaning = AXES[place]
    caption = f"{name} {angle}" if angle <= 0 else f"{name} +{angle}: {meaning}"
    return draw.titled(image, caption, 14), fields


def picture() -> np.ndarray:
    """Return the head turned one way, not at all and the other way, a row for each angle."""
    heads = []
    for place in range(len(AXES)):
        heads += [turned(place, angle)[0] for angle in (-ANGLE, 0, ANGLE)]
    return draw.grid(heads, 3)
