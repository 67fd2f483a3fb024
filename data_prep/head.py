"""A procedural 3-D head: who somebody is, how he looks in one picture, and the surface that follows.

Head axes: x right, y down, z towards the viewer; the unit is half the height of the skull, the origin its centre.
The surface is star-shaped: its radius, its colour and its hair are maps over direction, with longitude
(0 = straight ahead, positive = right) along x and v = y / radius along y. Everything is our choice.
"""

from dataclasses import dataclass

import cv2
import numpy as np

MAP_WIDTH, MAP_HEIGHT = 540, 270
_LON = (np.arange(MAP_WIDTH, dtype=np.float32) + 0.5) * (2 * np.pi / MAP_WIDTH) - np.pi
_V = ((np.arange(MAP_HEIGHT, dtype=np.float32) + 0.5) * (2 / MAP_HEIGHT) - 1)[:, None]
_COS_LAT2 = 1 - _V**2
SHIFT = 4  # sub-pixel bits of OpenCV's drawing functions


@dataclass
class Identity:
    """What a person keeps from picture to picture. Shares are about 0 +- 1 around the mean head."""

    number: int
    gender: int  # 0 male, 1 female
    age: float  # years, around which his pictures lie
    shape: dict  # name -> deviation of a measure
    skin: np.ndarray  # BGR, 0 to 255
    hair: np.ndarray  # BGR, 0 to 255
    iris: np.ndarray  # BGR, 0 to 255
    moles: np.ndarray  # (n, 3): x, y on the face, radius
    seed: int  # of the texture of his skin and hair


@dataclass
class Look:
    """What changes from picture to picture."""

    age: float  # years
    smiling: int  # the label: 0 or 1
    smile: float  # the intensity, 0 to 1; overlaps between the labels
    eyes_open: float  # 0.5 to 1


@dataclass
class Head:
    """The surface of one person in one picture."""

    radius: np.ndarray  # (MAP_HEIGHT, MAP_WIDTH) float32
    albedo: np.ndarray  # (MAP_HEIGHT, MAP_WIDTH, 3) uint8 BGR
    hair: np.ndarray  # (MAP_HEIGHT, MAP_WIDTH) float32, 0 skin to 1 hair
    landmarks: np.ndarray  # (21, 3) head axes
    outline: np.ndarray  # (n, 3) points of the face from forehead to chin and ear to ear
    skin: np.ndarray


SHAPES = (
    "width",
    "depth",
    "jaw",
    "eye_gap",
    "eye_size",
    "eye_height",
    "brow_height",
    "brow_thick",
    "nose_width",
    "nose_length",
    "nose_out",
    "mouth_width",
    "lips",
    "mouth_height",
    "chin",
    "ears",
    "cheeks",
    "hairline",
    "hair_volume",
    "hair_length",
    "fringe",
    "beard",
    "rouge",
)
# How much a woman's measures differ from a man's, in the deviations of a person: present, but overlapping.
FEMALE_SHIFT = dict(
    width=-0.5,
    jaw=1.3,
    eye_size=0.9,
    brow_thick=-2.0,
    nose_width=-0.8,
    lips=1.2,
    hair_length=3.4,
    hair_volume=0.8,
    chin=-0.8,
    beard=-3.6,
    rouge=2.4,
    brow_height=-0.5,
)
SKINS = np.float32(
    [
        [190, 212, 245],
        [165, 195, 238],
        [140, 172, 222],
        [105, 142, 195],
        [75, 104, 155],
        [52, 72, 112],
    ]
)
HAIRS = np.float32(
    [[28, 24, 22], [30, 45, 70], [40, 70, 110], [80, 140, 190], [35, 60, 130], [50, 55, 60]]
)
IRISES = np.float32([[40, 60, 90], [140, 110, 70], [80, 120, 80], [30, 40, 55]])


