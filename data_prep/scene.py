"""Pictures of drawn people: heads, their necks and face-like distractors on a background."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np

from allinone import pose as head_pose
from allinone.landmarks import COUNT
from allinone.record import FaceRecord
from data_prep import head, render
from data_prep.backgrounds import background
from data_prep.head import Identity

CANVAS = 2.9  # side of a head's canvas in units of head axes
YAW, TILT = 80, 30  # largest yaw; largest roll and pitch, degrees
FACE_HEIGHT = 1.35  # of a head's face, about, in units of head axes

# Shoulders and neck under a head, in units of head axes from its centre.
SHOULDERS = (
    (-0.95, 1.55),
    (-0.45, 1.28),
    (0.45, 1.28),
    (0.95, 1.55),
    (1.0, 1.9),
    (-1.0, 1.9),
)
NECK = ((-0.40, 0.4), (0.40, 0.4), (0.42, 1.3), (0, 1.45), (-0.42, 1.3))


def draw_pose(rng: np.random.Generator, spread: float | None) -> np.ndarray:
    """Draw (roll, pitch, yaw) in degrees; spread: standard deviation of yaw, None for uniform."""
    yaw = rng.uniform(-YAW, YAW) if spread is None else rng.normal(0, spread)
    roll, pitch = rng.normal(0, 11), rng.normal(0, 11)
    return np.array(
        [np.clip(roll, -TILT, TILT), np.clip(pitch, -TILT, TILT), np.clip(yaw, -YAW, YAW)]
    )


def place_head(image, rng, who: Identity, center, scale, pose, light) -> dict[str, Any]:
    """Draw a person into a picture, in place.

    center: of the head, pixels; scale: pixels for one unit of head axes; pose: degrees. Return the
    fields of a FaceRecord that the picture determines.
    """
    look = head.draw_look(who, rng)
    surface = head.build_head(who, look)
    turn = head_pose.rotation_matrix(pose)
    _paint_neck(image, rng, surface, center, scale, light)
    _paste(image, render.render(surface, turn, int(np.ceil(CANVAS * scale)), scale, light), center)
    points = render.project(surface.landmarks, turn, center, scale)
    outline = render.project(surface.outline, turn, center, scale)
    covered = render.hair_over(surface, surface.landmarks)
    height, width = image.shape[:2]
    inside = (points >= 0).all(axis=1) & (points[:, 0] < width) & (points[:, 1] < height)
    seen = render.visible(surface, turn, surface.landmarks) & ~covered & inside
    box = np.concatenate([outline.min(axis=0), outline.max(axis=0)])
    return dict(
        box=_round(box),
        landmarks=[_round(point) for point in points],
        visibility=[int(value) for value in seen],
        pose=_round(pose),
        gender=who.gender,
        age=round(look.age, 1),
        smile=look.smiling,
        identity=who.number,
    )


def _round(values):
    return [round(float(value), 2) for value in values]


def _paste(image, layer, center):
    """Blend a square layer (colours, alpha) over a picture around a point, cut at the borders."""
    colors, alpha = layer
    side = len(alpha)
    left, top = [int(round(c - side / 2)) for c in center]
    height, width = image.shape[:2]
    x1, y1, x2, y2 = max(left, 0), max(top, 0), min(left + side, width), min(top + side, height)
    if x1 >= x2 or y1 >= y2:
        return
    part = np.s_[y1 - top : y2 - top, x1 - left : x2 - left]
    weight = alpha[part][..., None]
    image[y1:y2, x1:x2] += weight * (colors[part] - image[y1:y2, x1:x2])


def _corners(center, scale, points):
    """Return the pixels (n, 2) of points in head axes, as OpenCV takes them."""
    x, y = center
    return np.stack([np.int32(np.float32([x + a * scale, y + b * scale])) for a, b in points])


def _paint_neck(image, rng, surface, center, scale, light):
    """Draw neck and shoulders under a head that will be drawn over them."""
    shade = light.ambient + 0.5 * light.strength
    shirt = rng.uniform(20, 230, 3) * shade
    shoulders, neck = _corners(center, scale, SHOULDERS), _corners(center, scale, NECK)
    cv2.fillPoly(image, [shoulders], shirt.tolist(), cv2.LINE_AA)
    cv2.fillPoly(image, [neck], (surface.skin * shade * 0.75).tolist(), cv2.LINE_AA)


def place_distractor(image, rng, center, scale) -> None:
    """Draw something like a face that is none, in place: a head from behind or a marked ball."""
    who = head.draw_identity(-1, rng)
    if rng.random() < 0.5:
        _place_back_of_head(image, rng, who, center, scale)
    else:
        _place_ball(image, rng, who, center, scale)


def _place_back_of_head(image, rng, who, center, scale):
    surface = head.build_head(who, head.draw_look(who, rng))
    pose = (rng.normal(0, 11), rng.normal(0, 8), rng.uniform(140, 220))
    light = render.draw_light(rng)
    _paint_neck(image, rng, surface, center, scale, light)
    turn = head_pose.rotation_matrix(pose)
    _paste(image, render.render(surface, turn, int(CANVAS * scale), scale, light), center)


def _place_ball(image, rng, who, center, scale):
    middle = tuple(int(c) for c in center)
    axes = (int(scale * rng.uniform(0.6, 0.85)), int(scale * rng.uniform(0.8, 1.1)))
    tilt = float(rng.uniform(-30, 30))
    cv2.ellipse(image, middle, axes, tilt, 0, 360, who.skin.tolist(), -1, cv2.LINE_AA)
    for _ in range(rng.integers(0, 6)):
        mark = (
            int(center[0] + rng.uniform(-0.4, 0.4) * scale),
            int(center[1] + rng.uniform(-0.6, 0.6) * scale),
        )
        size = (
            max(1, int(scale * rng.uniform(0.04, 0.2))),
            max(1, int(scale * rng.uniform(0.03, 0.1))),
        )
        tilt, color = float(rng.uniform(0, 180)), rng.uniform(0, 255, 3).tolist()
        cv2.ellipse(image, mark, size, tilt, 0, 360, color, -1, cv2.LINE_AA)


def spoil(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a picture blurred a little, with noise, as uint8."""
    image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 1.1))
    noise = rng.standard_normal(image.shape, np.float32) * rng.uniform(0.5, 6)
    return (image + noise).clip(0, 255).astype(np.uint8)


