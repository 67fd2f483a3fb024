"""Windows of the proposal net, on numbers worked out by hand."""

import numpy as np
import pytest

from allinone import windows


def test_a_window_frames_its_face_with_room():
    """A face of 20 pixels has a window of 24: 2 pixels more on every side."""
    face = [100, 50, 120, 70]
    np.testing.assert_allclose(windows.around(face), [98, 48, 122, 72], rtol=1e-6)
    np.testing.assert_allclose(windows.cores([98, 48, 122, 72]), face, rtol=1e-6)
    assert pytest.approx(20) == windows.CORE and windows.SIDE == 24


def test_the_window_of_a_longish_face_is_a_square_of_as_much_area():
    x1, y1, x2, y2 = windows.around([0, 0, 32, 50])  # 40 x 40
    assert (x1 + x2) / 2 == pytest.approx(16) and (y1 + y2) / 2 == pytest.approx(25)
    assert x2 - x1 == y2 - y1 == pytest.approx(48)


def test_offsets_are_shares_of_the_core():
    """The face is 5 right, 10 up of the core's middle, half as wide and as high as its 20."""
    window, face = [98, 48, 122, 72], [110, 40, 120, 60]
    expected = [0.25, -0.5, np.log(0.5), 0]
    np.testing.assert_allclose(windows.encode(face, window), expected, atol=1e-6)
    np.testing.assert_allclose(windows.decode(expected, window), face, rtol=1e-6)


def test_decoding_gives_back_what_was_encoded(rng):
    corner, size = rng.uniform(0, 500, (50, 2)), rng.uniform(20, 200, (50, 2))
    faces = np.concatenate([corner, corner + size], axis=1)
    some = windows.around(faces + rng.normal(0, 5, faces.shape))
    np.testing.assert_allclose(windows.decode(windows.encode(faces, some), some), faces, atol=1e-3)
