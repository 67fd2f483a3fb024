"""Further kinds of variation that real pictures have, off unless they are asked for by name.

Each kind changes a share of the training pictures (SHARES). Some move or cut an aligned face and
are for aligned faces alone, as patches are, under which a region's landmarks would be hidden.
"""

from __future__ import annotations

from collections.abc import Collection

import cv2
import numpy as np

from allinone import align
from allinone.profiles import EYES

# our choice, all of them: by contact sheets (tools.inspect_db --vary).
SHARES = dict(
    borders=1.0, crops=0.5, patches=0.25, casts=0.25, grey=0.1, blur=0.2, small=0.3, jpeg=0.3
)
KINDS, ALL = tuple(SHARES), "all"
PLACED = ("borders", "crops")  # of aligned faces, before they are framed
OF_REGIONS = ("casts", "grey", "blur", "small", "jpeg")
# Shares of the side from the face's middle to the edges of the tightest cut (left, top, right,
# bottom): UTKFace's pictures end there.
TIGHTEST = np.array([-0.30, -0.31, 0.30, 0.26])
UNCUT = 0.2  # share of the faces that lose nothing
UNEVEN = 0.15  # spread of the single edges
CROPS = 0.22  # spread of the logarithm of the scale
CASTS = 0.25  # largest logarithm of a channel's factor
BLURS = 0.4, 2.2  # least and largest sigma in pixels, of pictures of 115
SMALLER = 1.5, 5.0  # times
QUALITIES = 12, 60  # of JPEG
LARGEST_PATCH = 0.35  # of the side


def named(kinds: Collection[str]) -> tuple[str, ...]:
    """Return the kinds that a user names, in their order; ALL means all of them."""
    return tuple(kind for kind in KINDS if kind in kinds or ALL in kinds)


def placed(rng, image, kinds: Collection[str], eyes: float = EYES):
    """Return a stored face, BGR uint8 (s, s, 3), cut and scaled; eyes: of allinone.align."""
    for kind in PLACED:
        if kind in kinds and rng.random() < SHARES[kind]:
            image = _borders(rng, image, eyes) if kind == "borders" else _crops(rng, image)
    return image


def spoilt(rng, image, kinds: Collection[str]):
    """Return a picture, BGR uint8 (height, width, 3), with what cameras and networks do to it."""
    for kind in KINDS:
        if kind in kinds and kind in SPOIL and rng.random() < SHARES[kind]:
            image = SPOIL[kind](rng, image)
    return image


def _borders(rng, image, eyes):
    """Cut a face at a random tightness, and repeat the edge, so that borders say nothing."""
    side = len(image)
    middle = np.tile(align.MIDDLE, 2)
    tightest = (middle + TIGHTEST * eyes / EYES).clip(0, 1)
    room = np.array([0, 0, 1, 1]) - tightest
    share = rng.uniform(0, 1 + UNCUT) + rng.normal(0, UNEVEN, 4)
    edges = tightest + share.clip(0, 1) * room
    left, top, right, bottom = (edges * side).round().astype(int).tolist()
    return cv2.copyMakeBorder(
        image[top:bottom, left:right],
        *(top, side - bottom, left, side - right),
        cv2.BORDER_REPLICATE,
    )


def _crops(rng, image):
    """Return a face that fills more or less of its picture."""
    side = len(image)
    middle = (side / 2 - 0.5, side / 2 - 0.5)
    matrix = cv2.getRotationMatrix2D(middle, 0, np.exp(rng.uniform(-CROPS, CROPS)))
    return cv2.warpAffine(
        image, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )


def _patches(rng, image):
    """Hide the forehead as a hat does, or what lies at an edge as a hand or a shoulder does."""
    height, width = image.shape[:2]
    mask = np.zeros((height, width), np.float32)
    if rng.random() < 0.4:
        low, high = rng.uniform(0.3, 1, 2) * LARGEST_PATCH * height
        corners = np.array([[0, 0], [width, 0], [width, high], [0, low]])
        cv2.fillPoly(mask, [corners.round().astype(np.int32)], 1.0)
    else:
        angle = rng.uniform(0, np.pi)  # from the left over the bottom to the right
        centre = np.array([0.5 - 0.45 * np.cos(angle), 0.5 + 0.45 * np.sin(angle)])
        axes = rng.uniform(0.3, 1, 2) * LARGEST_PATCH
        size = (centre * [width, height]).astype(int).tolist(), (axes * width).astype(int).tolist()
        cv2.ellipse(mask, *size, rng.uniform(0, 180), 0, 360, 1.0, -1)
    mask = cv2.GaussianBlur(mask, (0, 0), 0.8)[..., None]
    return np.uint8(image + mask * (_stuff(rng, image) - image))


def _stuff(rng, image):
    """Return a picture of cloth or skin as large as another: a colour, of it or any, in folds."""
    height, width = image.shape[:2]
    colour = rng.uniform(0, 255, 3)
    if rng.random() < 0.5:
        colour = image[rng.integers(height), rng.integers(width)]
    folds = rng.normal(0, rng.uniform(3, 25), (rng.integers(2, 16), rng.integers(2, 16)))
    folds = cv2.resize(np.float32(folds), (width, height), interpolation=cv2.INTER_CUBIC)
    return (np.float32(colour) + folds[..., None]).clip(0, 255)


def _casts(rng, image):
    """Return a picture in light of another colour."""
    factors = np.exp(rng.uniform(-CASTS, CASTS, 3))
    table = (np.arange(256)[:, None] * factors).clip(0, 255).astype(np.uint8)
    return cv2.LUT(image, table[None])


def _grey(rng, image):
    """Return a picture without its colours."""
    return cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)


def _blur(rng, image):
    """Return a picture out of focus, or of a camera that moved."""
    sigma = rng.uniform(*BLURS) * len(image) / 115
    if rng.random() < 0.6:
        return cv2.GaussianBlur(image, (0, 0), sigma)
    length = 2 * round(2 * sigma) + 1
    line = np.zeros((length, length), np.float32)
    line[length // 2] = 1
    turn = cv2.getRotationMatrix2D((length // 2, length // 2), rng.uniform(0, 180), 1)
    line = cv2.warpAffine(line, turn, (length, length))
    return cv2.filter2D(image, -1, line / line.sum(), borderType=cv2.BORDER_REPLICATE)


def _small(rng, image):
    """Return a picture that was small and is enlarged."""
    height, width = image.shape[:2]
    times = np.exp(rng.uniform(*np.log(SMALLER)))
    few = max(2, round(width / times)), max(2, round(height / times))
    way = (cv2.INTER_LINEAR, cv2.INTER_CUBIC)[rng.integers(2)]
    small = cv2.resize(image, few, interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (width, height), interpolation=way)


def _jpeg(rng, image):
    """Return a picture that was kept in few bytes."""
    quality = int(rng.integers(QUALITIES[0], QUALITIES[1] + 1))
    data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return cv2.imdecode(data, cv2.IMREAD_COLOR)


SPOIL = dict(patches=_patches, casts=_casts, grey=_grey, blur=_blur, small=_small, jpeg=_jpeg)
