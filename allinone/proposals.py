"""Region proposals: selective search, always in the same order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import cv2
import numpy as np

from allinone import pictures
from allinone.errors import InputError
from allinone.parallel import in_order

LEAST_SIDE = 16  # our choice: pixels; smaller regions hold no face that the benchmarks count
# our choice: pixels; a larger picture is searched at this size, since the time grows with the area
# (4 s at 640x640).
LARGEST_SIDE = 640
LONGEST = 2.5  # our choice: a face's box is at most so many times as long as its other side


def selective_search(image: np.ndarray, quality: bool = False) -> np.ndarray:
    """Return region proposals (n, 4) of a BGR picture by OpenCV's selective search, largest first.

    Fast mode gives about 2,000 regions of a photograph, quality mode about 10,000. OpenCV gives the
    same set in a random order; here it is sorted by size and place.
    """
    if not hasattr(cv2, "ximgproc"):
        raise InputError(
            "selective search: this OpenCV has no ximgproc; pip install "
            "opencv-contrib-python-headless in place of opencv-python-headless, or propose densely"
        )
    scale = max(1.0, max(image.shape[:2]) / LARGEST_SIDE)
    if min(image.shape[:2]) <= 0.5 * scale:  # nothing is left of a picture as thin as a line
        return np.zeros((0, 4), np.float32)
    if scale > 1:
        image = cv2.resize(image, None, fx=1 / scale, fy=1 / scale, interpolation=cv2.INTER_AREA)
    search = cv2.ximgproc.segmentation.createSelectiveSearchSegmentation()
    search.setBaseImage(image)
    if quality:
        search.switchToSelectiveSearchQuality()
    else:
        search.switchToSelectiveSearchFast()
    return plausible(search.process()) * np.float32(scale)


def plausible(rectangles) -> np.ndarray:
    """Return OpenCV's (x, y, width, height) as boxes (n, 4) in a fixed order.

    Those that cannot be a face are left out.
    """
    x, y, w, h = np.asarray(rectangles, np.int64).reshape(-1, 4).T
    keep = (np.minimum(w, h) >= LEAST_SIDE) & (np.maximum(w, h) <= LONGEST * np.minimum(w, h))
    x, y, w, h = x[keep], y[keep], w[keep], h[keep]
    order = np.lexsort((h, w, y, x, -w * h))
    return np.column_stack([x, y, x + w, y + h])[order].astype(np.float32)


def search_files(paths: Iterable[str], workers: int | None = None) -> Iterator[np.ndarray]:
    """Yield the region proposals of picture files, in their order, found by one process a core."""
    return (found for _, found in in_order(_search_files, paths, workers))


def _search_files(paths: list[str]) -> list[np.ndarray]:
    return [selective_search(pictures.read_image(path)) for path in paths]
