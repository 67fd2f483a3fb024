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
from data_prep.tables import lines, number

ATTRIBUTES = "Anno/list_attr_celeba.txt"
IDENTITIES = "Anno/identity_CelebA.txt"
PARTITION = "Eval/list_eval_partition.txt"
POINTS = "Anno/list_landmarks_align_celeba.txt"
PICTURES = "Img/img_align_celeba"
OTHER_LISTS = {IDENTITIES: (1, 0), PARTITION: (1, 0), POINTS: (10, 2)}  # {list: (words, header)}
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
    """Return ({picture: its `count` words}, [Dropped]) of a list.

    The first `skip` lines are no pictures. Malformed lines, and repetitions, are dropped.
    """
    found, dropped = {}, []
    for place, text in lines(path):
        words = text.split()
        if place <= skip or not words:
            continue
        if len(words) != count + 1:
            dropped.append(Dropped(f"{path}, line {place}", "line does not fit", text[:60]))
        elif words[0] in found:
            dropped.append(Dropped(f"{path}, line {place}", "there twice", words[0]))
        else:
            found[words[0]] = words[1:]
    return found, dropped


def place_of(folder, picture, words):
    """Return (landmarks, box) of a picture by its five points, x y x y ... as words.

    landmarks is None where there is no list of points (None). InputError where the points fit no
    face or are no numbers.
    """
    if words is None:
        width, height = rough_boxes.size_of(os.path.join(folder, PICTURES, picture))
        return None, [share * side for share, side in zip(ALIGNED, (width, height) * 2)]
    numbers = [number(word) for word in words]
    if None in numbers:
        raise InputError(f"not ten numbers: {' '.join(words)}")
    known = np.full((landmarks.COUNT, 2), np.nan)
    known[list(FIVE)] = np.reshape(numbers, (5, 2))
    marks = [point if np.isfinite(point[0]) else None for point in known.tolist()]
    return marks, rough_boxes.from_points(known)


def face(folder, picture, values, lists):
    """Return the FaceRecord of a picture, or a Dropped.

    values: {attribute: 1 or -1}; lists: {other list: {picture: its words}}.
    """
    lacking = [name for name, words in lists.items() if picture not in words]
    if lacking:
        return Dropped(picture, "not in every list", f"missing in {', '.join(lacking)}")
    (identity,), (part,) = lists[IDENTITIES][picture], lists[PARTITION][picture]
    if not identity.isdecimal() or part not in SPLITS:
        return Dropped(picture, "identity or partition does not fit", f"'{identity}', '{part}'")
    try:
        marks, box = place_of(folder, picture, lists.get(POINTS, {}).get(picture))
    except InputError as error:
        return Dropped(picture, "landmarks do not fit", str(error))
    return FaceRecord(
        f"{PICTURES}/{picture}",
        identity=int(identity),
        split=SPLITS[part],
        gender=int(values["Male"] < 0),
        smile=int(values["Smiling"] > 0),
        landmarks=marks,
        box=box,
    )


def rows(folder):
    """Yield the rows of the list of attributes, in its order, and what is in other lists alone."""
    lists, strays = {}, set()
    for name, shape in OTHER_LISTS.items():
        path = os.path.join(folder, name)
        if name != POINTS or os.path.isfile(path):
            lists[name], dropped = by_picture(path, *shape)
            strays |= set(lists[name])
            yield from dropped
    for row in attributes(os.path.join(folder, ATTRIBUTES)):
        if isinstance(row, Dropped):
            yield row
        else:
            picture, values = row
            strays.discard(picture)
            yield face(folder, picture, values, lists)
    for picture in sorted(strays):
        yield Dropped(picture, "not in every list", f"missing in {ATTRIBUTES}")


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
