"""Which regions of a picture teach what: their IoU with the faces decides (section III-C1)."""

from __future__ import annotations

import numpy as np

from allinone import boxes
from allinone.tasks import NEGATIVE_IOU, POSITIVE_IOU, REGRESS_IOU

FACE, BACKGROUND, IGNORED = 1, 0, -1
# our choice: around a place that is to be ignored this share of its size on every side is too; a
# region teaches nothing where more than TOUCHED of it lies there.
AROUND_IGNORED, TOUCHED = 0.25, 0.1


def label_regions(
    regions: np.ndarray, faces: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return for each region (n, 4) what it teaches and which of the faces (m, 4) it belongs to.

    Three arrays (n,): the detection label, FACE above POSITIVE_IOU, BACKGROUND below NEGATIVE_IOU,
    IGNORED between; whether landmarks, visibility and pose learn from it, IoU above REGRESS_IOU;
    the index of the face with the largest IoU, -1 where there is no face at all.
    """
    regions = np.asarray(regions, np.float32).reshape(-1, 4)
    if len(faces) == 0:
        count = len(regions)
        return np.full(count, BACKGROUND), np.zeros(count, bool), np.full(count, -1)
    overlaps = boxes.iou(regions, faces)
    best, face = overlaps.max(axis=1), overlaps.argmax(axis=1)
    label = np.select([best > POSITIVE_IOU, best < NEGATIVE_IOU], [FACE, BACKGROUND], IGNORED)
    return label, best > REGRESS_IOU, face


def may_hide_a_face(regions: np.ndarray, ignored: np.ndarray) -> np.ndarray:
    """Tell which regions (n, 4) lie where a face may be that nobody has marked.

    ignored: boxes (m, 4) of such places.
    """
    if not len(ignored):
        return np.zeros(len(regions), bool)
    center, size = boxes.center_size(np.asarray(ignored, np.float32))
    around = boxes.from_center_size(center, size * (1 + 2 * AROUND_IGNORED))
    share = boxes.intersection(regions, around) / np.maximum(boxes.area(regions), 1e-6)[:, None]
    return share.max(axis=1) > TOUCHED


def jittered(
    rng: np.random.Generator, box: np.ndarray, count: int, shift: float = 0.12, zoom: float = 0.17
) -> np.ndarray:
    """Return `count` boxes around a box: shifted and scaled by normal shares of its size."""
    center, size = boxes.center_size(box)
    moved = center + rng.normal(0, shift, (count, 2)) * size
    scale = np.exp(rng.normal(0, zoom, (count, 1)) + rng.normal(0, 0.12, (count, 2)))
    return boxes.from_center_size(moved, size * scale)


def misfits(rng: np.random.Generator, box: np.ndarray, count: int) -> np.ndarray:
    """Return `count` boxes around a face that are far too small, a part of it, or too large."""
    center, size = boxes.center_size(box)
    small = rng.random((count, 1)) < 0.5
    smaller = rng.uniform(np.log(0.2), np.log(0.6), (count, 1))
    larger = rng.uniform(np.log(1.7), np.log(3), (count, 1))
    scale = np.exp(np.where(small, smaller, larger))
    return boxes.from_center_size(center + rng.uniform(-0.5, 0.5, (count, 2)) * size, size * scale)


def windows(
    rng: np.random.Generator, width: int, height: int, count: int, least: float = 16
) -> np.ndarray:
    """Return `count` boxes anywhere in a picture, log-uniform in size, at most twice as long."""
    largest = max(min(width, height), least + 1)
    side = np.exp(rng.uniform(np.log(least), np.log(largest), (count, 1)))
    size = side * np.exp(rng.uniform(-0.35, 0.35, (count, 2)))
    return boxes.from_center_size(rng.uniform(0, 1, (count, 2)) * [width, height], size)
