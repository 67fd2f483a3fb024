"""Region proposals without selective search: the fully convolutional net over an image pyramid.

Its scores stand for windows in their surroundings, so they only say where to look. The best windows
become the proposals that stage 1 then scores exactly, on crops. Memory is bounded: no piece of the
pyramid is larger than TILE windows a side.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from allinone import boxes
from allinone.backend import Backend
from allinone.checked import DENSE_STRIDE, TILE

STEP = 2**0.5  # our choice: ratio of two sizes of windows; finer steps are slower and find no more
ROOM = 1.25  # our choice: side of the windows for the smallest faces, in faces; IoU 0.64
SMALLEST = 24  # our choice: pixels; the least height of a face that is looked for,
SMALLEST_SHARE = 1 / 40  # but no less than this share of the picture's longer side
MARGIN = 0.25  # our choice: share of a window that may lie outside the picture
# Scores are those of the net as it was trained (allinone.model.Model.calibrated).
SCORE = 0.1  # our choice: least score of a window
HEADS, AROUND = 40, 2  # our choice: places in a picture, windows kept of each; 4 find no more
SURE = 0.9  # our choice: score from which on a window's place is kept beyond HEADS, as in crowds
SAME_PLACE = 0.3  # our choice: IoU above which two windows are at the same place


def pyramid(width: int, height: int, side: int, smallest: float) -> list[float]:
    """Return the scales at which a picture is looked at, the largest first.

    From windows for faces of `smallest` pixels to the picture's shorter side and one step more;
    side: of the net's input, in pixels.
    """
    scale, scales = side / (smallest * ROOM), []
    while not scales or scale * min(width, height) * STEP >= side:
        scales.append(scale)
        scale /= STEP
    return scales


def pieces(length: int, scale: float, side: int) -> list[tuple[float, int]]:
    """Return the pieces that cover a length of the picture and MARGIN beyond its ends.

    A piece is (first pixel of the scaled picture, how many windows).
    """
    margin = MARGIN * side
    count = max(1, int(np.ceil((length * scale + 2 * margin - side) / DENSE_STRIDE)) + 1)
    starts = range(0, count, TILE)
    return [(start * DENSE_STRIDE - margin, min(TILE, count - start)) for start in starts]


def _pieces_of_level(image: np.ndarray, scale: float, side: int) -> Iterator[tuple]:
    """Yield (left, top, picture) of the pieces of one level of the pyramid."""
    height, width = image.shape[:2]
    if scale * min(height, width) <= 0.5:  # nothing is left of a picture as thin as a line
        return
    level = image
    if scale < 1:
        level = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    zoom = max(scale, 1)  # what is enlarged is so piece by piece
    way = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    for top, rows in pieces(height, scale, side):
        for left, columns in pieces(width, scale, side):
            x, y = ((first + 0.5) / zoom - 0.5 for first in (left, top))  # centres are at halves
            matrix = np.float32([[1 / zoom, 0, x], [0, 1 / zoom, y]])
            shape = (side + (columns - 1) * DENSE_STRIDE, side + (rows - 1) * DENSE_STRIDE)
            piece = cv2.warpAffine(level, matrix, shape, flags=way, borderMode=cv2.BORDER_REPLICATE)
            yield left, top, piece


def windows(backend: Backend, image: np.ndarray, smallest: float) -> tuple[np.ndarray, np.ndarray]:
    """Return windows (n, 4) of a BGR picture and their scores (n,), those of at least SCORE."""
    side, (height, width) = backend.input_size, image.shape[:2]
    found, least = [np.zeros((0, 5), np.float32)], backend.model.calibrated(SCORE)
    for scale in pyramid(width, height, side, smallest):
        for left, top, piece in _pieces_of_level(image, scale, side):
            scores = backend.scores(piece)
            y, x = np.nonzero(scores >= least)
            corner = np.column_stack([x * DENSE_STRIDE + left, y * DENSE_STRIDE + top])
            window = [corner / scale, (corner + side) / scale, scores[y, x]]
            found.append(np.column_stack(window))
    together = np.concatenate(found)
    return together[:, :4].astype(np.float32), together[:, 4]


def proposals(backend: Backend, image: np.ndarray, smallest: float | None = None) -> np.ndarray:
    """Return region proposals (n, 4) of a BGR picture: the AROUND best windows at each place.

    Places are the HEADS best ones and all further ones of at least SURE, so that a picture may show
    any number of faces.

    smallest: least height in pixels of a face that is looked for; default: SMALLEST, or
    SMALLEST_SHARE of the longer side.
    """
    smallest = smallest or max(SMALLEST, SMALLEST_SHARE * max(image.shape[:2]))
    found, scores = windows(backend, image, smallest)
    heads, best = boxes.nms(found, scores, SAME_PLACE), set()
    sure = int((scores[heads] >= backend.model.calibrated(SURE)).sum())
    for head in heads[: max(HEADS, sure)]:  # the best ones first
        near = boxes.iou(found[head], found)[0] > SAME_PLACE
        best_first = np.argsort(-scores[near], kind="stable")[:AROUND]
        best.update(np.flatnonzero(near)[best_first].tolist())
    return found[sorted(best)].reshape(-1, 4)