def draw_identity(number, rng):
    """Draw a person: gender, age and everything that stays the same."""
    gender = int(rng.integers(2))
    shape = {name: float(rng.normal()) for name in SHAPES}
    for name, shift in FEMALE_SHIFT.items():
        shape[name] += (gender - 0.5) * shift
    mix = rng.dirichlet(np.full(len(SKINS), 0.25))
    return Identity(
        number=number,
        gender=gender,
        age=float(rng.uniform(5, 80)),
        shape=shape,
        skin=(mix @ SKINS * rng.uniform(0.96, 1.04, 3)).astype(np.float32),
        hair=(
            rng.dirichlet(np.full(len(HAIRS), 0.2))
            @ HAIRS
            * rng.uniform(0.75, 1.25)
            * rng.uniform(0.95, 1.05, 3)
        ).astype(np.float32),
        iris=(rng.dirichlet(np.full(len(IRISES), 0.3)) @ IRISES).astype(np.float32),
        moles=np.column_stack(
            [rng.uniform(-0.5, 0.5, 3), rng.uniform(-0.45, 0.75, 3), rng.uniform(0.010, 0.028, 3)]
        )[: rng.integers(0, 4)],
        seed=int(rng.integers(2**31)),
    )


def draw_look(identity, rng):
    """Draw the person's age and expression in one picture."""
    smiling = int(rng.integers(2))
    return Look(
        age=float(np.clip(identity.age + rng.uniform(-8, 8), 5, 80)),
        smiling=smiling,
        smile=float(np.clip(rng.normal(0.82 if smiling else 0.12, 0.17), 0, 1.1)),
        eyes_open=float(rng.uniform(0.65, 1)),
    )


def build_head(who, look):
    """Return the `Head` of a person with a look."""
    measures = _measures(who, look)
    noise = np.random.default_rng(who.seed)
    radius, hair = _surface(measures, noise)
    albedo = _paint(who, look, measures, hair, noise)
    landmarks = _on_surface(radius, _landmark_directions(measures))
    outline_x, outline_y = np.meshgrid(
        np.linspace(-1, 1, 17), np.linspace(measures["brow_y"] - 0.27, 0.93, 14)
    )
    lon, v = _direction(measures, outline_x.ravel() * measures["width"] * 0.999, outline_y.ravel())
    return Head(
        radius, albedo, hair, landmarks, _on_surface(radius, np.column_stack([lon, v])), who.skin
    )


def _measures(who, look):
    """Turn deviations, age and expression into the measures of the head in half head heights."""
    s = {name: float(np.clip(value, -2.6, 2.6)) for name, value in who.shape.items()}
    child = float(np.clip((19 - look.age) / 13, 0, 1))
    old = float(np.clip((look.age - 28) / 48, 0, 1))
    m = dict(
        width=0.73 + 0.035 * s["width"] + 0.03 * child,
        depth=0.86 + 0.02 * s["depth"],
        jaw=0.17 + 0.045 * s["jaw"] + 0.03 * child,
        eye_gap=0.285 + 0.018 * s["eye_gap"],
        eye_size=(0.118 + 0.007 * s["eye_size"]) * (1 + 0.22 * child),
        eye_y=0.03 + 0.02 * s["eye_height"] + 0.13 * child,
        brow_lift=0.155 + 0.018 * s["brow_height"],
        brow_thick=0.030 + 0.008 * s["brow_thick"] - 0.006 * child,
        nose_width=(0.115 + 0.014 * s["nose_width"]) * (1 - 0.15 * child),
        nose_length=(0.33 + 0.025 * s["nose_length"]) * (1 - 0.22 * child) + 0.015 * old,
        nose_out=(0.20 + 0.03 * s["nose_out"]) * (1 - 0.4 * child),
        mouth_width=(0.20 + 0.016 * s["mouth_width"]) * (1 - 0.12 * child) + 0.065 * look.smile,
        lips=max(0.016, 0.040 + 0.009 * s["lips"] - 0.016 * old),
        mouth_gap=0.25 + 0.015 * s["mouth_height"] - 0.03 * child,
        chin=0.05 + 0.02 * s["chin"] - 0.02 * child,
        ears=1 + 0.12 * s["ears"] + 0.2 * old,
        cheeks=0.03 + 0.012 * s["cheeks"],
        hairline=-0.56 + 0.05 * s["hairline"] - (0.16 * old if who.gender == 0 else 0.04 * old),
        hair_volume=max(0.03, 0.10 + 0.035 * s["hair_volume"] - 0.03 * old),
        hair_length=float(np.clip(0.40 + 0.28 * s["hair_length"] - 0.1 * child, -0.25, 0.95)),
        fringe=max(0.0, 0.10 * s["fringe"] - 0.08),
        child=child,
        old=old,
        smile=look.smile,
        open=look.eyes_open,
    )
    m["nose_y"] = m["eye_y"] + m["nose_length"]
    m["mouth_y"] = m["nose_y"] + m["mouth_gap"]
    m["brow_y"] = m["eye_y"] - m["brow_lift"]
    return m


