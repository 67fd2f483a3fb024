import cv2
import numpy as np
import pytest

from allinone import blob


def test_blob_is_bgr_minus_mean_over_58(rng):
    image = rng.integers(0, 255, (5, 7, 3)).astype(np.uint8)
    made = blob.to_blob([image, image])
    assert made.shape == (2, 3, 5, 7) and made.dtype == np.float32
    expected = (image.astype(np.float64) - [104, 117, 123]) / 58
    np.testing.assert_allclose(made[1], expected.transpose(2, 0, 1), atol=1e-5)


def test_a_box_of_the_right_size_is_copied_as_it_is(rng):
    image = rng.integers(0, 255, (60, 80, 3)).astype(np.uint8)
    np.testing.assert_array_equal(blob.crop(image, (10, 20, 40, 50), 30), image[20:50, 10:40])


def test_beyond_the_border_the_edge_is_repeated(rng):
    image = rng.integers(0, 255, (20, 20, 3)).astype(np.uint8)
    cut = blob.crop(image, (-10, -10, 30, 30), 40)
    np.testing.assert_array_equal(
        cut, cv2.copyMakeBorder(image, 10, 10, 10, 10, cv2.BORDER_REPLICATE)
    )


@pytest.mark.parametrize("box", [(500, 500, 540, 560), (-90, 3, -50, 40)])
def test_a_box_outside_gives_a_crop_and_no_error(rng, box):
    image = rng.integers(0, 255, (20, 20, 3)).astype(np.uint8)
    assert blob.crop(image, box, 16).shape == (16, 16, 3)


def test_large_boxes_are_averaged_not_sampled():
    checker = np.uint8(np.indices((400, 400)).sum(axis=0) % 2 * 255)[..., None].repeat(3, axis=2)
    cut = blob.crop(checker, (0, 0, 400, 400), 40)
    assert np.abs(cut.astype(int) - 127).max() <= 2  # sampling would give 0 or 255 somewhere
