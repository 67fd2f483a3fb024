import numpy as np
import pytest

from python_layers import vary


def picture(rng):
    small = rng.integers(40, 215, (9, 9, 3)).astype(np.uint8)
    return np.kron(small, np.ones((15, 15, 1), np.uint8))[:131, :131]


def test_colours_change_and_the_picture_stays_the_same(rng):
    """Every channel is a rising function of itself; brightness spreads on both sides."""
    image, means = picture(rng), []
    for _ in range(60):
        varied = vary.colours(rng, image)
        assert varied.dtype == np.uint8 and varied.shape == image.shape
        grey = (varied[..., 0] == varied[..., 1]).all()
        for channel in range(0 if grey else 3):
            order = np.argsort(image[..., channel].ravel(), kind="stable")
            assert (
                np.diff(varied[..., channel].ravel()[order].astype(int))[
                    np.diff(image[..., channel].ravel()[order].astype(int)) > 0
                ]
                >= 0
            ).all()
        means.append(varied.mean() - image.mean())
    assert np.std(means) > 8 and abs(np.mean(means)) < 12 and np.min(means) < -5 < 5 < np.max(means)


def test_framing_shifts_turns_and_scales_around_the_middle(rng):
    """A white dot on the upper rim of the face: where it lands says by how much."""
    image = np.zeros((131, 131, 3), np.uint8)
    image[64:67, 64:67] = 255  # the middle
    image[24:27, 64:67] = 255  # 40 pixels above it
    middles, turns, sizes = [], [], []
    for _ in range(300):
        framed = vary.framing(rng, image, 115)
        ys, xs = np.nonzero(framed[..., 0] > 60)
        low = ys > ys.mean()
        middle, top = (
            np.array([xs[low].mean(), ys[low].mean()]),
            np.array([xs[~low].mean(), ys[~low].mean()]),
        )
        middles.append(middle - 57)
        turns.append(np.degrees(np.arctan2(*(top - middle)[::-1])) + 90)
        sizes.append(np.hypot(*(top - middle)) / 40)
    assert (
        np.abs(middles).max() < 9.5
        and np.abs(np.mean(middles, axis=0)).max() < 1
        and np.abs(middles).max() > 6
    )
    assert abs(np.mean(turns)) < 1.5 and abs(np.std(turns) - vary.TURN) < 1.2
    assert abs(np.mean(sizes) - 1) < 0.03 and abs(np.std(np.log(sizes)) - vary.ZOOM) < 0.02


def test_a_rectangle_of_one_colour_is_erased_anywhere(rng):
    """Of a white face, so that what has changed is the rectangle; sides are 12 to 50 % of it."""
    face, centres, sides = np.full((115, 115, 3), 255, np.uint8), [], []
    for _ in range(200):
        erased = vary.erase(rng, face)
        ys, xs = np.nonzero((erased != 255).any(axis=2))
        low, high = np.array([ys.min(), xs.min()]), np.array([ys.max(), xs.max()])
        patch = erased[low[0] : high[0] + 1, low[1] : high[1] + 1]
        assert len(ys) == np.prod(patch.shape[:2]) and (patch == patch[0, 0]).all()
        centres.append((low + high) / 2)
        sides.append(high - low + 1)
    assert (
        (face == 255).all()
        and np.min(sides) >= 13
        and np.max(sides) <= 57
        and np.mean(sides) == pytest.approx(35, abs=3)
    )
    assert (
        np.abs(np.mean(centres, axis=0) - 57).max() < 6
        and np.min(centres) < 20
        and np.max(centres) > 95
    )
