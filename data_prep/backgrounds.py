"""Backgrounds without a face: pieces of photographs, gradients, shapes and texture."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import cv2
import numpy as np

# Photographs without a face that scikit-image ships: half of the backgrounds are cut from them.
PHOTOGRAPHS = (
    "brick",
    "grass",
    "gravel",
    "coffee",
    "chelsea",
    "rocket",
    "hubble_deep_field",
    "retina",
    "page",
    "text",
    "immunohistochemistry",
    "moon",
)


def _bgr(image):
    way = cv2.COLOR_GRAY2BGR if image.ndim == 2 else cv2.COLOR_RGB2BGR
    return cv2.cvtColor(image, way)


@functools.lru_cache(maxsize=1)
def photographs() -> list[np.ndarray]:
    """Return the photographs of PHOTOGRAPHS as BGR uint8."""
    from skimage import data  # here: importing it takes a second

    return [_bgr(getattr(data, name)()) for name in PHOTOGRAPHS]


def background(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    """Draw a background, BGR float (height, width, 3).

    It is a piece of a photograph or a gradient, with shapes and texture on it.
    """
    if rng.random() < 0.5:
        image, shapes = piece_of_photograph(rng, width, height, photographs()), rng.integers(0, 5)
    else:
        corners = rng.uniform(20, 235, (2, 2, 3)).astype(np.float32)
        image = cv2.resize(corners, (width, height), interpolation=cv2.INTER_LINEAR) * 0.6
        image += rng.uniform(20, 235, 3).astype(np.float32) * 0.4
        shapes = rng.integers(4, 16)
    for _ in range(shapes):
        _draw_shape(rng, image)
    grain = rng.normal(0, 1, (height // 6 + 1, width // 6 + 1)).astype(np.float32)
    texture = cv2.resize(grain, (width, height))
    return image + (texture * rng.uniform(0, 12))[..., None]


def piece_of_photograph(
    rng: np.random.Generator, width: int, height: int, photos: Sequence[np.ndarray]
) -> np.ndarray:
    """Cut a random piece, BGR float (height, width, 3), out of a random one of some photographs.

    It is mirrored and tinted by chance.
    """
    photo = photos[rng.integers(len(photos))]
    zoom = rng.uniform(0.3, 1) * min(photo.shape[1] / width, photo.shape[0] / height)
    w, h = int(width * zoom), int(height * zoom)
    x, y = rng.integers(photo.shape[1] - w + 1), rng.integers(photo.shape[0] - h + 1)
    piece = photo[y : y + h, x : x + w][:, :: rng.choice([-1, 1])]
    way = cv2.INTER_AREA if zoom > 1 else cv2.INTER_LINEAR
    piece = cv2.resize(piece, (width, height), interpolation=way)
    return piece * rng.uniform(0.6, 1.3, 3).astype(np.float32) + np.float32(rng.uniform(-20, 20))


def _draw_shape(rng, image):
    """Draw a rectangle, an ellipse, a polygon or a line of any colour, in place."""
    height, width = image.shape[:2]
    color = rng.uniform(10, 245, 3).tolist()
    center = (int(rng.integers(width)), int(rng.integers(height)))
    size = (int(rng.integers(4, width // 4)), int(rng.integers(4, height // 4)))
    kind = rng.integers(4)
    if kind == 0:
        cv2.rectangle(image, center, (center[0] + size[0], center[1] + size[1]), color, -1)
    elif kind == 1:
        angle = float(rng.uniform(0, 180))
        cv2.ellipse(image, center, size, angle, 0, 360, color, -1, cv2.LINE_AA)
    elif kind == 2:
        cv2.fillPoly(image, [np.int32(center + rng.normal(0, 30, (4, 2)))], color, cv2.LINE_AA)
    else:
        end = (int(rng.integers(width)), int(rng.integers(height)))
        cv2.line(image, center, end, color, int(rng.integers(1, 7)), cv2.LINE_AA)
