"""Scenes made of portraits: faces of real pictures, blended into backgrounds that show none.

Sets of portraits have no scenes: what surrounds their faces is little or nothing. Here a portrait
is pasted at a random size into a piece of a photograph without faces, a drawn background, or the
blurred colours of another portrait; one in seven scenes has no face at all. A portrait with room
around its face keeps it, with a soft border; one that the face fills is cut out as an ellipse.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from allinone import boxes, folders, pictures, record
from allinone.parallel import in_order
from allinone.record import FaceRecord
from data_prep import backgrounds

WIDTHS, HEIGHTS = (240, 420), (220, 340)  # pixels
SMALLEST, LARGEST = 26, 230  # pixels: heights of faces
MOST = 4  # our choice: faces of a scene
EMPTY = 1 / 7  # our choice: share of scenes without a face
# our choice: share of a face's height that a portrait must show on every side to be pasted whole
ROOM = 0.11
ENLARGED = 2.2  # our choice: a portrait is enlarged at most so many times
INSIDE = 0.85  # our choice: share of a face's box that must lie in the picture
TRIES = 20  # our choice: places that are tried for a portrait
CHUNK = 20  # scenes that a process makes at a time
PLAN = "set.json"  # what a set is made with
SCENE, QUALITY = 21, 22  # keep the random streams of a scene and of its JPEG apart


@dataclass(frozen=True)
class Portraits:
    """Faces that can be pasted, each with the path of its picture."""

    faces: list[FaceRecord]
    paths: list[str]

    def __len__(self) -> int:
        return len(self.faces)

    def image(self, number: int) -> np.ndarray:
        """Return the picture of a portrait, BGR uint8."""
        return pictures.read_image(self.paths[number])


def portraits_of(records: Sequence[str], splits: Sequence[str]) -> Portraits:
    """Return the portraits of some records files: faces in some splits with box and landmarks.

    Each is the only face of its picture: another one would be pasted along, and nothing would say
    that it is a face.
    """
    faces, paths = [], []
    for path in records:
        folder = os.path.dirname(path)
        for _, (face, *others) in record.by_picture(record.read(path)):
            if others or face.box is None or face.landmarks is None or face.split not in splits:
                continue
            if face.box[3] - face.box[1] >= SMALLEST:
                faces.append(face)
                paths.append(os.path.join(folder, face.image))
    return Portraits(faces, paths)


@functools.lru_cache(maxsize=1)
def photographs() -> list[np.ndarray]:
    """Return photographs without a face, BGR uint8, of scikit-image and of scikit-learn."""
    from sklearn import datasets  # here: importing it takes a second

    more = datasets.load_sample_images().images
    return [*backgrounds.photographs(), *(cv2.cvtColor(one, cv2.COLOR_RGB2BGR) for one in more)]


def background(rng, width: int, height: int, portraits: Portraits) -> np.ndarray:
    """Return a background without a face, BGR float (height, width, 3)."""
    kind = rng.random()
    if kind < 0.3:
        return backgrounds.background(rng, width, height)
    if kind < 0.55:  # the colours of a portrait, blurred until no face is left
        image = portraits.image(rng.integers(len(portraits)))
        few = (int(rng.integers(3, 7)),) * 2
        colors = cv2.resize(image, few, interpolation=cv2.INTER_AREA)
        whole = cv2.resize(colors, (width, height), interpolation=cv2.INTER_CUBIC)
        return whole.astype(np.float32)
    return backgrounds.piece_of_photograph(rng, width, height, photographs())


def _from_border(side):
    """Return the distance (side,) of pixels from the nearer border, from 1 up."""
    return np.minimum(np.arange(side) + 1, side - np.arange(side))


def mask_of(face: FaceRecord, shape: tuple[int, ...]) -> np.ndarray:
    """Return the weights (height, width) with which a portrait is pasted.

    They are a soft border or, where the face fills the picture, an ellipse.
    """
    height, width = shape[:2]
    x1, y1, x2, y2 = face.box
    across, down = _from_border(width), _from_border(height)
    if min(x1, y1, width - x2, height - y2) >= ROOM * (y2 - y1):
        soft = max(2.0, 0.05 * min(width, height))
        across, down = np.minimum(across / soft, 1), np.minimum(down / soft, 1)
        return np.minimum(across[None], down[:, None]).astype(np.float32)
    columns, rows = np.arange(width) - (x1 + x2) / 2, np.arange(height) - (y1 + y2) / 2
    distance = np.hypot(columns[None] / (0.60 * (x2 - x1)), rows[:, None] / (0.60 * (y2 - y1)))
    border = np.clip(np.minimum(across[None], down[:, None]) / 6, 0, 1)
    return np.float32(np.clip((1 - distance) / 0.15, 0, 1) * border)


def tinted(rng, image: np.ndarray) -> np.ndarray:
    """Return a picture, float, with other brightness, contrast and colours; one in ten is grey."""
    image = image.astype(np.float32)
    if rng.random() < 0.1:
        image = np.repeat(image.mean(axis=2, keepdims=True), 3, axis=2)
    contrast, brightness = rng.uniform(0.7, 1.25), rng.uniform(0.7, 1.25)
    colors = rng.uniform(0.9, 1.1, 3).astype(np.float32)
    return (image - 110) * contrast + 110 * brightness * colors


def _free_place(rng, box, portrait, canvas, taken):
    """Return a shift (2,) of a portrait that keeps its face in the canvas, or None.

    box: of the face; portrait, canvas: (width, height); taken: boxes that must not be covered.
    """
    width, height = canvas
    across = -box[0] * 0.9, width - box[2] * 0.9 - box[0] * 0.1
    down = -box[1] * 0.9, height - box[3] * 0.95
    if across[0] > across[1] or down[0] > down[1]:  # a very wide face, or one far from its corner
        return None
    for _ in range(TRIES):
        x, y = rng.uniform(*across), rng.uniform(*down)
        shift = np.array([x, y]).round().astype(int)
        placed = box + np.tile(shift, 2)
        inside = boxes.area(boxes.clip(placed, width, height)) / boxes.area(placed)
        whole = np.concatenate([shift, shift + portrait])
        covers = bool(taken) and (boxes.intersection([whole], taken)[0] > 0).any()
        if inside > INSIDE and not covers:
            return shift
    return None


def _blend(canvas, image, weight, shift):
    """Blend a picture into the canvas at a shift, in place, cut at the borders."""
    height, width = canvas.shape[:2]
    left, top = shift
    x1, y1 = max(left, 0), max(top, 0)
    x2, y2 = min(left + image.shape[1], width), min(top + image.shape[0], height)
    part = np.s_[y1 - top : y2 - top, x1 - left : x2 - left]
    canvas[y1:y2, x1:x2] += weight[part] * (image[part] - canvas[y1:y2, x1:x2])


def _moved(face, placed, zoom, shift):
    """Return the record of a portrait's face where it was pasted."""
    points = face.landmark_array() * zoom + shift
    known = [None if np.isnan(point[0]) else point.round(2).tolist() for point in points]
    return FaceRecord(
        "",
        box=placed.round(2).tolist(),
        landmarks=known,
        visibility=face.visibility,
        pose=face.pose,
        gender=face.gender,
    )


