"""Put rendered heads, their necks and face-like distractors on a cluttered background, and spoil the picture a little."""

import functools

import cv2
import numpy as np
from skimage import data

from allinone import pose as head_pose
from allinone.landmarks import COUNT
from allinone.record import FaceRecord
from data_prep import head, render

CANVAS = 2.9  # side of a head's canvas in units of head axes
YAW, TILT = 80, 30  # largest yaw; largest roll and pitch, degrees


# Photographs without a face that scikit-image ships: half of the backgrounds are cut from them.
PHOTOGRAPHS = (
    "brick",
    "grass",
    "gravel",
    "coffee",
    "chelsea",
    "rocket",
    "hubble_deep_field",
    "retina",
    "page",
    "text",
    "immunohistochemistry",
    "moon",
)


@functools.lru_cache(maxsize=1)
def photographs():
    """Return the photographs of PHOTOGRAPHS as BGR uint8."""
    images = [getattr(data, name)() for name in PHOTOGRAPHS]
    return [
        cv2.cvtColor(image, cv2.COLOR_GRAY2BGR if image.ndim == 2 else cv2.COLOR_RGB2BGR)
        for image in images
    ]


def background(rng, width, height):
    """Draw a background (height, width, 3) float: a piece of a photograph or a gradient, with shapes and texture on it."""
    if rng.random() < 0.5:
        image, shapes = piece_of_photograph(rng, width, height, photographs()), rng.integers(0, 5)
    else:
        corners = rng.uniform(20, 235, (2, 2, 3)).astype(np.float32)
        image = cv2.resize(corners, (width, height), interpolation=cv2.INTER_LINEAR) * 0.6
        image += rng.uniform(20, 235, 3).astype(np.float32) * 0.4
        shapes = rng.integers(4, 16)
    for _ in range(shapes):
        _draw_shape(rng, image)
    texture = cv2.resize(
        rng.normal(0, 1, (height // 6 + 1, width // 6 + 1)).astype(np.float32), (width, height)
    )
    return image + (texture * rng.uniform(0, 12))[..., None]


def piece_of_photograph(rng, width, height, photos):
    """Cut a random piece, float (height, width, 3), of a random one of some photographs, mirrored and tinted by chance."""
    photo = photos[rng.integers(len(photos))]
    zoom = rng.uniform(0.3, 1) * min(photo.shape[1] / width, photo.shape[0] / height)
    w, h = int(width * zoom), int(height * zoom)
    x, y = rng.integers(photo.shape[1] - w + 1), rng.integers(photo.shape[0] - h + 1)
    piece = photo[y : y + h, x : x + w][:, :: rng.choice([-1, 1])]
    piece = cv2.resize(
        piece, (width, height), interpolation=cv2.INTER_AREA if zoom > 1 else cv2.INTER_LINEAR
    )
    return piece * rng.uniform(0.6, 1.3, 3).astype(np.float32) + np.float32(rng.uniform(-20, 20))


def _draw_shape(rng, image):
    """Draw a rectangle, an ellipse, a polygon or a line of any colour, in place."""
    height, width = image.shape[:2]
    color = rng.uniform(10, 245, 3).tolist()
    center = (int(rng.integers(width)), int(rng.integers(height)))
    size = (int(rng.integers(4, width // 4)), int(rng.integers(4, height // 4)))
    kind = rng.integers(4)
    if kind == 0:
        cv2.rectangle(image, center, (center[0] + size[0], center[1] + size[1]), color, -1)
    elif kind == 1:
        cv2.ellipse(image, center, size, float(rng.uniform(0, 180)), 0, 360, color, -1, cv2.LINE_AA)
    elif kind == 2:
        cv2.fillPoly(image, [np.int32(center + rng.normal(0, 30, (4, 2)))], color, cv2.LINE_AA)
    else:
        cv2.line(
            image,
            center,
            (int(rng.integers(width)), int(rng.integers(height))),
            color,
            int(rng.integers(1, 7)),
            cv2.LINE_AA,
        )


def draw_pose(rng, spread):
    """Draw (roll, pitch, yaw) in degrees; `spread` is the yaw's standard deviation, None for uniform."""
    yaw = rng.uniform(-YAW, YAW) if spread is None else rng.normal(0, spread)
    roll, pitch = rng.normal(0, 11), rng.normal(0, 11)
    return np.array(
        [np.clip(roll, -TILT, TILT), np.clip(pitch, -TILT, TILT), np.clip(yaw, -YAW, YAW)]
    )


def place_head(image, rng, who, center, scale, pose, light):
    """Draw a person in place; return the FaceRecord's fields that the picture determines (a dict)."""
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
    """Blend a square layer (colours, alpha) over the image around the centre, cut at the borders."""
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


def _paint_neck(image, rng, surface, center, scale, light):
    """Draw neck and shoulders under a head that will be drawn over them."""
    shade = light.ambient + 0.5 * light.strength
    shirt = rng.uniform(20, 230, 3) * shade
    at = lambda x, y: np.int32(np.float32([center[0] + x * scale, center[1] + y * scale]))
    cv2.fillPoly(
        image,
        [
            np.stack(
                [
                    at(-0.95, 1.55),
                    at(-0.45, 1.28),
                    at(0.45, 1.28),
                    at(0.95, 1.55),
                    at(1.0, 1.9),
                    at(-1.0, 1.9),
                ]
            )
        ],
        shirt.tolist(),
        cv2.LINE_AA,
    )
    cv2.fillPoly(
        image,
        [np.stack([at(-0.40, 0.4), at(0.40, 0.4), at(0.42, 1.3), at(0, 1.45), at(-0.42, 1.3)])],
        (surface.skin * shade * 0.75).tolist(),
        cv2.LINE_AA,
    )


def place_distractor(image, rng, center, scale):
    """Draw something face-like that is no face: a head from behind, or a ball with marks."""
    who = head.draw_identity(-1, rng)
    if rng.random() < 0.5:
        surface = head.build_head(who, head.draw_look(who, rng))
        pose = (rng.normal(0, 11), rng.normal(0, 8), rng.uniform(140, 220))
        light = render.draw_light(rng)
        _paint_neck(image, rng, surface, center, scale, light)
        _paste(
            image,
            render.render(
                surface, head_pose.rotation_matrix(pose), int(CANVAS * scale), scale, light
            ),
            center,
        )
        return
    middle = tuple(int(c) for c in center)
    axes = (int(scale * rng.uniform(0.6, 0.85)), int(scale * rng.uniform(0.8, 1.1)))
    cv2.ellipse(
        image, middle, axes, float(rng.uniform(-30, 30)), 0, 360, who.skin.tolist(), -1, cv2.LINE_AA
    )
    for _ in range(rng.integers(0, 6)):
        mark = (
            int(center[0] + rng.uniform(-0.4, 0.4) * scale),
            int(center[1] + rng.uniform(-0.6, 0.6) * scale),
        )
        size = (
            max(1, int(scale * rng.uniform(0.04, 0.2))),
            max(1, int(scale * rng.uniform(0.03, 0.1))),
        )
        cv2.ellipse(
            image,
            mark,
            size,
            float(rng.uniform(0, 180)),
            0,
            360,
            rng.uniform(0, 255, 3).tolist(),
            -1,
            cv2.LINE_AA,
        )


def spoil(image, rng):
    """Blur a little, add noise; return uint8."""
    image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 1.1))
    noise = rng.standard_normal(image.shape, np.float32) * rng.uniform(0.5, 6)
    return (image + noise).clip(0, 255).astype(np.uint8)


def portrait(rng, who, side):
    """Return (image, [FaceRecord fields]) of one person who fills much of a square picture."""
    image = background(rng, side, side)
    scale = side * rng.uniform(0.24, 0.36)
    center = side / 2 + rng.uniform(-0.08, 0.08, 2) * side
    fields = place_head(image, rng, who, center, scale, draw_pose(rng, 32), render.draw_light(rng))
    return spoil(image, rng), [fields]


def scene(rng, draw_person, width, height, most_faces=6, sizes=(24, 200)):
    """Return (image, [FaceRecord fields]) of 0 to `most_faces` people and some distractors.

    draw_person(): an Identity; sizes: smallest and largest face height in pixels.
    """
    image = background(rng, width, height)
    light = render.draw_light(rng)
    count = rng.integers(0, most_faces + 1)
    kinds = rng.permutation(
        np.arange(count + rng.integers(0, 4)) < count
    )  # True: a face, False: a distractor
    # A face is about 1.35 units of head axes high; the largest come first, since they need most room.
    largest = min(sizes[1], 0.7 * height, 1.3 * height / np.sqrt(max(len(kinds), 1)))
    scales = (
        np.sort(np.exp(rng.uniform(np.log(sizes[0]), np.log(largest), len(kinds))))[::-1] / 1.35
    )
    faces, taken = [], []
    for is_face, scale in zip(kinds, scales):
        center = _free_place(rng, taken, scale, width, height)
        if center is None:
            continue
        taken.append((*center, scale))
        if is_face:
            faces.append(
                place_head(image, rng, draw_person(), center, scale, draw_pose(rng, None), light)
            )
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


def annotations(image_name, faces):
    """Return the FaceRecords of a picture; a picture without faces has one without a box."""
    assert all(len(face["landmarks"]) == COUNT for face in faces)
    return [FaceRecord(image=image_name, **face) for face in faces] or [
        FaceRecord(image=image_name)
    ]
