"""Scenes to learn detection from, made of portraits: faces of real pictures, blended into backgrounds that show none.

    python -m data_prep.composites --records data/real/celeba/records.jsonl data/real/utkface/records.jsonl --count 8000 --out data/real/composites

Sets of portraits have no scenes: what surrounds their faces is little or nothing. Here a portrait is pasted at a random size into a piece of a photograph
without faces, a drawn background, or the blurred colours of another portrait; one in seven scenes has no face at all. A portrait with room around its
face keeps it, with a soft border; one that the face fills is cut out as an ellipse. Only parts for training are taken (--split).
"""

import argparse
import functools
import os
import sys

import cv2
import numpy as np
from sklearn import datasets

from allinone import boxes, files, record
from allinone.errors import InputError, command
from allinone.parallel import in_order
from allinone.progress import Progress
from data_prep import scene

WIDTHS, HEIGHTS = (240, 420), (220, 340)  # pixels
SMALLEST, LARGEST = 26, 230  # pixels: heights of faces
EMPTY = 1 / 7  # our choice: share of scenes without a face
ROOM = 0.11  # our choice: share of a face's height that a portrait must show on every side to be pasted whole
ENLARGED = 2.2  # our choice: a portrait is enlarged at most so much
CHUNK = 20


@functools.lru_cache(maxsize=1)
def photographs():
    """Return photographs without a face, BGR uint8: those of scikit-image and two of scikit-learn."""
    return [
        *scene.photographs(),
        *(cv2.cvtColor(image, cv2.COLOR_RGB2BGR) for image in datasets.load_sample_images().images),
    ]


def background(rng, width, height, portraits, folder_of):
    """Return a background without a face, float (height, width, 3)."""
    kind = rng.random()
    if kind < 0.3:
        return scene.background(rng, width, height)
    if kind < 0.55:  # the colours of a portrait, blurred until no face is left
        image = files.read_image(folder_of(portraits[rng.integers(len(portraits))].image))
        return cv2.resize(
            cv2.resize(image, (int(rng.integers(3, 7)),) * 2, interpolation=cv2.INTER_AREA),
            (width, height),
            interpolation=cv2.INTER_CUBIC,
        ).astype(np.float32)
    return scene.piece_of_photograph(rng, width, height, photographs())


def mask_of(face, shape):
    """Return the weights (height, width) with which a portrait is pasted: a soft border, or an ellipse where the face fills the picture."""
    height, width = shape[:2]
    x1, y1, x2, y2 = face.box
    if min(x1, y1, width - x2, height - y2) >= ROOM * (y2 - y1):
        soft = max(2.0, 0.05 * min(width, height))
        across, down = (
            np.minimum(np.arange(side) + 1, side - np.arange(side)) / soft
            for side in (width, height)
        )
        return np.minimum(np.minimum(across, 1)[None], np.minimum(down, 1)[:, None]).astype(
            np.float32
        )
    columns, rows = np.arange(width) - (x1 + x2) / 2, np.arange(height) - (y1 + y2) / 2
    distance = np.hypot(columns[None] / (0.60 * (x2 - x1)), rows[:, None] / (0.60 * (y2 - y1)))
    soft = (
        np.minimum(np.arange(width) + 1, width - np.arange(width))[None],
        np.minimum(np.arange(height) + 1, height - np.arange(height))[:, None],
    )
    return np.float32(np.clip((1 - distance) / 0.15, 0, 1) * np.clip(np.minimum(*soft) / 6, 0, 1))


def tinted(rng, image):
    """Return a picture, float, with other brightness, contrast and colours, one in ten grey."""
    image = image.astype(np.float32)
    if rng.random() < 0.1:
        image = np.repeat(image.mean(axis=2, keepdims=True), 3, axis=2)
    return (image - 110) * rng.uniform(0.7, 1.25) + 110 * rng.uniform(0.7, 1.25) * rng.uniform(
        0.9, 1.1, 3
    ).astype(np.float32)