def paste(rng, canvas, face: FaceRecord, image: np.ndarray, taken: list) -> FaceRecord | None:
    """Paste a portrait into the canvas, in place, where it covers none of the boxes taken.

    Return its record there, or None where there is no room; its box is added to the taken ones.
    """
    height, width = canvas.shape[:2]
    tall = face.box[3] - face.box[1]
    largest = min(LARGEST, 0.85 * height, ENLARGED * tall)
    scale = np.exp(rng.uniform(np.log(SMALLEST), np.log(max(largest, SMALLEST + 1)))) / tall
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    small = cv2.resize(tinted(rng, image), size, interpolation=way)
    mask = mask_of(face, image.shape)
    weight = cv2.resize(mask, size, interpolation=cv2.INTER_LINEAR)[..., None]
    zoom = [size[0] / image.shape[1], size[1] / image.shape[0]]
    box = np.float32(face.box) * (zoom * 2)
    shift = _free_place(rng, box, size, (width, height), taken)
    if shift is None:
        return None
    _blend(canvas, small, weight, shift)
    placed = box + np.tile(shift, 2)
    taken.append(placed)
    return _moved(face, placed, zoom, shift)


def compose(seed: int, index: int, portraits: Portraits) -> tuple[np.ndarray, list[FaceRecord]]:
    """Return (picture, its faces) of scene `index` of a seed."""
    rng = np.random.default_rng([seed, SCENE, index])
    width, height = int(rng.integers(*WIDTHS)), int(rng.integers(*HEIGHTS))
    canvas, faces, taken = np.float32(background(rng, width, height, portraits)), [], []
    for _ in range(0 if rng.random() < EMPTY else rng.integers(1, MOST + 1)):
        number = rng.integers(len(portraits))
        face = portraits.faces[number]
        placed = paste(rng, canvas, face, portraits.image(number), taken)
        if placed:
            faces.append(placed)
    if rng.random() < 0.5:
        canvas = cv2.GaussianBlur(canvas, (0, 0), rng.uniform(0.4, 1.4))
    noise = rng.standard_normal(canvas.shape, np.float32) * rng.uniform(0, 6)
    return (canvas + noise).clip(0, 255).astype(np.uint8), faces


KIND = folders.Kind(
    "set of composed scenes",
    holds=(PLAN, "images", "records.jsonl", "proposals*", "located_*"),
    proofs={PLAN: frozenset({"kind", "count", "seed", "splits"})},
)
_portraits = functools.lru_cache(maxsize=1)(portraits_of)  # each process reads them once


def _make(indices, out, seed, records, splits):
    """Write some scenes; return the record lines of each."""
    portraits, lines = _portraits(records, splits), []
    for index in indices:
        image, faces = compose(seed, index, portraits)
        name = f"images/{index:06d}.jpg"
        quality = int(np.random.default_rng([seed, QUALITY, index]).integers(70, 97))
        pictures.write_image(os.path.join(out, name), image, quality=quality)
        for face in faces:
            face.image = name
        lines.append("".join(map(record.to_line, faces or [FaceRecord(name)])))
    return lines


def write_scenes(
    out: str, count: int, seed: int, records: Sequence[str], splits: Sequence[str]
) -> Iterator[str]:
    """Write the pictures of some scenes into out/images; yield the record lines of each scene."""
    work = functools.partial(
        _make, out=out, seed=seed, records=tuple(records), splits=tuple(splits)
    )
    for _, lines in in_order(work, range(count), chunk=CHUNK):
        yield lines
