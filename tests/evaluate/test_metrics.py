import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from evaluate import headline, metrics


def test_each_face_is_found_once_by_the_best_detection():
    faces = [[0, 0, 10, 10], [100, 0, 110, 10]]
    detected = [[0, 0, 10, 9], [0, 0, 10, 10], [100, 0, 110, 6], [100, 0, 110, 5], [50, 50, 60, 60]]
    true = metrics.match_detections(detected, [0.5, 0.9, 0.8, 0.95, 0.7], faces)
    # The second takes the first face, the first comes too late; IoU 0.5 itself is not enough, 0.6 is.
    assert true.tolist() == [False, True, True, False, False]
    assert metrics.match_detections([[0, 0, 1, 1]], [1], []).tolist() == [False]


def test_average_precision_of_a_hand_computed_case():
    # Ranked: true, false, true; 3 faces. Precision 1 until recall 1/3, then 2/3 until 2/3, never further.
    assert metrics.average_precision([False, True, True], [0.8, 0.9, 0.7], 3) == pytest.approx(1 / 3 + 2 / 3 / 3)
    assert metrics.average_precision([True, True], [0.1, 0.2], 2) == 1
    assert metrics.average_precision([], [], 4) == 0
    with pytest.raises(ValueError):
        metrics.average_precision([True], [1], 0)


def test_average_precision_is_scikit_learns_with_the_envelope(rng):
    for _ in range(5):
        true, scores = rng.random(60) < 0.4, rng.random(60)
        ours, theirs = metrics.average_precision(true, scores, true.sum()), average_precision_score(true, scores)
        assert theirs <= ours <= theirs + 0.1      # theirs has no envelope
        order = np.argsort(-scores)
        hits = np.cumsum(true[order])
        precision, recall = hits / np.arange(1, 61), hits / true.sum()
        by_hand = sum(precision[k:].max() * (recall[k] - (recall[k - 1] if k else 0)) for k in range(60))
        assert ours == pytest.approx(by_hand)


def test_nme_counts_visible_points_only():
    truth = np.array([[[0, 0], [10, 0], [5, 5]], [[0, 0], [1, 1], [2, 2]]], float)
    predicted = truth + [[[3, 4], [0, 0], [100, 0]], [[9, 9], [9, 9], [9, 9]]]
    errors = metrics.nme(predicted, truth, [[1, 1, 0], [0, 0, np.nan]], [10, 10])
    assert errors[0] == pytest.approx(5 / 2 / 10) and np.isnan(errors[1])
    assert metrics.box_size([[0, 0, 4, 9]]) == pytest.approx([6])


def test_accuracy_and_mean_absolute_error():
    assert metrics.accuracy([1, 0, 1, 1], [1, 1, 1, np.nan]) == pytest.approx(2 / 3)
    assert metrics.mean_absolute_error([1, 5], [2, 2]) == 2


def test_pairs_and_area_under_roc():
    similarity, same = metrics.pair_similarities(np.array([[1.0, 0], [2, 0], [0, 3]]), [4, 4, 5])
    np.testing.assert_allclose(similarity, [1, 0, 0], atol=1e-12)
    assert same.tolist() == [True, False, False] and metrics.auc(similarity, same) == 1
    assert metrics.auc([0.1, 0.4, 0.35, 0.8], [False, False, True, True]) == 0.75      # scikit-learn's documented case


def test_tar_at_far_of_a_hand_computed_case():
    scores = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2]
    same = [True, False, True, False, True, False, True, False]      # impostors at 0.8, 0.6, 0.4, 0.2
    assert metrics.tar_at_far(scores, same, 0.0) == 0.25             # above 0.8: one of four
    assert metrics.tar_at_far(scores, same, 0.25) == 0.5             # one impostor may pass: above 0.6
    assert metrics.tar_at_far(scores, same, 1.0) == 1


def test_the_headline_table_has_a_row_for_every_task():
    results = {f.task: {f.metric: 0.5, "more": 1} for f in headline.FIGURES}
    assert set(headline.only_headlines(results)["pose"]) == {"yaw_mae"}
    rows = headline.table(results, results)
    assert [row[0] for row in rows[1:]] == [f.task for f in headline.FIGURES] and rows[1][2] == "50.0%"