def portrait(rng, who: Identity, side: int) -> tuple[np.ndarray, list[dict[str, Any]]]:
    """Return (picture, [fields of a FaceRecord]) of one person who fills much of a square."""
    image = background(rng, side, side)
    scale = side * rng.uniform(0.24, 0.36)
    center = side / 2 + rng.uniform(-0.08, 0.08, 2) * side
    fields = place_head(image, rng, who, center, scale, draw_pose(rng, 32), render.draw_light(rng))
    return spoil(image, rng), [fields]


def scene(
    rng: np.random.Generator,
    draw_person: Callable[[], Identity],
    width: int,
    height: int,
    most_faces: int = 6,
    sizes: tuple[float, float] = (24, 200),
) -> tuple[np.ndarray, list[dict[str, Any]]]:
    """Return (picture, [fields of a FaceRecord]) of 0 to `most_faces` people and some distractors.

    sizes: smallest and largest height of a face in pixels.
    """
    image = background(rng, width, height)
    light = render.draw_light(rng)
    count = rng.integers(0, most_faces + 1)
    are_faces = rng.permutation(np.arange(count + rng.integers(0, 4)) < count)  # else distractors
    # The largest come first, since they need most room.
    largest = min(sizes[1], 0.7 * height, 1.3 * height / np.sqrt(max(len(are_faces), 1)))
    heights = np.exp(rng.uniform(np.log(sizes[0]), np.log(largest), len(are_faces)))
    scales = np.sort(heights)[::-1] / FACE_HEIGHT
    faces, taken = [], []
    for is_face, scale in zip(are_faces, scales):
        center = _free_place(rng, taken, scale, width, height)
        if center is None:
            continue
        taken.append((*center, scale))
        if is_face:
            who, pose = draw_person(), draw_pose(rng, None)
            faces.append(place_head(image, rng, who, center, scale, pose, light))
        else:
            place_distractor(image, rng, center, scale)
    return spoil(image, rng), faces


def _free_place(rng, taken, scale, width, height):
    """Return a centre where a head of this scale covers no other and lies inside, or None."""
    reach = min(1.15 * scale, height / 2 - 1, width / 2 - 1)
    for _ in range(60):
        x, y = rng.uniform(reach, width - reach), rng.uniform(reach, height - reach)
        if all(
            np.hypot(x - other_x, y - other_y) > 1.1 * (scale + other)
            for other_x, other_y, other in taken
        ):
            return np.array([x, y])
    return None


def records_of(name: str, faces: Sequence[dict[str, Any]]) -> list[FaceRecord]:
    """Return the FaceRecords of a picture; one without a face has a record without a box."""
    assert all(len(face["landmarks"]) == COUNT for face in faces)
    return [FaceRecord(image=name, **face) for face in faces] or [FaceRecord(image=name)]
