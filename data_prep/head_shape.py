"""The shape of a drawn head: its surface, its landmarks, where hair grows.

The surface is star-shaped: its radius, its colour and its hair are maps over direction, with
longitude (0 = straight ahead, positive = right) along x and v = y / radius along y. Places on the
face are given as the frontal (x, y) on a plain skull. Axes and unit: see data_prep.head. The
measures `m` of a head are a dict {name: number}. All of them are our choice.
"""

from __future__ import annotations

import cv2
import numpy as np

MAP_WIDTH, MAP_HEIGHT = 540, 270
_LON = (np.arange(MAP_WIDTH, dtype=np.float32) + 0.5) * (2 * np.pi / MAP_WIDTH) - np.pi
_V = ((np.arange(MAP_HEIGHT, dtype=np.float32) + 0.5) * (2 / MAP_HEIGHT) - 1)[:, None]
_COS_LAT2 = 1 - _V**2

# Landmarks of AFLW: {place of the left point: place of the right one that it mirrors}.
LEFT_OF = {2: 3, 1: 4, 0: 5, 8: 9, 7: 10, 6: 11, 13: 15, 17: 19}
LEFT_EAR, RIGHT_EAR = 12, 16


def direction(m: dict[str, float], x, y) -> tuple[np.ndarray, np.ndarray]:
    """Return longitude and v of the frontal points (x, y) on the plain skull."""
    x, y = np.asarray(x, np.float32), np.asarray(y, np.float32)
    z = m["depth"] * np.sqrt(np.maximum(1 - (x / m["width"]) ** 2 - y**2, 1e-3))
    return np.arctan2(x, z), y / np.sqrt(x**2 + y**2 + z**2)


def to_map(lon, v):
    """Return map coordinates (pixels) of longitude and v."""
    return (lon + np.pi) * (MAP_WIDTH / (2 * np.pi)) - 0.5, (v + 1) * (MAP_HEIGHT / 2) - 0.5


def _on_surface(radius, directions):
    """Return the points (n, 3) of the surface in the directions (n, 2) of longitude and v."""
    lon, v = directions[:, 0], directions[:, 1]
    u, w = to_map(lon, v)
    r = cv2.remap(
        radius, np.float32(u), np.float32(w), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    ).ravel()
    flat = r * np.sqrt(1 - v**2)
    return np.column_stack([flat * np.sin(lon), r * v, flat * np.cos(lon)]).astype(np.float32)


def outline(radius: np.ndarray, m: dict[str, float]) -> np.ndarray:
    """Return points (n, 3) of the face from forehead to chin and from ear to ear."""
    x, y = np.meshgrid(np.linspace(-1, 1, 17), np.linspace(m["brow_y"] - 0.27, 0.93, 14))
    lon, v = direction(m, x.ravel() * m["width"] * 0.999, y.ravel())
    return _on_surface(radius, np.column_stack([lon, v]))


def landmarks(radius: np.ndarray, m: dict[str, float]) -> np.ndarray:
    """Return the AFLW points (21, 3)."""
    gap, eye, smile = m["eye_gap"], m["eye_size"], m["smile"]
    brow_in, brow_out, brow_y = gap - 1.25 * eye, gap + 1.35 * eye, m["brow_y"]
    corner_y = m["mouth_y"] - 0.075 * smile
    places = {  # frontal (x, y) of the points of the image's right half
        3: (brow_in, brow_y + 0.02),
        4: (gap, brow_y - 0.03),
        5: (brow_out, brow_y + 0.04),
        9: (gap - eye, m["eye_y"] + 0.01),
        10: (gap, m["eye_y"]),
        11: (gap + eye, m["eye_y"]),
        15: (m["nose_width"], m["nose_y"] + 0.02),
        19: (m["mouth_width"], corner_y),
    }
    for left, right in LEFT_OF.items():
        x, y = places[right]
        places[left] = (-x, y)
    places |= {14: (0, m["nose_y"]), 18: (0, m["mouth_y"]), 20: (0, 0.90)}
    directions = np.zeros((21, 2), np.float32)
    for index, (x, y) in places.items():
        directions[index] = np.ravel(direction(m, x, y))
    directions[LEFT_EAR] = (-np.radians(92), 0.13)
    directions[RIGHT_EAR] = (np.radians(92), 0.13)
    return _on_surface(radius, directions)


