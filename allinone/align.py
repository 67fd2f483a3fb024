"""The canonical face: a similarity transform from landmarks, the warp, the mirror."""
import cv2
import numpy as np

from allinone.errors import InputError

# our choice: where the 21 landmarks of an upright, frontal face lie in the aligned picture, as shares of its side.
# Eye centres are 24 % of the side apart: hair, chin and the sides of the head stay in the picture, since they tell gender and age.
CANONICAL = np.float32([
    [0.295, 0.367], [0.361, 0.340], [0.434, 0.362], [0.566, 0.362], [0.639, 0.340], [0.705, 0.367],
    [0.328, 0.420], [0.381, 0.416], [0.432, 0.420], [0.568, 0.420], [0.619, 0.416], [0.672, 0.420],
    [0.164, 0.467], [0.447, 0.557], [0.500, 0.549], [0.553, 0.557], [0.836, 0.467],
    [0.414, 0.660], [0.500, 0.672], [0.586, 0.660], [0.500, 0.787]])
STABLE = np.array([i for i in range(21) if i not in (12, 16)])   # ears move most with yaw and are most often guessed
MARGIN = 8 / 115   # share of the side that a database adds on every side, so that training can shift the crop


def similarity(points, visibility=None):
    """Return the 2x3 transform from image pixels to the unit square of the aligned face.

    points: (21, 2) pixels, NaN where unknown; visibility: (21,) weights 0 to 1, points under 0.5 count a quarter.
    Least squares over rotation, scale and shift (no mirror). InputError where fewer than two points are known.
    """
    points = np.asarray(points, np.float64)
    use = STABLE[np.isfinite(points[STABLE]).all(axis=1)]
    if len(use) < 2:
        raise InputError("alignment needs at least two landmarks other than the ears")
    weight = np.ones(len(use)) if visibility is None else np.where(np.asarray(visibility)[use] >= 0.5, 1.0, 0.25)
    weight = (weight / weight.sum())[:, None]
    source, target = points[use], CANONICAL[use].astype(np.float64)
    source_mean, target_mean = (weight * source).sum(axis=0), (weight * target).sum(axis=0)
    # As complex numbers the best similarity is one factor: sum(conj(s) t) / sum(|s|^2).
    s, t = [(p - mean) @ np.array([1, 1j]) for p, mean in ((source, source_mean), (target, target_mean))]
    spread = (weight[:, 0] * np.abs(s) ** 2).sum()
    if spread < 1e-6:
        raise InputError("alignment needs landmarks at different places")
    factor = (weight[:, 0] * np.conj(s) * t).sum() / spread
    turn = np.array([[factor.real, -factor.imag], [factor.imag, factor.real]])
    return np.column_stack([turn, target_mean - turn @ source_mean])


def warp(image, points, size, visibility=None, margin=0.0):
    """Return the aligned face, BGR uint8 (size, size, 3), `margin` of the face's side wider on every side."""
    unit = similarity(points, visibility)
    inner = size / (1 + 2 * margin)
    matrix = unit * inner
    matrix[:, 2] += margin * inner
    matrix[:, 2] += matrix[:, :2].sum(axis=1) / 2 - 0.5    # OpenCV counts from the centre of the first pixel, points from its corner
    return cv2.warpAffine(image, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def stored_size(input_size):
    """Return the side of the aligned faces that a database stores for nets of this input size."""
    return input_size + 2 * int(round(MARGIN * input_size))


def mirror(image):
    """Return the picture mirrored left to right."""
    return cv2.flip(image, 1)
