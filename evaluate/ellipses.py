"""Detection as FDDB's program counts it (Jain and Learned-Miller 2010): regions are sets of pixels, matched one to one.

A face is an ellipse (major radius, minor radius, angle, centre x, y), a detection a rectangle (left, top, width, height) or an ellipse. Both are
drawn into a picture's pixels, rounded as OpenCV rounds; IoU is counted there, so that what lies outside the picture does not count.
At every threshold the detections from it on are matched with the faces so that the sum of IoU is largest (Hungarian algorithm): the continuous score
adds up the IoU, the discrete one counts those above 0.5; detections that are not among the latter are false.

Where the pictures are not there their sizes are guessed, see `guessed_sizes`: for the two methods whose official curves we have,
no point is off by more than 0.0004 then.
"""

import collections

import cv2
import numpy as np
from scipy.optimize import linear_sum_assignment

OVERLAP = 0.5
NO_THRESHOLD = np.finfo(np.float64).max  # of a picture without detections
LONGEST = 450  # pixels: the longer side of FDDB's pictures
SHORTEST = 270  # our choice: pixels; nor is a side guessed to be shorter than three fifths of that
CUT = 0.15  # our choice: share of a face by which a detection must end early where the picture does
Picture = collections.namedtuple(
    "Picture", "name faces regions scores size"
)  # (m, 5), (n, 4 or 5), (n,), (width, height) or None
Curve = collections.namedtuple(
    "Curve", "threshold continuous discrete false"
)  # from low thresholds to high ones


def bounds(regions):
    """Return the boxes (n, 4), x1, y1, x2, y2, of rectangles (n, 4) or ellipses (n, 5)."""
    regions = np.asarray(regions, np.float64)
    if regions.shape[1] == 4:
        return np.concatenate([regions[:, :2], regions[:, :2] + regions[:, 2:]], axis=1)
    major, minor, angle, x, y = regions.T
    across, down = (
        np.hypot(major * one(angle), minor * other(angle))
        for one, other in ((np.cos, np.sin), (np.sin, np.cos))
    )
    return np.column_stack([x - across, y - down, x + across, y + down])


def drawn(region, size):
    """Return the mask (height, width) of a region in a picture of size (width, height)."""
    mask, near = (
        np.zeros(size[::-1], np.uint8),
        lambda *values: tuple(int(np.rint(value)) for value in values),
    )
    if len(region) == 4:
        x, y, width, height = region
        cv2.rectangle(mask, near(x, y), near(x + width, y + height), 1, cv2.FILLED)
    else:
        major, minor, angle, x, y = region
        cv2.ellipse(
            mask, near(x, y), (int(major), int(minor)), np.degrees(angle), 0, 360, 1, cv2.FILLED
        )
    return mask


def overlaps(faces, regions, size):
    """Return the IoU (m, n) of faces and detections, counted in the pixels of a picture of size (width, height)."""
    masks = [[drawn(region, size) for region in some] for some in (faces, regions)]
    areas = [np.array([cv2.countNonZero(mask) for mask in some], np.float64) for some in masks]
    shared = np.array(
        [[cv2.countNonZero(face & region) for region in masks[1]] for face in masks[0]], np.float64
    ).reshape(len(faces), len(regions))
    union = areas[0][:, None] + areas[1] - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def guessed_sizes(pictures):
    """Return {name: (width, height)} for Pictures of unknown size: LONGEST a side, or less where faces look cut off.

    A method draws its boxes always the same way around faces: by the median of how far a box ends before the face's own does, right and
    below. Where one ends CUT of the face earlier than that and no detection reaches further, the picture is taken to end there.
    """
    gaps = []
    for picture in pictures:
        if len(picture.faces) and len(picture.scores):
            found = overlaps(picture.faces, picture.regions, (LONGEST, LONGEST))
            faces, boxes = bounds(picture.faces), bounds(picture.regions)
            for face, region in zip(*linear_sum_assignment(-found)):
                if found[face, region] > 0.3:
                    gap = (faces[face, 2:] - boxes[region, 2:]) / (
                        faces[face, 2:] - faces[face, :2]
                    )
                    gaps.append(
                        (
                            picture.name,
                            gap,
                            boxes[region, 2:] >= boxes[:, 2:].max(axis=0),
                            boxes[region, 2:],
                        )
                    )
    sizes = {picture.name: np.array([LONGEST, LONGEST]) for picture in pictures}
    usual = np.median([gap for _, gap, _, _ in gaps], axis=0) if gaps else 0
    for name, gap, last, end in gaps:
        sizes[name] = np.where(
            (gap - usual > CUT) & last & (end >= SHORTEST),
            np.minimum(sizes[name], end.astype(int)),
            sizes[name],
        )
    return {name: tuple(int(side) for side in size) for name, size in sizes.items()}


def steps(found, scores):
    """Yield (threshold, gain of the continuous score, of the discrete one, of false detections) of a picture's overlaps (m, n), best score first."""
    before = np.zeros(3)
    for threshold in np.unique(scores)[::-1]:
        some = found[:, scores >= threshold]
        matched = some[linear_sum_assignment(-some)]
        true = (matched > OVERLAP).sum()
        now = np.array([matched.sum(), true, some.shape[1] - true])
        yield (threshold, *(now - before))
        before = now


def curve(pictures):
    """Return the Curve of Pictures: at every score that occurs, both true positive rates and the number of false positives."""
    unknown = [picture for picture in pictures if picture.size is None]
    guessed = guessed_sizes(unknown)
    gains = [
        step
        for picture in pictures
        for step in steps(
            overlaps(picture.faces, picture.regions, picture.size or guessed[picture.name]),
            picture.scores,
        )
    ]
    if any(not len(picture.scores) for picture in pictures):
        gains.append((NO_THRESHOLD, 0, 0, 0))
    gains = np.array(sorted(gains, reverse=True), np.float64).reshape(-1, 4)
    sums, faces = np.cumsum(gains[:, 1:], axis=0), sum(len(picture.faces) for picture in pictures)
    last = np.append(gains[1:, 0] != gains[:-1, 0], True)[: len(gains)]
    thresholds, (continuous, discrete, false) = gains[last, 0][::-1], sums[last][::-1].T
    return Curve(thresholds, continuous / max(faces, 1), discrete / max(faces, 1), false)
