"""Boxes: (x1, y1, x2, y2) in pixels as floats, x2 and y2 exclusive, so width = x2 - x1.

Arrays of boxes are (..., 4).
"""

from __future__ import annotations

import numpy as np

from allinone.errors import InputError

FURTHEST = 1e7  # our choice: pixels; no picture is so large
TOGETHER = 64  # our choice: boxes that suppression compares with all others in one call


def given(boxes, width: float, height: float) -> np.ndarray:
    """Return the boxes (n, 4) that a user gives for a picture of a size, as float32.

    InputError where they are none, or one of them has no part in the picture.
    """
    try:
        numbers = np.asarray(boxes)
    except ValueError:  # rows of different lengths
        numbers = np.asarray(None)
    if numbers.shape == (0,):
        numbers = np.zeros((0, 4))
    if numbers.dtype.kind not in "iuf" or numbers.ndim != 2 or numbers.shape[1] != 4:
        raise InputError("boxes: must be numbers (n, 4), a row x1, y1, x2, y2 for each box")
    if not (np.abs(numbers.astype(np.float64)) <= FURTHEST).all():
        raise InputError(f"boxes: must be finite numbers from {-FURTHEST:,.0f} to {FURTHEST:,.0f}")
    numbers = numbers.astype(np.float32)
    if not (numbers[:, :2] < numbers[:, 2:]).all():
        raise InputError("boxes: each must be (x1, y1, x2, y2) with x1 < x2 and y1 < y2")
    outside = ~(area(clip(numbers, width, height)) > 0)
    if outside.any():
        x1, y1, x2, y2 = numbers[outside][0]
        raise InputError(
            f"boxes: [{x1:g}, {y1:g}, {x2:g}, {y2:g}] has no part in the picture, which is "
            f"{width} x {height} pixels; mend or delete it"
        )
    return numbers


def area(boxes) -> np.ndarray:
    """Return the areas (...,) of boxes (..., 4); a box turned inside out has area 0."""
    boxes = np.asarray(boxes, np.float32)
    width, height = boxes[..., 2] - boxes[..., 0], boxes[..., 3] - boxes[..., 1]
    return np.maximum(width, 0) * np.maximum(height, 0)


def intersection(first, second) -> np.ndarray:
    """Return the shared areas (n, m) of boxes (n, 4) and (m, 4)."""
    first = np.asarray(first, np.float32).reshape(-1, 1, 4)
    second = np.asarray(second, np.float32).reshape(1, -1, 4)
    low = np.maximum(first[..., :2], second[..., :2])
    high = np.minimum(first[..., 2:], second[..., 2:])
    return area(np.concatenate([low, high], axis=-1))


def iou(first, second) -> np.ndarray:
    """Return the intersection over union (n, m) of boxes (n, 4) and (m, 4)."""
    first, second = [np.asarray(boxes, np.float32).reshape(-1, 4) for boxes in (first, second)]
    shared = intersection(first, second)
    union = area(first)[:, None] + area(second) - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def center_size(boxes) -> tuple[np.ndarray, np.ndarray]:
    """Return centres (..., 2) and sizes (..., 2) as (x, y) and (width, height)."""
    boxes = np.asarray(boxes, np.float32)
    return (boxes[..., :2] + boxes[..., 2:]) / 2, boxes[..., 2:] - boxes[..., :2]


def from_center_size(center, size) -> np.ndarray:
    """Invert `center_size`."""
    center, size = np.asarray(center, np.float32), np.asarray(size, np.float32)
    return np.concatenate([center - size / 2, center + size / 2], axis=-1)


def clip(boxes, width: float, height: float) -> np.ndarray:
    """Clip boxes (..., 4) to an image of the given size."""
    return np.clip(np.asarray(boxes, np.float32), 0, np.float32([width, height, width, height]))


def clip_each(boxes, limits) -> np.ndarray:
    """Clip boxes (n, 4), each to an image of its own (width, height), limits (n, 2)."""
    return np.clip(np.asarray(boxes, np.float32), 0, np.tile(np.asarray(limits, np.float32), 2))


def nms(boxes, scores, overlap: float) -> list[int]:
    """Return the indices that greedy non-maximum suppression keeps, best score first.

    A box is dropped when its IoU with a kept one is above `overlap`. Equal scores keep their order.
    """
    boxes = np.asarray(boxes, np.float32).reshape(-1, 4)
    order = np.argsort(-np.asarray(scores, np.float32), kind="stable")
    kept = []
    while len(order):
        best = order[:TOGETHER]
        fits = iou(boxes[best], boxes[order]) <= overlap
        left = np.ones(len(order), bool)
        for place, index in enumerate(best):
            if left[place]:
                kept.append(int(index))
                left &= fits[place]
        order = order[len(best) :][left[len(best) :]]
    return kept
