import numpy as np
import pytest
from skimage.transform import SimilarityTransform, estimate_transform

from allinone import align
from allinone.errors import InputError


def test_similarity_agrees_with_scikit_image(rng):
    points = align.CANONICAL * 140 + rng.normal(0, 2, (21, 2)) + [30, -12]
    ours = align.similarity(points)
    theirs = estimate_transform(
        "similarity", points[align.STABLE], align.CANONICAL[align.STABLE]
    ).params[:2]
    np.testing.assert_allclose(ours, theirs, atol=1e-9)


def test_a_turned_and_scaled_face_comes_back_upright():
    placed = SimilarityTransform(scale=70, rotation=0.6, translation=(40, 25))(align.CANONICAL)
    image = np.zeros((160, 160, 3), np.uint8)
    x, y = np.round(placed[14]).astype(int)  # a white nose
    image[y - 2 : y + 3, x - 2 : x + 3] = 255
    face = align.warp(image, placed, 100)
    row, column = np.argwhere(face[..., 0] > 200).mean(axis=0)
    np.testing.assert_allclose([column, row], align.CANONICAL[14] * 100, atol=1.5)


def test_hidden_points_count_less_and_unknown_ones_not_at_all():
    placed = align.CANONICAL * 100.0
    wrong = placed.copy()
    wrong[20] += (40, 0)
    seen = np.ones(21)
    seen[20] = 0
    right = align.similarity(placed)
    hidden, known = (np.abs(align.similarity(wrong, s) - right).max() for s in (seen, None))
    assert hidden < known
    wrong[20] = np.nan
    np.testing.assert_allclose(align.similarity(wrong), align.similarity(placed), atol=1e-6)


def test_margin_keeps_the_face_in_the_middle():
    placed, image = (
        align.CANONICAL * 100.0,
        np.random.default_rng(0).integers(0, 255, (120, 120, 3)).astype(np.uint8),
    )
    side = align.stored_size(115)
    cut = (side - 115) // 2
    wide = align.warp_by(
        image, align.in_pixels(align.similarity(placed), side, align.MARGIN), side
    )[cut:-cut, cut:-cut].astype(int)
    assert np.abs(wide - align.warp(image, placed, 115)).mean() < 3


def test_too_few_points_are_refused():
    points = np.full((21, 2), np.nan)
    points[14] = (5, 5)
    with pytest.raises(InputError, match="two landmarks"):
        align.similarity(points)
    with pytest.raises(InputError, match="different places"):
        align.similarity(np.full((21, 2), 7.0))


def test_mirror(rng):
    image = rng.integers(0, 255, (4, 6, 3)).astype(np.uint8)
    np.testing.assert_array_equal(align.mirror(image), np.fliplr(image))


def test_tighter_faces_have_their_eyes_as_far_apart_as_is_said():
    """By points that are carried through the transform, of a turned face; the middle stays."""
    placed = SimilarityTransform(scale=70, rotation=0.4, translation=(40, 25))(align.CANONICAL)
    unit = align.similarity(placed)
    for eyes in (0.2, 0.36, 0.46):
        matrix = align.tightened(unit, eyes)
        points = placed @ matrix[:, :2].T + matrix[:, 2]
        assert np.linalg.norm(points[10] - points[7]) == pytest.approx(eyes, abs=1e-4)
        middle = np.linalg.inv(unit[:, :2]) @ (align.MIDDLE - unit[:, 2])
        np.testing.assert_allclose(matrix[:, :2] @ middle + matrix[:, 2], align.MIDDLE, atol=1e-6)
    np.testing.assert_array_equal(align.tightened(unit, align.EYES), unit)


def test_the_usual_face_is_the_same_to_the_bit_whether_it_is_said_or_not(rng):
    image = rng.integers(0, 255, (120, 120, 3)).astype(np.uint8)
    placed = align.CANONICAL * 100.0
    eyes = np.linalg.norm(align.CANONICAL[10] - align.CANONICAL[7])
    assert align.EYES == pytest.approx(eyes, abs=1e-6)
    said = align.warp(image, placed, 115, eyes=align.EYES)
    np.testing.assert_array_equal(said, align.warp(image, placed, 115))
    assert (align.warp(image, placed, 115, eyes=0.36) != said).any()
