"""From region proposals to faces (HyperFace, arXiv 1603.01249, algorithms 1 and 2).

Iterative Region Proposals and Landmarks-based NMS. What stage 1 finds in regions is a dict of
arrays: boxes (n, 4), score (n,), landmarks (n, 21, 2) in pixels, visibility (n, 21), pose (n, 3),
and (n,) of any further task of stage 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from allinone import boxes, landmarks

# Scores are those of the net as it was trained (allinone.model.Model.calibrated).
KEPT = 0.3  # our choice: least score of a region that goes on to the next round
# our choice: N, rounds of Iterative Region Proposals; the third still moves boxes, a fourth moves
# none (make bench)
ROUNDS = 3
# our choice: beside a region of at least this score, those of so many times its size, where one
# region of a face is proposed; the largest score of several tells faces from others better
SURE, BESIDE = 0.9, (0.87, 1.15)
# our choice: IoU with a region that was looked at from which on another one says the same
STILL = 0.9
LEAST = 8  # our choice: pixels; smaller rectangles are no regions
OVERLAP = 0.2  # our choice: IoU above which two precise boxes are the same face
INSIDE = 0.6  # our choice: share of a box in a better one above which it is a part of that face
CLUSTER = 5  # our choice: k, the regions of a face whose medians are its result

Found = dict[str, np.ndarray]
Look = Callable[[np.ndarray, np.ndarray], Found]


def iterative_region_proposals(
    look: Look,
    owners: np.ndarray,
    regions: np.ndarray,
    sizes: Sequence[tuple[int, int]],
    rounds: int = ROUNDS,
    still: float | None = None,
    scores: tuple[float, float] = (KEPT, SURE),
) -> tuple[np.ndarray, Found]:
    """Return (owners (m,), what stage 1 finds) of all regions that may be faces.

    They are proposed or found on the way. look(owners, regions) runs stage 1; owners (n,): the
    picture of each region (n, 4); sizes: (width, height) of the pictures. still: for regions of
    which a face has one: IoU with a region that was looked at from which on a new one is not; those
    BESIDE a region that is one are looked at too. scores: what KEPT and SURE are in this net.
    """
    kept, _ = scores
    # 1. Score the proposals, 2. keep those that may be faces.
    newest = _promising(look, owners, regions, kept)
    if still is not None:
        newest = _with_those_beside(look, *newest, *scores)
    seen = [newest]
    # 3. Each round: the rectangle of the landmarks that were found in a region is a new region;
    #    score it, keep it or not.
    for _ in range(rounds):
        owners, found = newest
        limits = np.float32([sizes[owner] for owner in owners]).reshape(-1, 2)
        new = np.rint(boxes.clip_each(landmarks.face_rectangle(found["landmarks"]), limits))
        wanted = (new[:, 2:] - new[:, :2] >= LEAST).all(axis=1)
        if still is not None:
            wanted &= _are_new(owners, new, found["score"], seen, still)
            if not wanted.any():
                break
        new = np.unique(np.column_stack([owners[wanted], new[wanted]]), axis=0)
        newest = _promising(look, new[:, 0].astype(int), new[:, 1:].astype(np.float32), kept)
        seen.append(newest)
    owners, found = zip(*seen)
    return np.concatenate(owners), joined(found)


def _with_those_beside(look, owners, found, kept, sure):
    """Return (owners, what stage 1 finds) of regions and of those beside the sure ones."""
    some = found["score"] >= sure
    center, size = boxes.center_size(found["boxes"][some])
    beside = [boxes.from_center_size(center, size * factor) for factor in BESIDE]
    more, seen = _promising(look, np.tile(owners[some], len(BESIDE)), np.concatenate(beside), kept)
    return np.concatenate([owners, more]), joined([found, seen])


def _are_new(owners, regions, scores, seen, still):
    """Return (n,), whether a region is unlike all that were looked at and all better new ones.

    scores: of what they come from; seen: (owners, what stage 1 found) of each round so far.
    """
    theirs = np.concatenate([some for some, _ in seen])
    looked_at = np.concatenate([found["boxes"] for _, found in seen])
    new = np.zeros(len(regions), bool)
    for owner in np.unique(owners):
        own = np.flatnonzero(owners == owner)
        overlaps = boxes.iou(regions[own], looked_at[theirs == owner])
        own = own[(overlaps < still).all(axis=1)]
        new[own[boxes.nms(regions[own], scores[own], still)]] = True
    return new


def joined(parts: Sequence[Found]) -> Found:
    """Return what stage 1 finds in several parts as one."""
    whole = {}
    for name in parts[0]:
        whole[name] = np.concatenate([part[name] for part in parts])
    return whole


def _promising(look, owners, regions, kept):
    """Return (owners, what stage 1 finds) of the regions that may be faces."""
    found = look(owners, regions)
    keep = found["score"] >= kept
    return np.asarray(owners)[keep], {name: values[keep] for name, values in found.items()}


def landmarks_nms(found: Found, score: float) -> Found:
    """Return each face of at least `score` once, best first; found: what stage 1 finds."""
    # 1. Take the landmarks of all regions; 2. the precise boxes are their rectangles.
    precise, faces = landmarks.face_rectangle(found["landmarks"]), []
    # 3. Non-maximum suppression on the precise boxes: the best of each group stands for a face.
    for best in boxes.nms(precise, found["score"], OVERLAP):
        # Our addition: a mouth or an eye in a face is not another face.
        area = np.maximum(boxes.area(precise[best]), 1)
        inside = boxes.intersection(precise[[best]], precise[faces])[0] / area
        if found["score"][best] >= score and not (inside > INSIDE).any():
            faces.append(best)
    # 4. Of each face the CLUSTER best regions around it.
    best_first = np.argsort(-found["score"], kind="stable")
    around = boxes.iou(precise[faces], precise[best_first]) > 0.5
    clusters = [best_first[np.flatnonzero(row)[:CLUSTER]] for row in around]
    # 5. Its result: the medians over them.
    result = {}
    for name, values in found.items():
        if name not in ("boxes", "score"):
            medians = [np.median(values[cluster], axis=0) for cluster in clusters]
            result[name] = np.array(medians, np.float32).reshape(-1, *values.shape[1:])
    # 6. Its box follows from its landmarks.
    result["score"] = found["score"][faces]
    result["boxes"] = landmarks.face_rectangle(result["landmarks"])
    return result