def surface(m: dict[str, float], noise: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return the radius map and the hair map, both (MAP_HEIGHT, MAP_WIDTH) float32."""
    # 1. Skull: an ellipsoid whose sides narrow towards the chin.
    narrow = 1 - m["jaw"] * np.clip((_V - 0.05) / 0.9, 0, 1) ** 1.5
    radius = 1 / np.sqrt(
        _COS_LAT2 * (np.sin(_LON) / (m["width"] * narrow)) ** 2
        + _COS_LAT2 * (np.cos(_LON) / m["depth"]) ** 2
        + _V**2
    )
    # 2. Features of the face.
    _add_middle(radius, m)
    for side in (-1, 1):
        _add_side(radius, m, side)
    # 3. Hair.
    line = _hairline(m)
    ragged = _noise_along(noise, step=9, strength=0.022)
    hair = np.clip((line + ragged - _V) / 0.035 + 0.5, 0, 1).astype(np.float32)
    shell = _hair_shell(radius, m, line, strands=_noise_along(noise, step=4, strength=0.07))
    radius += hair * (shell - radius)
    return cv2.GaussianBlur(radius.astype(np.float32), (0, 0), 1.0), hair


def _bump(radius, lon, v, spread_lon, spread_v, height):
    """Add a smooth bump to the radius map; spreads: in degrees of longitude and in v."""
    u, w = to_map(lon, v)
    su, sw = spread_lon * MAP_WIDTH / 360, spread_v * MAP_HEIGHT / 2
    x1, x2 = max(int(u - 3 * su), 0), min(int(u + 3 * su) + 2, MAP_WIDTH)
    y1, y2 = max(int(w - 3 * sw), 0), min(int(w + 3 * sw) + 2, MAP_HEIGHT)
    gx = np.exp(-0.5 * ((np.arange(x1, x2) - u) / su) ** 2)
    gy = np.exp(-0.5 * ((np.arange(y1, y2) - w) / sw) ** 2)
    radius[y1:y2, x1:x2] += np.float32(height) * np.outer(gy, gx).astype(np.float32)


def _feature(radius, m, x, y, *shape):
    """Add a bump at a frontal point (x, y); shape: spreads and height as `_bump` takes them."""
    _bump(radius, *(float(part) for part in direction(m, x, y)), *shape)


def _add_middle(radius, m):
    """Add nose, chin, muzzle and lips to the radius map."""
    smile, nose_out = m["smile"], m["nose_out"]
    for step in np.linspace(0.1, 1, 6):  # nose: ridge and tip
        y = m["eye_y"] + step * m["nose_length"] * 0.97
        _feature(radius, m, 0, y, 4.5 + 2 * step, 0.05, 0.32 * nose_out * step)
    _feature(radius, m, 0, m["nose_y"], 6.5, 0.05, 0.35 * nose_out)
    _feature(radius, m, 0, 0.86, 14, 0.09, 0.06 + m["chin"])  # chin
    _feature(radius, m, 0, m["mouth_y"] - 0.02, 15, 0.13, 0.05)  # muzzle
    _feature(radius, m, 0, m["mouth_y"] - m["lips"] * 0.9, 10, 0.022, 0.022)  # lips
    _feature(radius, m, 0, m["mouth_y"] + m["lips"] * 1.1, 9, 0.026, 0.028)
    _feature(radius, m, 0, m["mouth_y"], 9 + 4 * smile, 0.016, -0.02 - 0.02 * smile)


def _add_side(radius, m, side):
    """Add eye, brow, wing of the nose, cheek and ear of one side to the radius map."""
    smile, old = m["smile"], m["old"]
    eye_x, brow_x = side * m["eye_gap"], side * (m["eye_gap"] + 0.02)
    _feature(radius, m, eye_x, m["eye_y"], 10, 0.075, -0.060)  # socket
    _feature(radius, m, eye_x, m["eye_y"], 5.5, 0.045, 0.040)  # eyeball
    _feature(radius, m, brow_x, m["brow_y"] + 0.01, 9, 0.045, 0.022 + 0.25 * m["brow_thick"])
    _feature(radius, m, side * m["nose_width"] * 0.85, m["nose_y"] + 0.02, 3.2, 0.03, 0.050)
    cheek_x, cheek_y = side * (0.36 + 0.02 * smile), m["nose_y"] - 0.06 * smile
    _feature(radius, m, cheek_x, cheek_y, 11, 0.10, m["cheeks"] + 0.04 * smile - 0.02 * old)
    fold_x, fold_y = side * (m["mouth_width"] + 0.07), m["mouth_y"] - 0.05  # nasolabial fold
    _feature(radius, m, fold_x, fold_y, 3, 0.09, -0.012 - 0.018 * smile - 0.018 * old)
    _bump(radius, side * np.radians(93), 0.06, 4.0, 0.10, 0.12 * m["ears"])  # ear
    _bump(radius, side * np.radians(93), 0.19, 3.2, 0.05, 0.04 * m["ears"])


def _hairline(m):
    """Return v (MAP_WIDTH,) down to which hair grows: the brow, and behind the ears its length."""
    long = max(m["hair_length"], 0)
    return np.interp(
        np.abs(np.degrees(_LON)),
        [0, 25, 50, 68, 80, 100, 112, 180],
        [
            m["hairline"] + m["fringe"],
            m["hairline"] + m["fringe"],
            m["hairline"] + 0.04,
            -0.30,
            -0.12 + 0.45 * long,
            -0.12 + 0.95 * long,
            m["hair_length"] + 0.05,
            m["hair_length"] + 0.1,
        ],
    )


def _noise_along(noise, step, strength):
    """Return noise (MAP_WIDTH,) along the longitude, drawn every `step` pixels."""
    knots = np.arange(0, MAP_WIDTH + step, step)
    drawn = noise.normal(0, strength, MAP_WIDTH // step + 1)
    return np.interp(np.arange(MAP_WIDTH), knots, drawn)


def _hair_shell(radius, m, line, strands):
    """Return the radius map of the hair: a shell on the skull, and what hangs down beside it."""
    long = max(m["hair_length"], 0)
    skull = np.minimum(radius, 1.02)
    shell = skull * (
        1 + m["hair_volume"] * np.sqrt(np.clip((line - _V) / 0.22, 0, 1)) * (1 + strands)
    )
    # Long hair hangs down beside the face, it does not follow the jaw; it rises softly, since a
    # cliff cannot be shaded.
    fall = (m["width"] + 0.04 + 0.9 * m["hair_volume"]) / np.sqrt(_COS_LAT2) - shell
    soft = (
        np.clip((np.abs(np.degrees(_LON)) - 70) / 30, 0, 1)
        * np.clip((_V + 0.15) / 0.3, 0, 1)
        * np.clip((line - _V) / 0.35, 0, 1)
        * min(long * 3, 1)
    )
    shell += soft * np.clip(fall, 0, 0.35) * (1 + strands)
    return shell
