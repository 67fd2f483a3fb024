"""A procedural 3-D head: who a person is, what he looks like in one picture, and his head there.

Axes of a head: x right, y down, z towards the viewer. The unit is half the height of the skull, the
origin its centre. All measures are our choice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_prep import head_paint, head_shape


@dataclass
class Identity:
    """What a person keeps from picture to picture. Shares are about 0 +- 1 around the mean head."""

    number: int
    gender: int  # 0 male, 1 female
    age: float  # years, around which his pictures lie
    shape: dict[str, float]  # {measure: deviation}
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
    """The surface of one person in one picture, as maps over direction (data_prep.head_shape)."""

    radius: np.ndarray  # (height, width) float32
    albedo: np.ndarray  # (height, width, 3) uint8 BGR
    hair: np.ndarray  # (height, width) float32, 0 skin to 1 hair
    landmarks: np.ndarray  # (21, 3) points
    outline: np.ndarray  # (n, 3) points of the face from forehead to chin and ear to ear
    skin: np.ndarray  # BGR, 0 to 255


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
# By how many deviations a woman's mean measures differ from a man's: they overlap.
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
# Colours (BGR) of which a person's are mixtures.
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


def draw_identity(number: int, rng: np.random.Generator) -> Identity:
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


def draw_look(identity: Identity, rng: np.random.Generator) -> Look:
    """Draw the person's age and expression in one picture."""
    smiling = int(rng.integers(2))
    return Look(
        age=float(np.clip(identity.age + rng.uniform(-8, 8), 5, 80)),
        smiling=smiling,
        smile=float(np.clip(rng.normal(0.82 if smiling else 0.12, 0.17), 0, 1.1)),
        eyes_open=float(rng.uniform(0.65, 1)),
    )


def build_head(who: Identity, look: Look) -> Head:
    """Return the head of a person with a look."""
    measures = _measures(who, look)
    noise = np.random.default_rng(who.seed)
    radius, hair = head_shape.surface(measures, noise)
    albedo = head_paint.paint(who, look, measures, hair, noise)
    return Head(
        radius=radius,
        albedo=albedo,
        hair=hair,
        landmarks=head_shape.landmarks(radius, measures),
        outline=head_shape.outline(radius, measures),
        skin=who.skin,
    )


def _measures(who, look):
    """Return the measures of a head, from deviations, age and expression."""
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
