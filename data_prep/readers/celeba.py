"""CelebA (Liu et al. 2015): smile, gender, identity and five landmarks of 202,599 aligned pictures.

The pictures are the aligned ones, 178x218. Five points know where a face is but not how large: the box is the rectangle of
all 21 points of the canonical face, laid on the five. Without their list, which may be missing, the box is where aligned
pictures, of any size, have it. `Male` +1 is gender 0.
"""

import os

import numpy as np

from allinone.errors import InputError
from allinone.record import FaceRecord
from data_prep import rough_boxes
from data_prep.reader import Dropped, Reader
from data_prep.tables import lines

ATTRIBUTES, IDENTITIES, PARTITION, POINTS, PICTURES = (
    "Anno/list_attr_celeba.txt",
    "Anno/identity_CelebA.txt",
    "Eval/list_eval_partition.txt",
    "Anno/list_landmarks_align_celeba.txt",
    "Img/img_align_celeba",
)
NEEDS = (ATTRIBUTES, IDENTITIES, PARTITION, PICTURES)
SPLITS = {"0": "train", "1": "val", "2": "test"}
ALIGNED = (
    0.23,
    0.35,
    0.77,
    0.86,
)  # x1, y1, x2, y2 as shares: means over 8,771 pictures whose 68 points a net has found
FIVE = (
    7,
    10,
    14,
    17,
    19,
)  # eye centres, nose, mouth corners, left in the image first: places among AFLW's 21


def attributes(path):
    """Yield (picture, {attribute: 1 or -1}) of the attribute list, Dropped where a line does not fit."""
    names = None
    for place, text in lines(path):
        words = text.split()
        if place == 1:
            continue  # how many there should be
        if place == 2:
            names = words
            missing = {"Male", "Smiling"} - set(names)
            if missing:
                raise InputError(
                    f"{path}, line 2: no attribute {', '.join(sorted(missing))}; is it the original file?"
                )
        elif len(words) != len(names) + 1 or not set(words[1:]) <= {"1", "-1"}:
            yield Dropped(f"{path}, line {place}", "attributes do not fit", text[:60])
        else:
            yield words[0], dict(zip(names, map(int, words[1:])))


def by_picture(path, count, skip=0):
    """Return {picture: [words]} of a list of pictures with `count` words each; lines that do not fit are left out."""
    split = (text.split() for place, text in lines(path) if place > skip)
    return {words[0]: words[1:] for words in split if len(words) == count + 1}


def place_of(folder, picture, points):
    """Return (landmarks, box) of a picture by its five points, {picture: [x, y, ...]}; (None, box) where there is no list of them."""
    if points is None:
        width, height = rough_boxes.size_of(os.path.join(folder, PICTURES, picture))
        return None, [share * side for share, side in zip(ALIGNED, (width, height) * 2)]
    known = np.full((21, 2), np.nan)
    known[list(FIVE)] = np.reshape([float(word) for word in points[picture]], (5, 2))
    return [p if np.isfinite(p[0]) else None for p in known.tolist()], rough_boxes.from_points(
        known
    )


def rows(folder):
    """Yield the records of the attribute list, in its order."""
    identities, splits = [
        by_picture(os.path.join(folder, path), 1) for path in (IDENTITIES, PARTITION)
    ]
    path = os.path.join(folder, POINTS)
    points = by_picture(path, 10, skip=2) if os.path.isfile(path) else None
    for row in attributes(os.path.join(folder, ATTRIBUTES)):
        if isinstance(row, Dropped):
            yield row
            continue
        picture, values = row
        try:
            identity, split = int(identities[picture][0]), SPLITS[splits[picture][0]]
            marks, box = place_of(folder, picture, points)
        except KeyError:
            yield Dropped(
                picture, "not in every list", "landmarks, identity or partition is missing"
            )
        except ValueError as error:
            yield Dropped(picture, "landmarks or identity do not fit", str(error))
        except InputError as error:
            yield Dropped(picture, "landmarks do not fit", str(error))
        else:
            yield FaceRecord(
                f"{PICTURES}/{picture}",
                box=box,
                landmarks=marks,
                gender=int(values["Male"] < 0),
                smile=int(values["Smiling"] > 0),
                identity=identity,
                split=split,
            )


READER = Reader(
    name="celeba",
    title="CelebA",
    needs=NEEDS,
    rows=rows,
    trains={"smile": ("train", "val"), "gender": ("train", "val")},
    validates={"smile": ("test",), "gender": ("test",)},
)
