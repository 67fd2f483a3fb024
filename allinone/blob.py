"""Pictures to network input: crop, resize, subtract the mean, scale."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

MEAN = (104, 117, 123)  # our choice: the BGR mean of Caffe's reference networks
SCALE = 1 / 58  # our choice: grey levels have a standard deviation near 58, so inputs are near 1


def fill(blob: np.ndarray, images: Sequence[np.ndarray]) -> None:
    """Write BGR uint8 images, each (h, w, 3), into a float32 array (n, 3, h, w), normalised."""
    # Straight into its place: through a temporary array, as by cv2.dnn.blobFromImage, a picture of
    # 640x480 takes ten times as long.
    means = np.float32(MEAN).reshape(3, 1, 1)
    for row, image in zip(blob, images):
        np.subtract(cv2.split(image), means, out=row)
        row *= SCALE


def to_blob(images: Sequence[np.ndarray]) -> np.ndarray:
    """Return float32 (n, 3, h, w) of BGR uint8 images (n, h, w, 3); see `fill`."""
    blob = np.empty((len(images), 3, *images[0].shape[:2]), np.float32)
    fill(blob, images)
    return blob


def crop(image: np.ndarray, box, size: int) -> np.ndarray:
    """Return the region `box` of an image, warped to (size, size, 3).

    Beyond the border of the image the edge is repeated. Pixel centres stand at half-integers of
    the box's coordinates, so that a box of `size` pixels is copied as it is.
    """
    x1, y1, x2, y2 = (float(edge) for edge in box)
    fx, fy = (x2 - x1) / size, (y2 - y1) / size
    pad = max(fx, fy)
    # 1. Cut out what the warp will read, at least one pixel.
    height, width = image.shape[:2]
    left, right = max(int(np.floor(x1 - pad)), 0), min(int(np.ceil(x2 + pad)), width)
    top, bottom = max(int(np.floor(y1 - pad)), 0), min(int(np.ceil(y2 + pad)), height)
    if right <= left or bottom <= top:  # wholly outside: the nearest pixel
        left, top = int(np.clip(left, 0, width - 1)), int(np.clip(top, 0, height - 1))
        right, bottom = left + 1, top + 1
    part, x1, y1 = image[top:bottom, left:right], x1 - left, y1 - top
    # 2. Shrink by area first where the warp alone would alias.
    if pad > 2:
        small_width = max(1, int(round(part.shape[1] / max(fx, 1))))
        small_height = max(1, int(round(part.shape[0] / max(fy, 1))))
        sx, sy = small_width / part.shape[1], small_height / part.shape[0]
        part = cv2.resize(part, (small_width, small_height), interpolation=cv2.INTER_AREA)
        x1, fx, y1, fy = x1 * sx, fx * sx, y1 * sy, fy * sy
    # 3. Warp.
    matrix = np.float32([[fx, 0, x1 + fx / 2 - 0.5], [0, fy, y1 + fy / 2 - 0.5]])
    way = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(part, matrix, (size, size), flags=way, borderMode=cv2.BORDER_REPLICATE)
