"""The colours of a drawn head: skin, brows, eyes, lips, wrinkles, beard and hair, as a map.

The map is that of data_prep.head_shape; places are frontal (x, y). Colours are BGR, 0 to 255, and
all our choice.
"""

from __future__ import annotations

import cv2
import numpy as np

from data_prep.head_shape import MAP_HEIGHT, MAP_WIDTH, direction, to_map

SHIFT = 4  # sub-pixel bits of OpenCV's drawing functions
GREY_HAIR = np.float32([205, 203, 200])


def paint(who, look, m, hair, noise) -> np.ndarray:
    """Return the colour map (MAP_HEIGHT, MAP_WIDTH, 3) uint8.

    who: data_prep.head.Identity; look: Look; m: measures; hair: map; noise: random numbers.
    """
    canvas = np.empty((MAP_HEIGHT, MAP_WIDTH, 3), np.uint8)
    canvas[:] = who.skin.clip(0, 255).astype(np.uint8)
    brush, color = _Brush(canvas, m), _hair_color(who, look)
    _paint_cheeks(brush, who, m)
    _paint_beard(brush, who, look, m, color)
    _paint_wrinkles(brush, who, m)
    for side in (-1, 1):
        _paint_fold_and_nostril(brush, side, who, m)
        _paint_eye(brush, side, who, m, color)
    _paint_mouth(brush, who, m)
    for x, y, r in who.moles:
        brush.ellipse(x * m["width"], y, r, r, who.skin * 0.38, 0.9)
    _grain(canvas, noise, 2.0 + 4.5 * m["old"])
    _paint_hair(canvas, hair, color, noise)
    return canvas


class _Brush:
    """Paints shapes on a colour map."""

    def __init__(self, canvas, m):
        self.canvas, self.m = canvas, m

    def polygon(self, points, color, share=1.0):
        """Fill a polygon of frontal points with the given opacity."""
        u, v = to_map(*direction(self.m, *np.asarray(points, np.float32).T))
        corners = np.round(np.column_stack([u, v]) * 2**SHIFT).astype(np.int32)
        _blend(self.canvas, corners, np.clip(color, 0, 255), share)

    def ellipse(self, x, y, rx, ry, color, share=1.0, start=0.0, stop=2 * np.pi):
        """Fill an ellipse, or a piece of it between two angles."""
        angle = np.linspace(start, stop, 20)
        points = np.column_stack([x + rx * np.cos(angle), y + ry * np.sin(angle)])
        self.polygon(points, color, share)


def _blend(canvas, corners, color, share):
    """Fill a polygon (fixed-point corners) into the canvas with the given opacity."""
    x1, y1 = np.maximum((corners.min(axis=0) >> SHIFT) - 1, 0)
    x2, y2 = (corners.max(axis=0) >> SHIFT) + 3
    patch = canvas[y1:y2, x1:x2]
    if patch.size == 0:
        return
    mask = np.zeros(patch.shape[:2], np.uint8)
    cv2.fillPoly(mask, [corners - (np.int32([x1, y1]) << SHIFT)], 255, cv2.LINE_AA, SHIFT)
    weight = (mask * np.float32(share / 255))[..., None]
    patch[:] = (patch + weight * (np.float32(color) - patch)).astype(np.uint8)


def _hair_color(who, look):
    """Return the colour of the hair, which turns grey around the age of 50."""
    grey = 1 / (1 + np.exp(-(look.age - 50 - 4 * who.shape["hair_volume"]) / 6))
    return who.hair * (1 - grey) + GREY_HAIR * grey * (0.85 + 0.1 * who.shape["fringe"] / 3)


def _paint_cheeks(brush, who, m):
    red = who.skin * np.float32([0.80, 0.72, 0.98])
    share = 0.12 + 0.06 * max(who.shape["rouge"], 0) + 0.15 * m["child"]
    for side in (-1, 1):
        brush.ellipse(side * 0.40, m["nose_y"] - 0.04, 0.15, 0.12, red, share)


