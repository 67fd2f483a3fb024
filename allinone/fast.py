"""Region proposals by the proposal net: any number of faces, each looked for at its own size.

Our own: a small net over an image pyramid that is enlarged for no face. It proposes one region for
a face, its box, so that stage 1 has little left to look at. Memory is bounded: no piece of the
pyramid is larger than PROPOSAL_TILE windows a side.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import cv2
import numpy as np

from allinone import boxes
from allinone import windows as windows_
from allinone.backend import Backend
from allinone.blob import crop
from allinone.checked import PROPOSAL_TILE
from allinone.windows import CLOSE, CORE, SIDE, STRIDE

STEP = 2**0.5  # our choice: ratio of two sizes of windows
SMALLEST = 20  # our choice: pixels; the least height of a face that is looked for, at its own size,
SMALLEST_SHARE = 1 / 100  # but no less than this share of the picture's longer side
MARGIN = SIDE // 4  # our choice: pixels of a level that a window may reach beyond the picture
# our choice: least score of a window. Of small windows, with faces under SMALL pixels, there are
# most; large ones are few, and what they miss is missed by everybody's eye
SCORE, SMALL, SCORE_OF_SMALL = 0.1, 32, 0.5
SCORE_CLOSE = 0.05  # our choice: least score of a window that the screening net looks at
# our choice: share of the least height that is looked for, below which a window is no face; the
# same of what stage 1 finds, whose boxes are better
TOO_SMALL, FOUND_TOO_SMALL = 0.8, 0.9
FURTHEST = 1.0  # our choice: largest offset that is believed; faces in training have less
SAME_FACE = 0.4  # our choice: IoU above which two windows propose the same face
AROUND = np.ones((3, 3), np.uint8)  # windows that a window must not score below


def pyramid(width: int, height: int, smallest: float) -> list[float]:
    """Return the scales at which a picture is looked at, the largest first.

    From windows for faces of `smallest` pixels to the picture's shorter side and one step more.
    """
    scale, scales = CORE / smallest, []
    while not scales or scale * min(width, height) * STEP >= CORE:
        scales.append(scale)
        scale /= STEP
    return scales


def levels(image: np.ndarray, scales: list[float]) -> Iterator[np.ndarray]:
    """Yield a picture at some scales, the largest first; each is made of the one before it."""
    height, width = image.shape[:2]
    for scale in scales:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        if size != image.shape[1::-1]:
            shrunk_much = size[0] * STEP**2 < image.shape[1]
            way = cv2.INTER_AREA if shrunk_much else cv2.INTER_LINEAR
            image = cv2.resize(image, size, interpolation=way)
        yield image


def windows_along(length: int) -> int:
    """Return how many windows cover a length of a level, in pixels, and MARGIN beyond its ends."""
    return max(0, math.ceil((length + 2 * MARGIN - SIDE) / STRIDE)) + 1


def pixels_of(count: int) -> int:
    """Return how many pixels some windows beside each other reach over."""
    return SIDE + (count - 1) * STRIDE


def _pieces(level: np.ndarray) -> Iterator[tuple[int, int, np.ndarray]]:
    """Yield (left, top, picture) of the pieces that cover a level and MARGIN beyond its border."""
    height, width = level.shape[:2]
    rows, columns = windows_along(height), windows_along(width)
    below, right = pixels_of(rows) - MARGIN - height, pixels_of(columns) - MARGIN - width
    whole = cv2.copyMakeBorder(level, MARGIN, below, MARGIN, right, cv2.BORDER_REPLICATE)
    reach, step = pixels_of(PROPOSAL_TILE), PROPOSAL_TILE * STRIDE
    for top in range(0, rows * STRIDE, step):
        for left in range(0, columns * STRIDE, step):
            yield left - MARGIN, top - MARGIN, whole[top : top + reach, left : left + reach]


def _best_around(scores: np.ndarray, least: float) -> tuple[np.ndarray, np.ndarray]:
    """Return rows and columns of the scores of at least `least` that no neighbour exceeds."""
    highest = cv2.dilate(np.ascontiguousarray(scores), AROUND)
    return np.nonzero((scores >= least) & (scores >= highest))


def windows(
    backend: Backend, image: np.ndarray, smallest: float, least: float = SCORE
) -> tuple[np.ndarray, np.ndarray]:
    """Return boxes (n, 4) of what may be faces in a BGR picture, and their scores (n,).

    smallest: least height in pixels of a face that is looked for; least: score.
    """
    height, width = image.shape[:2]
    found = [np.zeros((0, 5), np.float32)]
    for level in levels(image, pyramid(width, height, smallest)):
        zoom = np.float32([level.shape[1] / width, level.shape[0] / height])
        for left, top, piece in _pieces(level):
            scores, offsets = backend.faces_and_offsets(piece)
            y, x = _best_around(scores, least)
            corner = np.column_stack([x, y]) * STRIDE + np.float32([left, top])
            window = np.concatenate([corner, corner + SIDE], axis=1)
            believed = offsets[y, x].clip(-FURTHEST, FURTHEST)
            box = windows_.decode(believed, window) / np.tile(zoom, 2)
            found.append(np.column_stack([box, scores[y, x]]))
    together = np.concatenate(found)
    return together[:, :4].astype(np.float32), together[:, 4]


def least_height(image: np.ndarray, smallest: float | None = None) -> float:
    """Return the least height in pixels of a face in a picture that is looked for.

    smallest: what a user wants; None: SMALLEST, or SMALLEST_SHARE of the longer side.
    """
    return smallest or max(SMALLEST, SMALLEST_SHARE * max(image.shape[:2]))


def are_large(found: np.ndarray, image: np.ndarray, smallest: float | None = None) -> np.ndarray:
    """Return (n,), whether faces that were found, boxes (n, 4), are as large as what is looked for.

    smallest: of `least_height`.
    """
    return found[:, 3] - found[:, 1] >= FOUND_TOO_SMALL * least_height(image, smallest)


def proposals(backend: Backend, image: np.ndarray, smallest: float | None = None) -> np.ndarray:
    """Return region proposals (n, 4) of a BGR picture, one for each place that may show a face.

    smallest: of `least_height`.
    """
    smallest = least_height(image, smallest)
    found, scores = windows(backend, image, smallest)
    heights = found[:, 3] - found[:, 1]
    least = np.where(heights < SMALL, SCORE_OF_SMALL, SCORE)
    keep = (scores >= least) & (heights >= TOO_SMALL * smallest)
    found, scores = found[keep], scores[keep]
    found = found[boxes.nms(found, scores, SAME_FACE)].reshape(-1, 4)
    return screened(backend, image, found) if backend.screens and len(found) else found


def screened(backend: Backend, image: np.ndarray, regions: np.ndarray) -> np.ndarray:
    """Return those of regions (n, 4) that the screening net takes for faces, where it sees them."""
    framed = windows_.around(regions)
    scores, offsets = backend.look_closer([crop(image, window, CLOSE) for window in framed])
    keep = scores >= SCORE_CLOSE
    found = windows_.decode(offsets[keep].clip(-FURTHEST, FURTHEST), framed[keep])
    return found[boxes.nms(found, scores[keep], SAME_FACE)].reshape(-1, 4)
