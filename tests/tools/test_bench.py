"""What the benchmark computes; its times are for people to read."""

import numpy as np
import pytest

from allinone import align
from tools import bench_analysis


def found(*regions):
    """Stage-1 findings of (x, y, side, score) with the canonical landmarks."""
    places = np.float32(regions)
    corner = places[:, :2]
    return dict(
        boxes=np.column_stack([corner, corner + places[:, 2:3]]),
        score=places[:, 3],
        landmarks=np.float32([align.CANONICAL * side + [x, y] for x, y, side, _ in regions]),
    )


def face(x, y, side):
    return dict(
        box=[x, y, x + side, y + side],
        landmarks=(align.CANONICAL * side + [x, y]).tolist(),
        visibility=[1] * 21,
    )


def test_plain_suppression_keeps_the_best_of_each_place():
    kept = bench_analysis.plain(
        found((0, 0, 100, 0.5), (5, 0, 100, 0.9), (300, 0, 50, 0.7), (600, 0, 50, 0.01))
    )
    np.testing.assert_allclose(kept["score"], [0.9, 0.7])


def test_precision_and_landmark_error_by_hand():
    """Two faces: one found, its landmarks 3 pixels off at a side of 100; one missed; nothing false: AP 0.5, NME 3 %."""
    scenes = [(None, [face(0, 0, 100), face(300, 300, 80)])]
    one = found((0, 0, 100, 0.9))
    one["landmarks"] = one["landmarks"] + [3, 0]
    ap, nme = bench_analysis.measured([one], scenes)
    assert ap == pytest.approx(0.5) and nme == pytest.approx(0.03, abs=1e-4)
