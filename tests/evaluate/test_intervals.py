"""Intervals against published ones, against the normal law, and against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from evaluate import intervals


def test_wilsons_interval_of_a_known_case():
    """Newcombe 1998, table I: 81 of 263 gives 0.2553 to 0.3662."""
    value, low, high, samples = intervals.share([1] * 81 + [0] * 182)
    assert (round(value, 4), samples) == (0.308, 263)
    assert [low, high] == pytest.approx([0.2553, 0.3662], abs=2e-4)
    assert intervals.share([True] * 10).low < 0.75 and intervals.share([True] * 10).high == 1


def test_an_interval_of_means_is_that_of_the_normal_law_for_many(rng):
    values = rng.normal(5, 2, 2000)
    middle, low, high, samples = intervals.mean(values)
    half = 1.96 * values.std() / np.sqrt(2000)
    assert middle == pytest.approx(values.mean()) and samples == 2000
    assert [low, high] == pytest.approx([middle - half, middle + half], abs=0.02)


def test_identity_is_the_area_over_all_pairs(rng):
    people = np.repeat(np.arange(12), 3)
    descriptors = rng.normal(size=(12, 8))[people] + rng.normal(size=(36, 8)) * 0.8
    value, low, high, pairs = intervals.person_auc(descriptors, people)
    unit = descriptors / np.linalg.norm(descriptors, axis=1, keepdims=True)
    first, second = np.triu_indices(36, 1)
    area = roc_auc_score(people[first] == people[second], (unit @ unit.T)[first, second])
    assert value == pytest.approx(area)
    assert low < value < high + 0.02 and pairs == 36 * 35 / 2


def test_an_interval_over_people_of_whom_only_one_has_two_pictures(rng):
    """Many draws leave that one out; nothing can be said by them."""
    found = intervals.person_auc(rng.normal(size=(7, 8)), [0, 0, 1, 2, 3, 4, 5])
    assert 0 <= found.low <= found.high <= 1 and found.samples == 21


def test_intervals_over_people_hold_what_other_people_of_the_kind_reach():
    """By drawing other people: the spread of their figures is what an interval stands for.

    Somebody who is drawn twice is alike himself, which must count neither as two people nor as one:
    at 1 % false accepts the pairs of 40 such would be more than half of those.
    """

    def drawn(seed):
        some, people = np.random.default_rng(seed), np.repeat(np.arange(40), 3)
        centres = some.normal(size=(40, 16))
        return centres[people] + some.normal(size=(120, 16)) * 0.7, people

    for figure in (intervals.person_auc, lambda *given: intervals.person_tar(*given, 0.01)):
        found = [figure(*drawn(seed)) for seed in range(4)]
        value = np.mean([one.value for one in found])
        assert sum(one.low <= value <= one.high for one in found) >= 3
        assert all(one.low < one.value < one.high for one in found)