def _direction(m, x, y):
    """Return longitude and v of the frontal points (x, y) on the plain skull."""
    x, y = np.asarray(x, np.float32), np.asarray(y, np.float32)
    z = m["depth"] * np.sqrt(np.maximum(1 - (x / m["width"]) ** 2 - y**2, 1e-3))
    return np.arctan2(x, z), y / np.sqrt(x**2 + y**2 + z**2)


def _to_map(lon, v):
    """Return map coordinates (pixels) of longitude and v."""
    return (lon + np.pi) * (MAP_WIDTH / (2 * np.pi)) - 0.5, (v + 1) * (MAP_HEIGHT / 2) - 0.5


def _on_surface(radius, directions):
    """Return the points (n, 3) of the surface in the directions (n, 2) of longitude and v."""
    lon, v = directions[:, 0], directions[:, 1]
    u, w = _to_map(lon, v)
    r = cv2.remap(
        radius, np.float32(u), np.float32(w), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    ).ravel()
    flat = r * np.sqrt(1 - v**2)
    return np.column_stack([flat * np.sin(lon), r * v, flat * np.cos(lon)]).astype(np.float32)


def _landmark_directions(m):
    """Return longitude and v (21, 2) of the AFLW points."""
    gap, eye, smile = m["eye_gap"], m["eye_size"], m["smile"]
    brow_in, brow_out, brow_y = gap - 1.25 * eye, gap + 1.35 * eye, m["brow_y"]
    corner_y = m["mouth_y"] - 0.075 * smile
    right = {  # frontal (x, y) of the points of the image's right half
        3: (brow_in, brow_y + 0.02),
        4: (gap, brow_y - 0.03),
        5: (brow_out, brow_y + 0.04),
        9: (gap - eye, m["eye_y"] + 0.01),
        10: (gap, m["eye_y"]),
        11: (gap + eye, m["eye_y"]),
        15: (m["nose_width"], m["nose_y"] + 0.02),
        19: (m["mouth_width"], corner_y),
    }
    left = {2: 3, 1: 4, 0: 5, 8: 9, 7: 10, 6: 11, 13: 15, 17: 19}
    middle = {14: (0, m["nose_y"]), 18: (0, m["mouth_y"]), 20: (0, 0.90)}
    out = np.zeros((21, 2), np.float32)
    for index, (x, y) in {
        **right,
        **middle,
        **{k: (-right[v][0], right[v][1]) for k, v in left.items()},
    }.items():
        out[index] = np.ravel(_direction(m, x, y))
    out[12], out[16] = (-np.radians(92), 0.13), (np.radians(92), 0.13)
    return out


def _bump(radius, lon, v, spread_lon, spread_v, height):
    """Add a smooth bump, spreads in degrees of longitude and in v, to its window of the radius map."""
    u, w = _to_map(lon, v)
    su, sw = spread_lon * MAP_WIDTH / 360, spread_v * MAP_HEIGHT / 2
    x1, x2 = max(int(u - 3 * su), 0), min(int(u + 3 * su) + 2, MAP_WIDTH)
    y1, y2 = max(int(w - 3 * sw), 0), min(int(w + 3 * sw) + 2, MAP_HEIGHT)
    gx = np.exp(-0.5 * ((np.arange(x1, x2) - u) / su) ** 2)
    gy = np.exp(-0.5 * ((np.arange(y1, y2) - w) / sw) ** 2)
    radius[y1:y2, x1:x2] += np.float32(height) * np.outer(gy, gx).astype(np.float32)


