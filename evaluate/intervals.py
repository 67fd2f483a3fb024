"""Figures with their 95 % interval and number of samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Optional

import numpy as np

from evaluate import metrics

RESAMPLES = 1000
FEW_RESAMPLES = 100  # our choice: the area under ROC of a million pairs takes a while


class Interval(NamedTuple):
    """A figure, its 95 % interval, and how many samples it is the figure of."""

    value: float
    low: Optional[float]  # None: no interval is given
    high: Optional[float]
    samples: int


def share(right) -> Interval:
    """Return the share of right (n,) that is true, with Wilson's interval."""
    from scipy import stats  # here: importing it takes a second

    right = np.asarray(right, bool)
    interval = stats.binomtest(int(right.sum()), len(right)).proportion_ci(method="wilson")
    return Interval(float(right.mean()), float(interval.low), float(interval.high), len(right))


def mean(values, seed: int = 0) -> Interval:
    """Return the mean of values (n,), with a percentile interval over resampled values."""
    values, rng = np.asarray(values, np.float64), np.random.default_rng(seed)
    resampled = []
    for _ in range(RESAMPLES):
        resampled.append(values[rng.integers(len(values), size=len(values))].mean())
    low, high = np.percentile(resampled, [2.5, 97.5]).tolist()
    return Interval(float(values.mean()), low, high, len(values))


def person_auc(descriptors, people, seed: int = 0) -> Interval:
    """Return the area under ROC over all pairs, see `_of_people`."""
    return _of_people(descriptors, people, metrics.auc, seed)


def person_tar(descriptors, people, far: float, seed: int = 0) -> Interval:
    """Return the share of pairs of one person that is accepted, see `_of_people`.

    far: the share of the pairs of two people that is too.
    """

    def accepted(scores, same):
        return metrics.tar_at_far(scores, same, far)

    return _of_people(descriptors, people, accepted, seed)


def _of_people(descriptors, people, figure: Callable, seed: int) -> Interval:
    """Return a figure(scores, same) over all pairs, with an interval over resampled people.

    descriptors (n, d), people (n,); the samples are the pairs.
    """
    scores, same = metrics.pair_similarities(np.asarray(descriptors), people)
    names, person = np.unique(people, return_inverse=True)
    first, second = np.triu_indices(len(person), 1)
    order = np.argsort(scores, kind="stable")  # figures sort them: what is in order sorts at once
    scores, same = scores[order], same[order]
    first, second = person[first][order], person[second][order]
    rng, found = np.random.default_rng(seed), []
    for _ in range(FEW_RESAMPLES):
        times = np.bincount(rng.integers(len(names), size=len(names)), minlength=len(names))
        # Somebody who is drawn twice is two people, but not two whom a net could tell apart: their
        # common pairs would be false accepts at any threshold.
        often = np.where(same, times[first], times[first] * times[second])
        if often[same].any() and often[~same].any():  # else nothing is told
            found.append(figure(np.repeat(scores, often), np.repeat(same, often)))
    low, high = np.percentile(found, [2.5, 97.5]).tolist()
    return Interval(figure(scores, same), low, high, len(scores))


def average_precision(scenes: Sequence, seed: int = 0) -> Interval:
    """Return the average precision of detections, with an interval over resampled pictures.

    scenes: of each picture scores and true (of its detections that count) and faces (how many were
    asked for). The samples are the faces.
    """
    rng, found = np.random.default_rng(seed), []
    for _ in range(FEW_RESAMPLES):
        chosen = [scenes[number] for number in rng.integers(len(scenes), size=len(scenes))]
        if any(one.faces for one in chosen):
            found.append(_precision_of(chosen))
    low, high = np.percentile(found, [2.5, 97.5]).tolist()
    return Interval(_precision_of(scenes), low, high, sum(one.faces for one in scenes))


def _precision_of(scenes) -> float:
    true = np.concatenate([np.asarray(one.true, bool) for one in scenes])
    scores = np.concatenate([np.asarray(one.scores, float) for one in scenes])
    return metrics.average_precision(true, scores, sum(one.faces for one in scenes))
