"""Templates as IJB-A has them: a person's faces in pictures and videos, described together.

A template's descriptor is the mean over its media of the means within each, at length 1. A
template none of whose faces has a descriptor cannot be enrolled: it scores LOWEST with everybody.
"""

from __future__ import annotations

import collections
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Optional

import numpy as np

from allinone import embeddings

LOWEST = -1.0  # of a template that cannot be enrolled; a cosine is no lower


class Template(NamedTuple):
    """A template of one person."""

    number: int
    subject: int
    descriptor: Optional[np.ndarray]  # (d,) at length 1; None: it cannot be enrolled


def pooled(faces, descriptors: Mapping[tuple, np.ndarray]) -> Optional[np.ndarray]:
    """Return the descriptor (d,) of a template's faces, or None where none of them has one.

    faces: [[image, box, medium]]; descriptors: {(image, *box): (d,)}.
    """
    media = collections.defaultdict(list)
    for image, box, medium in faces:
        found = descriptors.get((image, *box))
        if found is not None:
            media[medium].append(found)
    if not media:
        return None
    means = [np.mean(some, axis=0) for some in media.values()]
    return embeddings.unit_length(np.mean(means, axis=0))


def similarities(
    first: Sequence[Template], second: Sequence[Template], weights: Optional[np.ndarray] = None
) -> np.ndarray:
    """Return the cosines (n, m) of templates; LOWEST where one cannot be enrolled.

    weights: of an embedding (evaluate.tpe) through which they are compared, or None.
    """
    described = [one.descriptor for one in (*first, *second) if one.descriptor is not None]
    width = len(described[0]) if described else 1
    known, mapped = [], []
    for some in (first, second):
        known.append(np.array([one.descriptor is not None for one in some]))
        rows = np.zeros((len(some), width))
        for row, one in zip(rows, some):
            row[:] = 0 if one.descriptor is None else one.descriptor
        if weights is None:
            mapped.append(embeddings.unit_length(rows))
        else:
            mapped.append(embeddings.apply(weights, rows))
    return np.where(known[0][:, None] & known[1], mapped[0] @ mapped[1].T, LOWEST)


def verify(
    templates: Sequence[Template],
    pairs: Sequence[Sequence[int]],
    weights: Optional[np.ndarray] = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return (scores (n,), same (n,)) of pairs of template numbers.

    A pair with a number that no template has is left out.
    """
    place = {one.number: index for index, one in enumerate(templates)}
    known = [(place[one], place[two]) for one, two in pairs if one in place and two in place]
    first, second = np.array(known).T
    subjects = np.array([one.subject for one in templates])
    scores = similarities(templates, templates, weights)[first, second]
    return scores, subjects[first] == subjects[second]


def search(
    gallery: Sequence[Template], probes: Sequence[Template], weights: Optional[np.ndarray] = None
) -> tuple[list[tuple[np.ndarray, np.ndarray]], np.ndarray]:
    """Return [(scores of others, scores of mates)] of probes, and all scores (n, m)."""
    scores = similarities(probes, gallery, weights)
    subjects = np.array([one.subject for one in gallery])
    found = []
    for row, probe in zip(scores, probes):
        is_mate = subjects == probe.subject
        found.append((row[~is_mate], row[is_mate]))
    return found, scores