def _surface(m, noise):
    """Return the radius map and the hair map."""
    # 1. Skull: an ellipsoid whose sides narrow towards the chin.
    narrow = 1 - m["jaw"] * np.clip((_V - 0.05) / 0.9, 0, 1) ** 1.5
    radius = 1 / np.sqrt(
        _COS_LAT2 * (np.sin(_LON) / (m["width"] * narrow)) ** 2
        + _COS_LAT2 * (np.cos(_LON) / m["depth"]) ** 2
        + _V**2
    )
    # 2. Features of the face, in frontal coordinates.
    at = lambda x, y: [float(c) for c in _direction(m, x, y)]
    for step in np.linspace(0.1, 1, 6):  # nose: ridge and tip
        _bump(
            radius,
            *at(0, m["eye_y"] + step * m["nose_length"] * 0.97),
            4.5 + 2 * step,
            0.05,
            0.32 * m["nose_out"] * step,
        )
    _bump(radius, *at(0, m["nose_y"]), 6.5, 0.05, 0.35 * m["nose_out"])
    _bump(radius, *at(0, 0.86), 14, 0.09, 0.06 + m["chin"])  # chin
    _bump(radius, *at(0, m["mouth_y"] - 0.02), 15, 0.13, 0.05)  # muzzle
    _bump(radius, *at(0, m["mouth_y"] - m["lips"] * 0.9), 10, 0.022, 0.022)  # lips
    _bump(radius, *at(0, m["mouth_y"] + m["lips"] * 1.1), 9, 0.026, 0.028)
    _bump(radius, *at(0, m["mouth_y"]), 9 + 4 * m["smile"], 0.016, -0.02 - 0.02 * m["smile"])
    for side in (-1, 1):
        _bump(radius, *at(side * m["eye_gap"], m["eye_y"]), 10, 0.075, -0.060)  # socket
        _bump(radius, *at(side * m["eye_gap"], m["eye_y"]), 5.5, 0.045, 0.040)  # eyeball
        _bump(
            radius,
            *at(side * (m["eye_gap"] + 0.02), m["brow_y"] + 0.01),
            9,
            0.045,
            0.022 + 0.25 * m["brow_thick"],
        )
        _bump(radius, *at(side * m["nose_width"] * 0.85, m["nose_y"] + 0.02), 3.2, 0.03, 0.050)
        _bump(
            radius,
            *at(side * (0.36 + 0.02 * m["smile"]), m["nose_y"] - 0.06 * m["smile"]),
            11,
            0.10,
            m["cheeks"] + 0.04 * m["smile"] - 0.02 * m["old"],
        )
        _bump(
            radius,
            *at(side * (m["mouth_width"] + 0.07), m["mouth_y"] - 0.05),
            3,
            0.09,
            -0.012 - 0.018 * m["smile"] - 0.018 * m["old"],
        )  # nasolabial fold
        _bump(radius, side * np.radians(93), 0.06, 4.0, 0.10, 0.12 * m["ears"])  # ear
        _bump(radius, side * np.radians(93), 0.19, 3.2, 0.05, 0.04 * m["ears"])
    # 3. Hair: a shell above the hairline, down behind the ears as far as it is long.
    long = max(m["hair_length"], 0)
    line = np.interp(
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
    ragged = np.interp(
        np.arange(MAP_WIDTH),
        np.arange(0, MAP_WIDTH + 9, 9),
        noise.normal(0, 0.022, MAP_WIDTH // 9 + 1),
    )
    hair = np.clip((line + ragged - _V) / 0.035 + 0.5, 0, 1).astype(np.float32)
    strands = np.interp(
        np.arange(MAP_WIDTH),
        np.arange(0, MAP_WIDTH + 4, 4),
        noise.normal(0, 0.07, MAP_WIDTH // 4 + 1),
    )
    skull = np.minimum(radius, 1.02)
    shell = skull * (
        1 + m["hair_volume"] * np.sqrt(np.clip((line - _V) / 0.22, 0, 1)) * (1 + strands)
    )
    # Long hair hangs down beside the face, it does not follow the jaw; it rises softly, since a cliff cannot be shaded.
    fall = (m["width"] + 0.04 + 0.9 * m["hair_volume"]) / np.sqrt(_COS_LAT2) - shell
    soft = (
        np.clip((np.abs(np.degrees(_LON)) - 70) / 30, 0, 1)
        * np.clip((_V + 0.15) / 0.3, 0, 1)
        * np.clip((line - _V) / 0.35, 0, 1)
        * min(long * 3, 1)
    )
    shell += soft * np.clip(fall, 0, 0.35) * (1 + strands)
    radius += hair * (shell - radius)
    return cv2.GaussianBlur(radius.astype(np.float32), (0, 0), 1.0), hair


def _paint(who, look, m, hair, noise):
    """Return the colour map: skin, brows, eyes, lips, wrinkles, beard, hair."""
    skin = who.skin
    canvas = np.empty((MAP_HEIGHT, MAP_WIDTH, 3), np.uint8)
    canvas[:] = skin.clip(0, 255).astype(np.uint8)

    def polygon(points, color, share=1.0):
        u, v = _to_map(*_direction(m, *np.asarray(points, np.float32).T))
        corners = np.round(np.column_stack([u, v]) * 2**SHIFT).astype(np.int32)
        _blend(canvas, corners, np.clip(color, 0, 255), share)

    def ellipse(x, y, rx, ry, color, share=1.0, start=0.0, stop=2 * np.pi):
        angle = np.linspace(start, stop, 20)
        polygon(np.column_stack([x + rx * np.cos(angle), y + ry * np.sin(angle)]), color, share)

    grey = 1 / (1 + np.exp(-(look.age - 50 - 4 * who.shape["hair_volume"]) / 6))
    hair_color = who.hair * (1 - grey) + np.float32([205, 203, 200]) * grey * (
        0.85 + 0.1 * who.shape["fringe"] / 3
    )
    dark, wrinkle = skin * 0.45, skin * 0.62
    red = skin * np.float32([0.80, 0.72, 0.98])
    for side in (-1, 1):
        ellipse(
            side * 0.40,
            m["nose_y"] - 0.04,
            0.15,
            0.12,
            red,
            0.12 + 0.06 * max(who.shape["rouge"], 0) + 0.15 * m["child"],
        )
    if who.shape["beard"] > 0.35 and look.age > 17:  # beard and moustache, share by density
        density = min(0.5 + 0.25 * (who.shape["beard"] - 0.35), 0.9)
        top = m["mouth_y"] - 0.02
        polygon(
            [
                (-0.68, m["eye_y"] + 0.1),
                (-0.58, top - 0.05),
                (-0.30, top + 0.02),
                (0, m["mouth_y"] + 0.10),
                (0.30, top + 0.02),
                (0.58, top - 0.05),
                (0.68, m["eye_y"] + 0.1),
                (0.62, top + 0.1),
                (0.45, 0.82),
                (0.2, 0.95),
                (-0.2, 0.95),
                (-0.45, 0.82),
                (-0.62, top + 0.1),
            ],
            hair_color,
            density,
        )
        polygon(
            [
                (-0.21, m["mouth_y"] - 0.02),
                (-0.06, m["mouth_y"] - 0.13),
                (0.06, m["mouth_y"] - 0.13),
                (0.21, m["mouth_y"] - 0.02),
                (0, m["mouth_y"] - 0.045),
            ],
            hair_color,
            density,
        )
    lines = m["old"] * (1 + 0.15 * who.shape["cheeks"])
    if lines > 0.02:  # wrinkles
        for y in (-0.40, -0.33, -0.26):
            ellipse(
                0, y + m["eye_y"], 0.27, 0.016, wrinkle, min(0.85 * lines, 0.8), np.pi, 2 * np.pi
            )
        for side in (-1, 1):
            gap = m["eye_gap"]
            ellipse(
                side * gap,
                m["eye_y"] + 0.10,
                0.105,
                0.030,
                wrinkle,
                min(0.8 * lines, 0.75),
                0.15 * np.pi,
                0.85 * np.pi,
            )
            for slope in (-0.05, 0.0, 0.05):
                polygon(
                    [
                        (side * (gap + 0.15), m["eye_y"] + slope),
                        (side * (gap + 0.24), m["eye_y"] + 2.2 * slope),
                        (side * (gap + 0.24), m["eye_y"] + 2.2 * slope + 0.014),
                    ],
                    wrinkle,
                    min(lines + 0.25 * m["smile"], 0.8),
                )
    for side in (-1, 1):  # nasolabial folds: age and smile
        x, y = side * (m["nose_width"] + 0.03), m["nose_y"]
        polygon(
            [
                (x, y),
                (side * (m["mouth_width"] + 0.06), m["mouth_y"] - 0.05),
                (side * (m["mouth_width"] + 0.045), m["mouth_y"] - 0.03),
                (x, y + 0.03),
            ],
            wrinkle,
            min(0.10 + 0.45 * m["old"] + 0.25 * m["smile"], 0.7),
        )
        ellipse(
            side * m["nose_width"] * 0.5, m["nose_y"] + 0.055, 0.032, 0.016, dark, 0.85
        )  # nostrils
        _paint_eye(ellipse, polygon, side, who, m, skin, hair_color)
    _paint_mouth(ellipse, polygon, who, m, skin)
    for x, y, r in who.moles:
        ellipse(x * m["width"], y, r, r, skin * 0.38, 0.9)
    _grain(canvas, noise, 2.0 + 4.5 * m["old"])
    strands = np.interp(
        np.arange(MAP_WIDTH), np.arange(0, MAP_WIDTH + 2, 2), noise.normal(0, 1, MAP_WIDTH // 2 + 1)
    )
    row = (hair_color * (1 + 0.16 * strands[:, None])).clip(0, 255).astype(np.uint8)
    below = int(np.flatnonzero(hair.any(axis=1))[-1]) + 1
    hairy = np.broadcast_to(row, (below, MAP_WIDTH, 3)).copy()
    cover = np.ascontiguousarray(hair[:below])
    canvas[:below] = cv2.blendLinear(hairy, canvas[:below].copy(), cover, 1 - cover)
    return canvas


def _grain(canvas, noise, strength):
    """Add skin noise of a standard deviation of `strength` grey levels, in place."""
    coarse = noise.normal(128, strength, (68, 135)).clip(0, 255).astype(np.uint8)
    grain = cv2.resize(coarse, (MAP_WIDTH, MAP_HEIGHT))
    soft = cv2.GaussianBlur(canvas, (0, 0), 0.8)
    cv2.addWeighted(soft, 1, cv2.merge([grain] * 3), 1, -128, dst=canvas)


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


def _paint_eye(ellipse, polygon, side, who, m, skin, hair_color):
    """Paint eyeball, iris, lids and brow of one eye."""
    x, y, half = side * m["eye_gap"], m["eye_y"], m["eye_size"]
    tall = half * 0.50 * m["open"] * (1 - 0.28 * min(m["smile"], 1)) * (1 + 0.15 * m["child"])
    ellipse(x, y, half * 1.3, tall * 2.1, skin * np.float32([0.86, 0.80, 0.84]), 0.45)
    ellipse(
        x,
        y - tall * 0.25,
        half * 1.1,
        tall * 1.30,
        skin * 0.35 if who.shape["rouge"] > 0.8 else skin * 0.55,
        0.75,
    )
    ellipse(x, y, half, tall, np.float32([228, 232, 235]))
    iris = min(half * 0.50, tall * 1.02)
    ellipse(x, y, iris, iris, who.iris)
    ellipse(x, y, iris * 0.48, iris * 0.48, np.float32([12, 12, 12]))
    ellipse(x - 0.25 * iris, y - 0.3 * iris, iris * 0.2, iris * 0.2, np.float32([250, 250, 250]))
    inner, outer, thick = abs(x) - 1.25 * half, abs(x) + 1.35 * half, m["brow_thick"]
    brow = np.minimum(hair_color * 0.8 + 8, skin * 0.8)
    polygon(
        [
            (side * inner, m["brow_y"] + 0.02 - thick),
            (side * abs(x), m["brow_y"] - 0.03 - thick),
            (side * outer, m["brow_y"] + 0.04 - thick * 0.3),
            (side * outer, m["brow_y"] + 0.04 + thick * 0.3),
            (side * abs(x), m["brow_y"] - 0.03 + thick),
            (side * inner, m["brow_y"] + 0.02 + thick),
        ],
        brow,
        0.88,
    )


def _paint_mouth(ellipse, polygon, who, m, skin):
    """Paint lips and, in a smile, teeth."""
    y, half, lips, smile = m["mouth_y"], m["mouth_width"], m["lips"], m["smile"]
    corner = y - 0.075 * smile
    part = max(0.0, smile - 0.35) * 0.1  # half the opening of the mouth
    color = (
        skin * np.float32([0.66, 0.60, 0.88])
        if who.shape["rouge"] < 0.6
        else skin * np.float32([0.50, 0.42, 0.92])
    )
    x = np.linspace(-1, 1, 13)
    bow = 1 - x**2
    upper = np.column_stack(
        [
            x * half,
            corner
            + (y - corner) * bow
            - bow * (lips + part)
            + 0.25 * lips * np.exp(-((x / 0.15) ** 2)),
        ]
    )
    lower = np.column_stack([x * half, corner + (y - corner) * bow + bow * (1.3 * lips + part)])
    polygon(np.vstack([upper, lower[::-1]]), color, 0.9)
    inner_up = np.column_stack([x * half * 0.9, corner + (y - corner) * bow - bow * part - 0.004])
    inner_low = np.column_stack([x * half * 0.9, corner + (y - corner) * bow + bow * part + 0.004])
    polygon(
        np.vstack([inner_up, inner_low[::-1]]),
        np.float32([215, 225, 230]) if part > 0.008 else skin * 0.35,
        0.95,
    )
