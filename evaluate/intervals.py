"""Figures with their 95 % interval and number of samples: (value, low, high, n)."""

import numpy as np
from scipy import stats

from evaluate import metrics

RESAMPLES, PEOPLE_RESAMPLES = (
    1000,
    100,
)  # our choice: the area under ROC of a million pairs takes a while


def share(right):
    """Return (mean, low, high, n) of right (n,) as a share, with Wilson's interval."""
    right = np.asarray(right, bool)
    interval = stats.binomtest(int(right.sum()), len(right)).proportion_ci(method="wilson")
    return float(right.mean()), float(interval.low), float(interval.high), len(right)


def mean(values, seed=0):
    """Return (mean, low, high, n) of values (n,), with a percentile interval over resampled values."""
    values = np.asarray(values, np.float64)
    rng = np.random.default_rng(seed)
    resampled = [
        values[rng.integers(len(values), size=len(values))].mean() for _ in range(RESAMPLES)
    ]
    return float(values.mean()), *map(float, np.percentile(resampled, [2.5, 97.5])), len(values)


def person_auc(descriptors, people, seed=0):
    """Return (area under ROC, low, high, pairs) of all pairs, with an interval over resampled people."""
    descriptors, people = np.asarray(descriptors), np.asarray(people)
    rng, names = np.random.default_rng(seed), np.unique(people)
    members = {person: np.flatnonzero(people == person) for person in names}
    area = lambda rows, who: metrics.auc(*metrics.pair_similarities(descriptors[rows], who))
    found = []
    for _ in range(PEOPLE_RESAMPLES):
        chosen = rng.choice(names, len(names))
        rows = np.concatenate([members[person] for person in chosen])
        found.append(
            area(
                rows, np.repeat(np.arange(len(chosen)), [len(members[person]) for person in chosen])
            )
        )
    return (
        float(area(np.arange(len(people)), people)),
        *map(float, np.percentile(found, [2.5, 97.5])),
        len(people) * (len(people) - 1) // 2,
    )