def _paint_beard(brush, who, look, m, color):
    """Paint beard and moustache of those who have one, the denser the more opaque."""
    if not (who.shape["beard"] > 0.35 and look.age > 17):
        return
    density = min(0.5 + 0.25 * (who.shape["beard"] - 0.35), 0.9)
    cheek, mouth = m["eye_y"] + 0.1, m["mouth_y"]
    top = mouth - 0.02
    beard = [
        (-0.68, cheek),
        (-0.58, top - 0.05),
        (-0.30, top + 0.02),
        (0, mouth + 0.10),
        (0.30, top + 0.02),
        (0.58, top - 0.05),
        (0.68, cheek),
        (0.62, top + 0.1),
        (0.45, 0.82),
        (0.2, 0.95),
        (-0.2, 0.95),
        (-0.45, 0.82),
        (-0.62, top + 0.1),
    ]
    moustache = [
        (-0.21, mouth - 0.02),
        (-0.06, mouth - 0.13),
        (0.06, mouth - 0.13),
        (0.21, mouth - 0.02),
        (0, mouth - 0.045),
    ]
    brush.polygon(beard, color, density)
    brush.polygon(moustache, color, density)


def _paint_wrinkles(brush, who, m):
    """Paint wrinkles on the forehead, under the eyes and beside them."""
    lines, dark = m["old"] * (1 + 0.15 * who.shape["cheeks"]), who.skin * 0.62
    if lines <= 0.02:
        return
    eye_y, gap = m["eye_y"], m["eye_gap"]
    share = min(0.85 * lines, 0.8)
    for y in (-0.40, -0.33, -0.26):
        brush.ellipse(0, y + eye_y, 0.27, 0.016, dark, share, np.pi, 2 * np.pi)
    below, beside = min(0.8 * lines, 0.75), min(lines + 0.25 * m["smile"], 0.8)
    for side in (-1, 1):
        angles = (0.15 * np.pi, 0.85 * np.pi)
        brush.ellipse(side * gap, eye_y + 0.10, 0.105, 0.030, dark, below, *angles)
        inner, outer = side * (gap + 0.15), side * (gap + 0.24)
        for slope in (-0.05, 0.0, 0.05):
            y = eye_y + 2.2 * slope
            brush.polygon([(inner, eye_y + slope), (outer, y), (outer, y + 0.014)], dark, beside)


def _paint_fold_and_nostril(brush, side, who, m):
    """Paint the fold from nose to mouth, which age and smile deepen, and the nostril."""
    x, y = side * (m["nose_width"] + 0.03), m["nose_y"]
    corner, mouth = m["mouth_width"], m["mouth_y"]
    fold = [
        (x, y),
        (side * (corner + 0.06), mouth - 0.05),
        (side * (corner + 0.045), mouth - 0.03),
        (x, y + 0.03),
    ]
    share = min(0.10 + 0.45 * m["old"] + 0.25 * m["smile"], 0.7)
    brush.polygon(fold, who.skin * 0.62, share)
    nostril_x = side * m["nose_width"] * 0.5
    brush.ellipse(nostril_x, m["nose_y"] + 0.055, 0.032, 0.016, who.skin * 0.45, 0.85)


