"""The 21 landmarks of AFLW: names, mirror map, coordinates relative to a region, face rectangle.

"Left" means left in the image. Points are (21, 2) float arrays of (x, y) pixels, NaN where unknown.
"""
import numpy as np

from allinone import boxes

NAMES = (
    "LeftBrowLeftCorner", "LeftBrowCenter", "LeftBrowRightCorner",
    "RightBrowLeftCorner", "RightBrowCenter", "RightBrowRightCorner",
    "LeftEyeLeftCorner", "LeftEyeCenter", "LeftEyeRightCorner",
    "RightEyeLeftCorner", "RightEyeCenter", "RightEyeRightCorner",
    "LeftEar", "NoseLeft", "NoseCenter", "NoseRight", "RightEar",
    "MouthLeftCorner", "MouthCenter", "MouthRightCorner", "ChinCenter",
)
COUNT = len(NAMES)

# MIRROR[i] is the index of the point that takes place i when the image is mirrored.
MIRROR = np.array([5, 4, 3, 2, 1, 0, 11, 10, 9, 8, 7, 6, 16, 15, 14, 13, 12, 19, 18, 17, 20])

# our choice: shares of the extent of the points that are added left and right, above (forehead) and below (chin).
# Fitted with the synthetic set, whose boxes reach from the hairline to the chin.
RECT_SIDE, RECT_TOP, RECT_BOTTOM = 0.04, 0.25, 0.03


def mirror(points, width):
    """Return the points of the face in an image of `width` pixels that is mirrored left to right."""
    points = np.asarray(points, np.float32)[..., MIRROR, :].copy()
    points[..., 0] = width - points[..., 0]
    return points


def encode(points, box):
    """Return points (..., 21, 2) relative to the centre and size of the box (HyperFace, landmark loss)."""
    center, size = boxes.center_size(box)
    return (np.asarray(points, np.float32) - center[..., None, :]) / size[..., None, :]


def decode(relative, box):
    """Invert `encode`: (..., 21, 2) shares of the box's size to pixels."""
    center, size = boxes.center_size(box)
    return np.asarray(relative, np.float32) * size[..., None, :] + center[..., None, :]


def face_rectangle(points, visibility=None):
    """Return the face box (4,) spanned by the landmarks: HyperFace's FaceRectCalculator.

    Points of visibility under 0.5 do not count, unless fewer than three would remain.
    """
    points = np.asarray(points, np.float32)
    known = np.isfinite(points).all(axis=1)
    if visibility is not None:
        seen = known & (np.asarray(visibility) >= 0.5)
        known = seen if seen.sum() >= 3 else known
    low, high = points[known].min(axis=0), points[known].max(axis=0)
    width, height = high - low
    return np.float32([low[0] - RECT_SIDE * width, low[1] - RECT_TOP * height,
                       high[0] + RECT_SIDE * width, high[1] + RECT_BOTTOM * height])
