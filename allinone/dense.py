"""Region proposals without selective search: the fully convolutional net over an image pyramid.

Its scores stand for windows in their surroundings, so they only say where to look: the best windows become the proposals that
stage 1 then scores exactly, on crops. Memory is bounded: no piece of the pyramid is larger than TILE windows a side.
"""

import cv2
import numpy as np

from allinone import boxes
from allinone.backend import DENSE_STRIDE

STEP = (
    2**0.5
)  # our choice: from one size of windows to the next; finer steps take longer and find no more
ROOM = 1.25  # our choice: side of the windows for the smallest faces, in faces; IoU 0.64
SMALLEST = 24  # our choice: pixels; the least height of a face that is looked for,
SMALLEST_SHARE = 1 / 40  # but no less than this share of the picture's longer side
MARGIN = 0.25  # our choice: share of a window that may lie outside the picture
TILE = 24  # our choice: windows a side of the largest piece
SCORE = 0.1  # our choice: least score of a window
HEADS, AROUND = (
    40,
    2,
)  # our choice: places in a picture, and windows kept of each; four find no more


def pyramid(width, height, side, smallest):
    """Return the scales at which a picture is looked at: from the windows for faces of `smallest` pixels to the picture's shorter side and one step more."""
    scale, scales = side / (smallest * ROOM), []
    while not scales or scale * min(width, height) * STEP >= side:
        scales.append(scale)
        scale /= STEP
    return scales


def pieces(length, scale, side):
    """Return [(first pixel of the scaled picture, windows)] that cover a length of the picture, MARGIN beyond its ends."""
    margin = MARGIN * side
    count = max(1, int(np.ceil((length * scale + 2 * margin - side) / DENSE_STRIDE)) + 1)
    return [
        (start * DENSE_STRIDE - margin, min(TILE, count - start)) for start in range(0, count, TILE)
    ]


def windows(backend, image, smallest):
    """Return windows (n, 4) of a BGR picture and their scores (n,), those of at least SCORE."""
    side, (height, width) = backend.input_size, image.shape[:2]
    found = [np.zeros((0, 5), np.float32)]
    for scale in pyramid(width, height, side, smallest):
        level = (
            cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            if scale < 1
            else image
        )
        zoom = max(scale, 1)  # what is enlarged is so piece by piece
        for top, rows in pieces(height, scale, side):
            for left, columns in pieces(width, scale, side):
                shift = lambda first: (first + 0.5) / zoom - 0.5  # pixel centres stand at halves
                matrix = np.float32([[1 / zoom, 0, shift(left)], [0, 1 / zoom, shift(top)]])
                shape = (side + (columns - 1) * DENSE_STRIDE, side + (rows - 1) * DENSE_STRIDE)
                piece = cv2.warpAffine(
                    level,
                    matrix,
                    shape,
                    flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                    borderMode=cv2.BORDER_REPLICATE,
                )
                scores = backend.scores(piece)
                y, x = np.nonzero(scores >= SCORE)
                corner = np.column_stack([x * DENSE_STRIDE + left, y * DENSE_STRIDE + top])
                found.append(
                    np.column_stack([corner / scale, (corner + side) / scale, scores[y, x]])
                )
    found = np.concatenate(found)
    return found[:, :4].astype(np.float32), found[:, 4]


def proposals(backend, image, smallest=None):
    """Return region proposals (n, 4) of a BGR picture: of every place that looks like a face the AROUND best windows.

    smallest: least height in pixels of a face that is looked for; default: SMALLEST, or SMALLEST_SHARE of the longer side.
    """
    found, scores = windows(
        backend, image, smallest or max(SMALLEST, SMALLEST_SHARE * max(image.shape[:2]))
    )
    heads = boxes.nms(found, scores, 0.3)[:HEADS]
    near = boxes.iou(found[heads], found) > 0.3
    best = [np.flatnonzero(row)[np.argsort(-scores[row], kind="stable")[:AROUND]] for row in near]
    return (
        found[sorted(set(np.concatenate(best).tolist()))] if best else np.zeros((0, 4), np.float32)
    )
