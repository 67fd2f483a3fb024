import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from evaluate import curves, metrics


def test_each_face_is_found_once_by_the_best_detection():
    faces = [[0, 0, 10, 10], [100, 0, 110, 10]]
    detected = [[0, 0, 10, 9], [0, 0, 10, 10], [100, 0, 110, 6], [100, 0, 110, 5], [50, 50, 60, 60]]
    true = metrics.match_detections(detected, [0.5, 0.9, 0.8, 0.95, 0.7], faces)
    # The second takes the first face, the first comes too late; IoU 0.5 is not enough, 0.6 is.
    assert true.tolist() == [False, True, True, False, False]
    assert metrics.match_detections([[0, 0, 1, 1]], [1], []).tolist() == [False]


def test_average_precision_of_a_hand_computed_case():
    # Ranked: true, false, true; 3 faces. Precision 1 until recall 1/3, then 2/3 until 2/3, no more.
    assert metrics.average_precision([False, True, True], [0.8, 0.9, 0.7], 3) == pytest.approx(
        1 / 3 + 2 / 3 / 3
    )
    assert metrics.average_precision([True, True], [0.1, 0.2], 2) == 1
    assert metrics.average_precision([], [], 4) == 0
    with pytest.raises(ValueError):
        metrics.average_precision([True], [1], 0)


def test_average_precision_is_scikit_learns_with_the_envelope(rng):
    for _ in range(5):
        true, scores = rng.random(60) < 0.4, rng.random(60)
        ours = metrics.average_precision(true, scores, true.sum())
        theirs = average_precision_score(true, scores)
        assert theirs <= ours <= theirs + 0.1  # theirs has no envelope
        order = np.argsort(-scores)
        hits = np.cumsum(true[order])
        precision, recall = hits / np.arange(1, 61), hits / true.sum()
        by_hand = 0
        for k, gained in enumerate(np.diff(recall, prepend=0)):
            by_hand += precision[k:].max() * gained
        assert ours == pytest.approx(by_hand)


def test_nme_counts_visible_points_only():
    truth = np.array([[[0, 0], [10, 0], [5, 5]], [[0, 0], [1, 1], [2, 2]]], float)
    predicted = truth + [[[3, 4], [0, 0], [100, 0]], [[9, 9], [9, 9], [9, 9]]]
    errors = metrics.nme(predicted, truth, [[1, 1, 0], [0, 0, np.nan]], [10, 10])
    assert errors[0] == pytest.approx(5 / 2 / 10) and np.isnan(errors[1])
    assert metrics.box_size([[0, 0, 4, 9]]) == pytest.approx([6])


def test_cumulative_curves_have_the_share_of_the_legend():
    """Figure 7: landmarks by 5 %, yaw rounded to 15° by 15°; faces without points are left out."""
    drawn = curves.errors([0.01, 0.05, 0.2, 0.3, np.nan])
    assert drawn["value"] == 50 and drawn["y"][0] == 0 and drawn["y"][-1] == 0.75
    assert drawn["x"][10] == pytest.approx(0.05) and drawn["y"][10] == 0.5
    off = metrics.yaw_errors([7, 8, -23, 44.9, 80], [0, 0, 0, 0, -15])
    assert off.tolist() == [0, 15, 30, 45, 90]
    drawn = curves.yaw_errors(off)
    assert drawn["x"] == [0, 15, 30, 45, 60, 75, 90, 90] and drawn["value"] == 40
    assert drawn["y"] == [0.2, 0.4, 0.6, 0.8, 0.8, 0.8, 1, 1]
    assert metrics.pose_accuracy([7, 8, -23, 44.9, 80], [0, 0, 0, 0, -15]) == pytest.approx(0.4)


def test_accuracy_and_mean_absolute_error():
    assert metrics.accuracy([1, 0, 1, 1], [1, 1, 1, np.nan]) == pytest.approx(2 / 3)
    assert metrics.mean_absolute_error([1, 5], [2, 2]) == 2


def test_pairs_and_area_under_roc():
    similarity, same = metrics.pair_similarities(np.array([[1.0, 0], [2, 0], [0, 3]]), [4, 4, 5])
    np.testing.assert_allclose(similarity, [1, 0, 0], atol=1e-12)
    assert same.tolist() == [True, False, False] and metrics.auc(similarity, same) == 1
    # scikit-learn's documented case
    assert metrics.auc([0.1, 0.4, 0.35, 0.8], [False, False, True, True]) == 0.75


