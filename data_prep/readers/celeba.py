"""CelebA (Liu et al. 2015): smile, gender, identity and five landmarks of 202,599 aligned pictures.

The pictures are the aligned ones, 178x218. Five points say where a face is but not how large it is:
the box is the rectangle of all 21 points of the canonical face, fitted to the five. Their list is
optional; without it the box is where aligned pictures have the face, at any size of picture. `Male`
+1 is gender 0.
"""

import os

import numpy as np

from allinone import landmarks
from allinone.errors import InputError
from allinone.record import FaceRecord
from data_prep import rough_boxes
from data_prep.reader import Dropped, Reader
from data_prep.tables import lines

ATTRIBUTES = "Anno/list_attr_celeba.txt"
IDENTITIES = "Anno/identity_CelebA.txt"
PARTITION = "Eval/list_eval_partition.txt"
POINTS = "Anno/list_landmarks_align_celeba.txt"
PICTURES = "Img/img_align_celeba"
SPLITS = {"0": "train", "1": "val", "2": "test"}
# x1, y1, x2, y2 as shares of the picture: means of 8,771 pictures whose 68 points a net has found
ALIGNED = (0.23, 0.35, 0.77, 0.86)
# Places among the 21 landmarks: eye centres, nose, mouth corners, the left one in the image first
FIVE = (7, 10, 14, 17, 19)


def attributes(path):
    """Yield (picture, {attribute: 1 or -1}) of each line of the list of attributes, or a Dropped.

    InputError where the list has not the attributes Male and Smiling.
    """
    names = None
    for place, text in lines(path):
        words = text.split()
        if place == 1:
            continue  # the number of pictures
        if place == 2:
            names = words
            missing = {"Male", "Smiling"} - set(names)
            if missing:
                raise InputError(
                    f"{path}, line 2: no attribute {', '.join(sorted(missing))}; "
                    "is it the original file?"
                )
        elif len(words) != len(names) + 1 or not set(words[1:]) <= {"1", "-1"}:
            yield Dropped(f"{path}, line {place}", "attributes do not fit", text[:60])
        else:
            yield words[0], dict(zip(names, map(int, words[1:])))


def by_picture(path, count, skip=0):
    """Return {picture: its `count` words} of a list, whose first `skip` lines are no pictures.

    Malformed lines are left out.
    """
    split = (text.split() for place, text in lines(path) if place > skip)
    return {words[0]: words[1:] for words in split if len(words) == count + 1}


def place_of(folder, picture, points):
    """Return (landmarks, box) of a picture by its five points, {picture: [x, y, ...]}.

    landmarks is None where there is no list of points (None). ValueError where a point is no
    number, InputError where the points fit no face.
    """
    if points is None:
        width, height = rough_boxes.size_of(os.path.join(folder, PICTURES, picture))
        return None, [share * side for share, side in zip(ALIGNED, (width, height) * 2)]
    known = np.full((landmarks.COUNT, 2), np.nan)
    known[list(FIVE)] = np.reshape([float(word) for word in points[picture]], (5, 2))
    marks = [point if np.isfinite(point[0]) else None for point in known.tolist()]
    return marks, rough_boxes.from_points(known)


def rows(folder):
    """Yield the rows of the list of attributes, in its order."""
    identities = by_picture(os.path.join(folder, IDENTITIES), 1)
    splits = by_picture(os.path.join(folder, PARTITION), 1)
    path = os.path.join(folder, POINTS)
    points = by_picture(path, 10, skip=2) if os.path.isfile(path) else None
    for row in attributes(os.path.join(folder, ATTRIBUTES)):
        if isinstance(row, Dropped):
            yield row
            continue
        picture, values = row
        try:
            yield FaceRecord(
                f"{PICTURES}/{picture}",
                identity=int(identities[picture][0]),
                split=SPLITS[splits[picture][0]],
                gender=int(values["Male"] < 0),
                smile=int(values["Smiling"] > 0),
                **dict(zip(("landmarks", "box"), place_of(folder, picture, points))),
            )
        except KeyError:
            missing = "landmarks, identity or partition is missing"
            yield Dropped(picture, "not in every list", missing)
        except ValueError as error:
            yield Dropped(picture, "landmarks or identity do not fit", str(error))
        except InputError as error:
            yield Dropped(picture, "landmarks do not fit", str(error))


READER = Reader(
    name="celeba",
    title="CelebA",
    needs=(ATTRIBUTES, IDENTITIES, PARTITION, PICTURES),
    rows=rows,
    optional=(POINTS,),
    tree="`Anno/{list_attr_celeba,identity_CelebA}.txt`, `Eval/list_eval_partition.txt`, "
    "`Img/img_align_celeba/*.jpg`; optional `Anno/list_landmarks_align_celeba.txt`",
    faces="202,599",
    ask="MMLAB, Chinese University of Hong Kong",
    splits=tuple(SPLITS.values()),
    trains={"smile": ("train", "val"), "gender": ("train", "val")},
    validates={"smile": ("test",), "gender": ("test",)},
)
