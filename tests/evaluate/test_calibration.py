"""Reliability diagrams and the expected calibration error by hand; the scales that are found."""

import numpy as np
import pytest

from allinone.log_odds import Scale, from_log_odds, log_odds
from evaluate import calibration

SAID = [0.55, 0.65, 0.62, 0.95, 0.99, 1.0]
RIGHT = [True, False, True, True, True, False]


def test_a_diagram_by_hand():
    """Fifteenths: 0.55 in bin 9 (8/15 to 9/15), 0.65 and 0.62 in 10, the others in 15."""
    found = calibration.reliability(SAID, RIGHT)
    assert found.counts.tolist() == [0] * 8 + [1, 2] + [0] * 4 + [3]
    assert found.confidence[[8, 9, 14]] == pytest.approx([0.55, 0.635, 0.98])
    assert found.right[[8, 9, 14]] == pytest.approx([1, 0.5, 2 / 3])
    assert np.isnan(found.confidence[0]) and np.isnan(found.right[0])


def test_the_error_by_hand():
    """One of six is 0.45 off, two 0.135, three 0.98 - 2/3."""
    expected = (0.45 + 2 * 0.135 + 3 * (0.98 - 2 / 3)) / 6
    assert calibration.expected_error(SAID, RIGHT) == pytest.approx(expected)
    assert calibration.expected_error([0.75] * 4, [1, 1, 1, 0]) == pytest.approx(0)
    assert calibration.expected_error([1.0], [0]) == 1
    with pytest.raises(ValueError, match="at least one"):
        calibration.expected_error([], [])


def test_an_edge_belongs_to_the_bin_below():
    counts = calibration.reliability([0.0, 0.5, 0.5001], [0, 0, 0], bins=2).counts
    assert counts.tolist() == [2, 1]


def test_the_confidence_of_an_answer_is_that_of_the_likelier_class():
    confidence, right = calibration.of_answers([0.2, 0.7, 0.5], [0, 0, 1])
    assert confidence == pytest.approx([0.8, 0.7, 0.5])
    assert right.tolist() == [True, False, True]


def answers_that_are_too_sure(rng, times, shift=0.0, count=20000):
    """Return (probabilities, labels) whose true log odds are (what is said) / times - shift."""
    true = rng.normal(0, 2, count)
    labels = rng.random(count) < from_log_odds(true)
    return from_log_odds(times * (true + shift)), labels


def test_a_temperature_is_found_and_mends_what_is_said(rng):
    said, labels = answers_that_are_too_sure(rng, times=3)
    scale = calibration.fit(said, labels)
    assert scale.factor == pytest.approx(1 / 3, rel=0.05) and scale.shift == 0
    before = calibration.expected_error(*calibration.of_answers(said, labels))
    mended = scale.applied(said)
    assert before > 0.08
    assert calibration.expected_error(*calibration.of_answers(mended, labels)) < 0.02
    assert ((said >= 0.5) == (mended >= 0.5)).all()  # no answer changes


def test_a_shift_is_found_too_and_no_order_changes(rng):
    said, labels = answers_that_are_too_sure(rng, times=2, shift=1.5)
    scale = calibration.fit(said, labels, shifted=True)
    assert scale == pytest.approx((0.5, -1.5), rel=0.07)
    mended = scale.applied(said)
    assert calibration.expected_error(mended, labels) < 0.02
    order = np.argsort(said)
    assert (np.diff(mended[order]) >= 0).all()


def test_the_mean_of_two_answers_is_what_is_mended(rng):
    """Each alone is as sure as it is right; the mean of two independent ones is not sure enough."""
    true = rng.normal(0, 2, 20000)
    labels = rng.random(20000) < from_log_odds(true)
    both = from_log_odds(true[:, None] + rng.normal(0, 1.5, (20000, 2)))
    scale = calibration.fit(both, labels)
    said = from_log_odds(scale.factor * log_odds(both)).mean(axis=1)
    before = calibration.expected_error(*calibration.of_answers(both.mean(axis=1), labels))
    assert calibration.expected_error(*calibration.of_answers(said, labels)) < before


def test_too_few_answers_or_wrong_ones_give_no_scale():
    """Where all are right nothing tells how sure they may be."""
    assert calibration.fit(np.zeros((0, 1)), [], shifted=True) is None  # nothing was found
    assert calibration.fit([0.9] * 49, [1] * 40 + [0] * 9) is None
    assert calibration.fit([0.9] * 60, [1] * 58 + [0] * 2) is None
    assert calibration.fit([0.99] * 40 + [0.01] * 40, [1] * 40 + [0] * 40) is None
    found = calibration.fit([0.9] * 60, [1] * 45 + [0] * 15)  # three of four are right
    assert from_log_odds(found.factor * log_odds(0.9)) == pytest.approx(0.75, abs=1e-3)


def test_what_is_quite_sure_stays_a_number():
    assert np.isfinite(log_odds([0.0, 1.0])).all()
    assert Scale(1.0).applied([0.0, 0.2, 1.0]) == pytest.approx([0, 0.2, 1], abs=1e-6)
    assert Scale(0.5, 1.0).applied(0.5) == pytest.approx(1 / (1 + np.exp(-1)))