def test_tar_at_far_of_a_hand_computed_case():
    scores = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2]
    same = [True, False, True, False, True, False, True, False]  # impostors at 0.8, 0.6, 0.4, 0.2
    assert metrics.tar_at_far(scores, same, 0.0) == 0.25  # above 0.8: one of four
    assert metrics.tar_at_far(scores, same, 0.25) == 0.5  # one impostor may pass: above 0.6
    assert metrics.tar_at_far(scores, same, 1.0) == 1


def test_table_2_of_the_paper_is_a_sample_deviation_over_bins():
    """The paper's row of 2.84, 2.94, 3.09 gives 2.96 and 0.13; 3DDFA's gives 5.60 and 0.99."""
    ours = ((2.84, 2.94, 3.09), 2.96, 0.13)
    theirs = ((5.00, 5.06, 6.74), 5.60, 0.99)
    for row, mean, deviation in (ours, theirs):
        errors, yaws = np.repeat(row, 2), [-5, 29.9, 30, -45, 60, 95]
        bins, found, spread = metrics.by_yaw([*errors, np.nan], [*yaws, 0])
        assert bins == pytest.approx(row)
        assert (round(found, 2), round(spread, 2)) == (mean, deviation)
    bins, mean, _ = metrics.by_yaw([1, 2], [0, 40])
    assert bins[:2] == [1, 2] and np.isnan(bins[2]) and np.isnan(mean)


def test_cumulative_error_and_failures():
    errors = [0.01, 0.05, 0.2, np.nan]
    shares = metrics.cumulative_error(errors, [0.0, 0.05, 0.1, 1])
    assert shares == pytest.approx([0, 2 / 3, 2 / 3, 1])
    assert metrics.failure_rate(errors, 0.1) == pytest.approx(1 / 3)
    assert metrics.face_size([[0, 0, 4, 9]]) == pytest.approx([6.5])


def test_pose_is_rounded_to_the_nearest_15_degrees():
    # 37.4 -> 30, 37.5 -> 45, -22.6 -> -30, 7.4 -> 0
    assert metrics.pose_accuracy([37.4], [45]) == 1
    assert metrics.pose_accuracy([37.4], [60]) == 0
    assert metrics.pose_accuracy([37.5], [60]) == 1
    assert metrics.pose_accuracy([-22.6, 7.4], [-15, 30]) == 0.5


def test_epsilon_error_by_hand():
    errors = metrics.epsilon_error([30, 34, np.nan], [30, 30, 30], [2, 4, 5])
    assert errors == pytest.approx([0, 1 - np.exp(-0.5), 1])
    assert metrics.mean_over_people([1, 3, 10], [4, 4, 9]) == 6


def test_ranks_and_open_set_rates_by_hand():
    probes = [
        ([0.1, 0.5], [0.9]),
        ([0.8, 0.2], [0.3, 0.7]),
        ([0.6], [0.6]),
        ([0.75, 0.4], []),
        ([0.3], []),
    ]
    ranks = [metrics.mate_rank(*probe) for probe in probes[:3]]
    assert ranks == [1, 2, 2]  # a tie counts against the mate
    assert metrics.cmc(ranks, 2) == pytest.approx([1 / 3, 1])
    assert metrics.detection_identification_rate(probes, 0.7) == pytest.approx(1 / 3)
    assert metrics.detection_identification_rate(probes, 0.7, rank=2) == pytest.approx(2 / 3)
    assert metrics.false_alarm_rate(probes, 0.5) == 0.5
    assert metrics.false_alarm_rate(probes, 0.76) == 0
    # Nobody may pass: above 0.75.
    assert metrics.tpir_at_fpir(probes, 0, rank=2) == pytest.approx(1 / 3)
    assert metrics.tpir_at_fpir(probes, 0.5, rank=2) == 1  # the 0.75 may pass: above 0.3
    assert np.isnan(metrics.false_alarm_rate(probes[:3], 0))
    assert np.isnan(metrics.tpir_at_fpir(probes[:3], 0.1, 1))


def test_a_fold_is_decided_by_the_others():
    scores, same = [0.9, 0.1, 0.8, 0.2, 0.4, 0.3], [1, 0, 1, 0, 1, 1]
    # Folds 1 and 2 part between 0.1 or 0.2 and 0.8 or 0.9: they give the third a threshold of 0.8.
    assert metrics.fold_accuracies(scores, same, [1, 1, 2, 2, 3, 3])[2] == 0
    assert metrics.fold_accuracies([0.9, 0.1] * 4, [1, 0] * 4, [1, 1, 2, 2, 3, 3, 4, 4]) == [1] * 4
