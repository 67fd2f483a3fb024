"""Detection as FDDB's program counts it (Jain and Learned-Miller 2010).

Regions are sets of pixels, matched one to one.
A face is an ellipse (major radius, minor radius, angle, centre x, y), a detection a rectangle
(left, top, width, height) or an ellipse. Both are drawn into a picture's pixels, rounded as OpenCV
rounds. IoU is counted there, so that what lies outside the picture does not count. At every
threshold the detections from it on are matched with the faces so that the sum of IoU is largest
(Hungarian algorithm). The continuous score adds up the IoU, the discrete one counts those above
0.5; detections that are not among the latter are false.

Where the pictures are missing their sizes are guessed, see `guessed_sizes`. For the two methods
whose official curves we have, no point is off by more than 0.0004 then.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Optional

import cv2
import numpy as np

OVERLAP = 0.5
NO_THRESHOLD = np.finfo(np.float64).max  # of a picture without detections
LONGEST = 450  # pixels: the longer side of FDDB's pictures
SHORTEST = 270  # our choice: pixels; no side is guessed to be shorter
CUT = 0.15  # our choice: share of a face by which a detection must end early where the picture does
MATCHED = 0.3  # our choice: IoU above which a detection tells how a method draws its boxes


def _assigned(overlaps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows and columns that are paired so that the sum of overlaps is largest."""
    from scipy.optimize import linear_sum_assignment  # here: importing it takes a second

    return linear_sum_assignment(-overlaps)


class Picture(NamedTuple):
    """Faces and detections of one picture."""

    name: str
    faces: np.ndarray  # (m, 5)
    regions: np.ndarray  # (n, 4 or 5)
    scores: np.ndarray  # (n,)
    size: Optional[tuple[int, int]]  # width, height; None: not known


class Curve(NamedTuple):
    """Rates and false positives at each threshold, from low thresholds to high ones."""

    threshold: np.ndarray
    continuous: np.ndarray
    discrete: np.ndarray
    false: np.ndarray


def bounds(regions: np.ndarray) -> np.ndarray:
    """Return the boxes (n, 4), x1, y1, x2, y2, of rectangles (n, 4) or ellipses (n, 5)."""
    regions = np.asarray(regions, np.float64)
    if regions.shape[1] == 4:
        return np.concatenate([regions[:, :2], regions[:, :2] + regions[:, 2:]], axis=1)
    major, minor, angle, x, y = regions.T
    across = np.hypot(major * np.cos(angle), minor * np.sin(angle))
    down = np.hypot(major * np.sin(angle), minor * np.cos(angle))
    return np.column_stack([x - across, y - down, x + across, y + down])


def _pixel(x: float, y: float) -> tuple[int, int]:
    return int(np.rint(x)), int(np.rint(y))


def drawn(region: Sequence[float], size: tuple[int, int]) -> np.ndarray:
    """Return the mask (height, width) of a region in a picture of size (width, height)."""
    mask = np.zeros(size[::-1], np.uint8)
    if len(region) == 4:
        x, y, width, height = region
        cv2.rectangle(mask, _pixel(x, y), _pixel(x + width, y + height), 1, cv2.FILLED)
    else:
        major, minor, angle, x, y = region
        radii = int(major), int(minor)
        cv2.ellipse(mask, _pixel(x, y), radii, np.degrees(angle), 0, 360, 1, cv2.FILLED)
    return mask


def overlaps(faces, regions, size: tuple[int, int]) -> np.ndarray:
    """Return the IoU (m, n) of faces and detections, counted in the pixels of a picture."""
    faces = [drawn(face, size) for face in faces]
    regions = [drawn(region, size) for region in regions]
    shared = np.zeros((len(faces), len(regions)))
    for row, face in zip(shared, faces):
        row[:] = [cv2.countNonZero(face & region) for region in regions]
    own = np.array([cv2.countNonZero(mask) for mask in faces], np.float64)
    theirs = np.array([cv2.countNonZero(mask) for mask in regions], np.float64)
    union = own[:, None] + theirs - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def _ends(picture: Picture) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield (gap, is last, end) of each detection that fits a face, right and below.

    gap: how far it ends before the face does, as a share of the face; is last: whether no
    detection reaches further; end: the pixel where it ends.
    """
    if not len(picture.faces) or not len(picture.scores):
        return
    found = overlaps(picture.faces, picture.regions, (LONGEST, LONGEST))
    faces, boxes = bounds(picture.faces), bounds(picture.regions)
    for face, region in zip(*_assigned(found)):
        if found[face, region] > MATCHED:
            end, size = boxes[region, 2:], faces[face, 2:] - faces[face, :2]
            yield (faces[face, 2:] - end) / size, end >= boxes[:, 2:].max(axis=0), end


def guessed_sizes(pictures: Sequence[Picture]) -> dict[str, tuple[int, int]]:
    """Return {name: (width, height)} for pictures of unknown size.

    LONGEST a side, or less where faces look cut off. A method draws its boxes always the same way
    around faces: by the median of how far a box ends before the face's own does, right and below.
    Where one ends CUT of the face earlier than that and no detection reaches further, the picture
    is taken to end there.
    """
    ends = [(picture.name, *end) for picture in pictures for end in _ends(picture)]
    sizes = {picture.name: np.array([LONGEST, LONGEST]) for picture in pictures}
    usual = np.median([gap for _, gap, _, _ in ends], axis=0) if ends else 0
    for name, gap, is_last, end in ends:
        is_edge = (gap - usual > CUT) & is_last & (end >= SHORTEST)
        sizes[name] = np.where(is_edge, np.minimum(sizes[name], end.astype(int)), sizes[name])
    return {name: (int(width), int(height)) for name, (width, height) in sizes.items()}


def steps(found: np.ndarray, scores: np.ndarray) -> Iterator[tuple[float, float, float, float]]:
    """Yield what each score of a picture adds, from overlaps (m, n), best score first.

    (threshold, gain of the continuous score, of the discrete one, of false detections).
    """
    before = np.zeros(3)
    for threshold in np.unique(scores)[::-1]:
        some = found[:, scores >= threshold]
        matched = some[_assigned(some)]
        true = (matched > OVERLAP).sum()
        now = np.array([matched.sum(), true, some.shape[1] - true])
        yield (threshold, *(now - before))
        before = now


def curve(pictures: Sequence[Picture]) -> Curve:
    """Return both rates and the number of false positives at every score that occurs."""
    guessed = guessed_sizes([picture for picture in pictures if picture.size is None])
    gains = []
    for picture in pictures:
        size = picture.size or guessed[picture.name]
        gains += steps(overlaps(picture.faces, picture.regions, size), picture.scores)
    if any(not len(picture.scores) for picture in pictures):
        gains.append((NO_THRESHOLD, 0, 0, 0))
    gains = np.array(sorted(gains, reverse=True), np.float64).reshape(-1, 4)
    sums, faces = np.cumsum(gains[:, 1:], axis=0), sum(len(picture.faces) for picture in pictures)
    is_last = np.append(gains[1:, 0] != gains[:-1, 0], True)[: len(gains)]  # of its threshold
    thresholds, (continuous, discrete, false) = gains[is_last, 0][::-1], sums[is_last][::-1].T
    return Curve(thresholds, continuous / max(faces, 1), discrete / max(faces, 1), false)