def paste(rng, canvas, face, image, taken):
    """Paste a portrait into the canvas where it covers none of the boxes taken; return its FaceRecord there, or None where there is no room."""
    height, width = canvas.shape[:2]
    tall = face.box[3] - face.box[1]
    largest = min(LARGEST, 0.85 * height, ENLARGED * tall)
    scale = np.exp(rng.uniform(np.log(SMALLEST), np.log(max(largest, SMALLEST + 1)))) / tall
    mask = mask_of(face, image.shape)
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    small, weight = (
        cv2.resize(tinted(rng, image), size, interpolation=way),
        cv2.resize(mask, size, interpolation=cv2.INTER_LINEAR)[..., None],
    )
    fx, fy = size[0] / image.shape[1], size[1] / image.shape[0]
    box = np.float32(face.box) * [fx, fy, fx, fy]
    for _ in range(20):
        shift = (
            np.array(
                [
                    rng.uniform(-box[0] * 0.9, width - box[2] * 0.9 - box[0] * 0.1),
                    rng.uniform(-box[1] * 0.9, height - box[3] * 0.95),
                ]
            )
            .round()
            .astype(int)
        )
        whole = np.concatenate([shift, shift + size])
        placed = box + np.tile(shift, 2)
        inside = boxes.area(boxes.clip(placed, width, height)) / boxes.area(placed)
        if (
            inside > 0.85 and not (boxes.intersection([whole], taken)[0] > 0).any()
            if taken
            else inside > 0.85
        ):
            break
    else:
        return None
    x1, y1, x2, y2 = max(whole[0], 0), max(whole[1], 0), min(whole[2], width), min(whole[3], height)
    part = np.s_[y1 - shift[1] : y2 - shift[1], x1 - shift[0] : x2 - shift[0]]
    canvas[y1:y2, x1:x2] += weight[part] * (small[part] - canvas[y1:y2, x1:x2])
    taken.append(placed)
    points = face.landmark_array() * [fx, fy] + shift
    return record.FaceRecord(
        "",
        box=placed.round(2).tolist(),
        landmarks=[None if np.isnan(point[0]) else point.round(2).tolist() for point in points],
        visibility=face.visibility,
        pose=face.pose,
        gender=face.gender,
    )


def compose(seed, index, portraits, folder_of):
    """Return (picture, [FaceRecord]) of scene `index` of a seed."""
    rng = np.random.default_rng([seed, 21, index])
    width, height = int(rng.integers(*WIDTHS)), int(rng.integers(*HEIGHTS))
    canvas, faces, taken = np.float32(background(rng, width, height, portraits, folder_of)), [], []
    for _ in range(0 if rng.random() < EMPTY else rng.integers(1, 5)):
        face = portraits[rng.integers(len(portraits))]
        placed = paste(rng, canvas, face, files.read_image(folder_of(face.image)), taken)
        faces += [placed] if placed else []
    if rng.random() < 0.5:
        canvas = cv2.GaussianBlur(canvas, (0, 0), rng.uniform(0.4, 1.4))
    noise = rng.standard_normal(canvas.shape, np.float32) * rng.uniform(0, 6)
    return (canvas + noise).clip(0, 255).astype(np.uint8), faces


def portraits_of(paths, splits):
    """Return ([FaceRecord], function from an image's name to its path) of portraits with a box and landmarks in some splits; images get the number of their file."""
    found = []
    for number, path in enumerate(paths):
        for face in record.read(path):
            if (
                face.box is not None
                and face.landmarks is not None
                and face.split in splits
                and face.box[3] - face.box[1] >= SMALLEST
            ):
                face.image = f"{number}:{face.image}"
                found.append(face)
    return found, functools.partial(_place, [os.path.dirname(path) for path in paths])


def _place(folders, name):
    number, image = name.split(":", 1)
    return os.path.join(folders[int(number)], image)


def _make(items, out, seed, paths, splits):
    portraits, folder_of = _portraits(tuple(paths), tuple(splits))
    lines = []
    for index in items:
        image, faces = compose(seed, index, portraits, folder_of)
        name = f"images/{index:06d}.jpg"
        files.write_image(
            os.path.join(out, name),
            image,
            quality=int(np.random.default_rng([seed, 22, index]).integers(70, 97)),
        )
        for face in faces:
            face.image = name
        lines.append("".join(map(record.to_line, faces or [record.FaceRecord(name)])))
    return lines


_portraits = functools.lru_cache(maxsize=1)(portraits_of)


@command
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", nargs="+", required=True, help="records of portraits")
    parser.add_argument("--split", nargs="+", default=["train"], help="parts of them to take")
    parser.add_argument("--count", type=int, required=True, help="scenes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", required=True, help="new folder for pictures and records.jsonl")
    args = parser.parse_args(argv)
    if not portraits_of(args.records, args.split)[0]:
        raise InputError(
            f"{', '.join(args.records)}: no portrait with box and landmarks in {', '.join(args.split)}"
        )
    with (
        files.replacing_folder(args.out) as partial,
        open(os.path.join(partial, "records.jsonl"), "w", encoding="utf-8") as stream,
    ):
        os.makedirs(os.path.join(partial, "images"))
        progress = Progress("composing scenes", args.count)
        work = functools.partial(
            _make, out=partial, seed=args.seed, paths=args.records, splits=args.split
        )
        for _, lines in in_order(work, range(args.count), chunk=CHUNK):
            stream.write(lines)
            progress.step()
    print(f"{args.out}: {args.count} scenes")


if __name__ == "__main__":
    sys.exit(main())
