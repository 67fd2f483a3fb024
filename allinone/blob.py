"""Pictures to network input: crop, resize, subtract the mean, scale."""

import cv2
import numpy as np

MEAN = (104, 117, 123)  # our choice: the BGR mean of Caffe's reference networks
SCALE = 1 / 58  # our choice: grey levels have a standard deviation near 58, so inputs are near 1


def fill(blob, images):
    """Write BGR uint8 images, each (h, w, 3), into a float32 array (n, 3, h, w) as every net of the kit expects them."""
    for row, image in zip(
        blob, images
    ):  # one by one: a temporary of a whole mini-batch costs four times the work itself
        row[...] = cv2.dnn.blobFromImage(image, SCALE, mean=MEAN, ddepth=cv2.CV_32F)[0]


def to_blob(images):
    """Return float32 (n, 3, h, w) of BGR uint8 images (n, h, w, 3); see `fill`."""
    blob = np.empty((len(images), 3, *images[0].shape[:2]), np.float32)
    fill(blob, images)
    return blob


def crop(image, box, size):
    """Return the region `box` of an image, warped to (size, size, 3); beyond the border the edge is repeated.

    Pixel centres stand at half-integers of the box's coordinates, so that a box of `size` pixels is copied as it is.
    """
    x1, y1, x2, y2 = [float(c) for c in box]
    fx, fy = (x2 - x1) / size, (y2 - y1) / size
    pad = max(fx, fy)
    left, top = max(int(np.floor(x1 - pad)), 0), max(int(np.floor(y1 - pad)), 0)
    right, bottom = (
        min(int(np.ceil(x2 + pad)), image.shape[1]),
        min(int(np.ceil(y2 + pad)), image.shape[0]),
    )
    if right <= left or bottom <= top:  # wholly outside: the nearest pixel
        left, top = (
            int(np.clip(left, 0, image.shape[1] - 1)),
            int(np.clip(top, 0, image.shape[0] - 1)),
        )
        right, bottom = left + 1, top + 1
    part, x1, x2, y1, y2 = image[top:bottom, left:right], x1 - left, x2 - left, y1 - top, y2 - top
    if pad > 2:  # shrink by area first: a warp alone would alias
        small = (
            max(1, int(round(part.shape[1] / max(fx, 1)))),
            max(1, int(round(part.shape[0] / max(fy, 1)))),
        )
        sx, sy = small[0] / part.shape[1], small[1] / part.shape[0]
        part = cv2.resize(part, small, interpolation=cv2.INTER_AREA)
        x1, fx, y1, fy = x1 * sx, fx * sx, y1 * sy, fy * sy
    matrix = np.float32([[fx, 0, x1 + fx / 2 - 0.5], [0, fy, y1 + fy / 2 - 0.5]])
    return cv2.warpAffine(
        part,
        matrix,
        (size, size),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