def _paint_eye(brush, side, who, m, hair_color):
    """Paint eyeball, iris, lids and brow of one eye."""
    skin, x, y, half = who.skin, side * m["eye_gap"], m["eye_y"], m["eye_size"]
    tall = half * 0.50 * m["open"] * (1 - 0.28 * min(m["smile"], 1)) * (1 + 0.15 * m["child"])
    lid = skin * 0.35 if who.shape["rouge"] > 0.8 else skin * 0.55
    brush.ellipse(x, y, half * 1.3, tall * 2.1, skin * np.float32([0.86, 0.80, 0.84]), 0.45)
    brush.ellipse(x, y - tall * 0.25, half * 1.1, tall * 1.30, lid, 0.75)
    brush.ellipse(x, y, half, tall, np.float32([228, 232, 235]))
    iris = min(half * 0.50, tall * 1.02)
    glint = iris * 0.2
    brush.ellipse(x, y, iris, iris, who.iris)
    brush.ellipse(x, y, iris * 0.48, iris * 0.48, np.float32([12, 12, 12]))
    brush.ellipse(x - 0.25 * iris, y - 0.3 * iris, glint, glint, np.float32([250, 250, 250]))
    inner, outer, thick = abs(x) - 1.25 * half, abs(x) + 1.35 * half, m["brow_thick"]
    brow_y = m["brow_y"]
    brow = [
        (side * inner, brow_y + 0.02 - thick),
        (side * abs(x), brow_y - 0.03 - thick),
        (side * outer, brow_y + 0.04 - thick * 0.3),
        (side * outer, brow_y + 0.04 + thick * 0.3),
        (side * abs(x), brow_y - 0.03 + thick),
        (side * inner, brow_y + 0.02 + thick),
    ]
    brush.polygon(brow, np.minimum(hair_color * 0.8 + 8, skin * 0.8), 0.88)


def _paint_mouth(brush, who, m):
    """Paint lips and, in a smile, teeth."""
    skin, y, half, lips, smile = who.skin, m["mouth_y"], m["mouth_width"], m["lips"], m["smile"]
    corner = y - 0.075 * smile
    part = max(0.0, smile - 0.35) * 0.1  # half the opening of the mouth
    pale = who.shape["rouge"] < 0.6
    color = skin * np.float32([0.66, 0.60, 0.88] if pale else [0.50, 0.42, 0.92])
    x = np.linspace(-1, 1, 13)
    bow = 1 - x**2
    dip = 0.25 * lips * np.exp(-((x / 0.15) ** 2))
    middle = corner + (y - corner) * bow
    upper = np.column_stack([x * half, middle - bow * (lips + part) + dip])
    lower = np.column_stack([x * half, middle + bow * (1.3 * lips + part)])
    brush.polygon(np.vstack([upper, lower[::-1]]), color, 0.9)
    inner_up = np.column_stack([x * half * 0.9, middle - bow * part - 0.004])
    inner_low = np.column_stack([x * half * 0.9, middle + bow * part + 0.004])
    inside = np.float32([215, 225, 230]) if part > 0.008 else skin * 0.35
    brush.polygon(np.vstack([inner_up, inner_low[::-1]]), inside, 0.95)


def _grain(canvas, noise, strength):
    """Add skin noise of a standard deviation of `strength` grey levels, in place."""
    coarse = noise.normal(128, strength, (68, 135)).clip(0, 255).astype(np.uint8)
    grain = cv2.resize(coarse, (MAP_WIDTH, MAP_HEIGHT))
    soft = cv2.GaussianBlur(canvas, (0, 0), 0.8)
    cv2.addWeighted(soft, 1, cv2.merge([grain] * 3), 1, -128, dst=canvas)


def _paint_hair(canvas, hair, color, noise):
    """Paint the hair with lighter and darker strands, in place."""
    knots, drawn = np.arange(0, MAP_WIDTH + 2, 2), noise.normal(0, 1, MAP_WIDTH // 2 + 1)
    strands = np.interp(np.arange(MAP_WIDTH), knots, drawn)
    row = (color * (1 + 0.16 * strands[:, None])).clip(0, 255).astype(np.uint8)
    below = int(np.flatnonzero(hair.any(axis=1))[-1]) + 1
    hairy = np.broadcast_to(row, (below, MAP_WIDTH, 3)).copy()
    cover = np.ascontiguousarray(hair[:below])
    canvas[:below] = cv2.blendLinear(hairy, canvas[:below].copy(), cover, 1 - cover)
