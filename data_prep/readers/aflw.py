"""AFLW (Koestinger et al. 2011): box, 21 landmarks, visibility, pose and gender of 25,993 faces.

aflw.sqlite holds pose in radians, some of it a full turn too large. Yaw and roll have the opposite
of our signs, pitch has ours: the yaw is measured on the set's own points
(tests/data_prep/test_reference.py), the other two are as people use them who train on AFLW and
300W-LP together. A landmark without a row is hidden.

As in the paper, 1,000 pictures are drawn for tests, here by a fixed seed; aflw_test.txt lists them.
Of their faces 450 are drawn for the landmark benchmark, a third of them with |yaw| up to 30, to 60
and to 90 degrees (section IV-B): their split is test_landmarks, that of the others test.
"""

import contextlib
import os

import numpy as np

from allinone import landmarks, reading
from allinone.errors import InputError
from allinone.record import FaceRecord
from data_prep.reader import Dropped, Reader

DATABASE, PICTURES, TEST_LIST = "aflw.sqlite", "flickr", "aflw_test.txt"
TEST_PICTURES, PER_BIN, SEED = 1000, 150, 1  # the paper's numbers; our seed
TEST_SHARE = 0.1  # our choice: at most this share of a set that is smaller than AFLW
YAW_BINS = (30, 60, 90)  # degrees
TABLES = {
    "Faces": ("face_id", "file_id"),
    "FaceImages": ("file_id", "filepath"),
    "FaceRect": ("face_id", "x", "y", "w", "h"),
    "FacePose": ("face_id", "roll", "pitch", "yaw"),
    "FeatureCoords": ("face_id", "feature_id", "x", "y"),
    "FaceMetaData": ("face_id", "sex"),
}
# One row for each face, with its landmarks as one text: memory holds one face at a time.
FACES = """
SELECT f.face_id, i.filepath, r.x, r.y, r.w, r.h, p.roll, p.pitch, p.yaw, m.sex,
       (SELECT group_concat(c.feature_id || ' ' || c.x || ' ' || c.y, ';')
        FROM FeatureCoords c WHERE c.face_id = f.face_id)
FROM Faces f
LEFT JOIN FaceImages i ON i.file_id = f.file_id
LEFT JOIN FaceRect r ON r.face_id = f.face_id
LEFT JOIN FacePose p ON p.face_id = f.face_id
LEFT JOIN FaceMetaData m ON m.face_id = f.face_id
ORDER BY i.filepath, f.face_id
"""
STRAYS = """
SELECT DISTINCT r.face_id
FROM FaceRect r
LEFT JOIN Faces f ON f.face_id = r.face_id
WHERE f.face_id IS NULL
ORDER BY r.face_id
"""
YAWS = """
SELECT f.face_id, i.filepath, p.yaw
FROM Faces f
JOIN FaceImages i ON i.file_id = f.file_id
JOIN FacePose p ON p.face_id = f.face_id
JOIN FaceRect r ON r.face_id = f.face_id
WHERE typeof(p.yaw) IN ('real', 'integer')
ORDER BY f.face_id
"""


def check_tables(connection, path):
    """Raise InputError where a table or a column is missing."""
    for table, columns in TABLES.items():
        there = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
        missing = [column for column in columns if column not in there]
        if missing:
            raise InputError(
                f"{path}: table {table} has no column {', '.join(missing)}; "
                "is it the original aflw.sqlite?"
            )


@contextlib.contextmanager
def opened(folder):
    """Give the database of a folder, for reading; InputError where it is damaged or not AFLW's."""
    path = os.path.join(folder, DATABASE)
    with reading.sqlite(path, "get it again") as connection:
        check_tables(connection, path)
        yield connection


def points_of(text):
    """Return (landmarks, visibility) of "feature_id x y;..."; ValueError where it is malformed.

    Landmarks that the text lacks are None and hidden.
    """
    marks = [None] * landmarks.COUNT
    for part in text.split(";") if text else ():
        feature, x, y = part.split()
        if not 1 <= int(feature) <= landmarks.COUNT:
            raise ValueError
        marks[int(feature) - 1] = [float(x), float(y)]
    return marks, [int(mark is not None) for mark in marks]


def pose_of(roll, pitch, yaw):
    """Return [roll, pitch, yaw] in degrees, -180 to 180, with our signs, of AFLW's radians."""
    with np.errstate(invalid="ignore"):  # an infinite angle becomes NaN, which is dropped
        return ((np.degrees([-roll, pitch, -yaw]) + 180) % 360 - 180).tolist()


def test_pictures(connection):
    """Return the set of pictures that are drawn for tests."""
    paths = (path for (path,) in connection.execute("SELECT filepath FROM FaceImages"))
    names = sorted({path for path in paths if isinstance(path, str)})
    count = min(TEST_PICTURES, int(TEST_SHARE * len(names)))
    return set(np.random.default_rng(SEED).permutation(names)[:count].tolist())


def landmark_faces(connection, test):
    """Return the face_ids that are drawn for the landmark benchmark from the test pictures.

    At most PER_BIN of each bin of |yaw|.
    """
    bins = [[] for _ in YAW_BINS]
    for face_id, path, yaw in connection.execute(YAWS):
        place = np.searchsorted(YAW_BINS, abs(pose_of(0, 0, yaw)[2]))
        if path in test and place < len(bins):
            bins[place].append(face_id)
    rng = np.random.default_rng(SEED)
    chosen = set()
    for some in bins:
        chosen.update(rng.permutation(some)[:PER_BIN].tolist())
    return chosen


def face(row, split):
    """Return the FaceRecord of a row of FACES, or a Dropped."""
    face_id, path, x, y, width, height, roll, pitch, yaw, sex, features = row
    if not isinstance(path, str):
        return Dropped(f"{DATABASE}, face {face_id}", "no picture")
    place = f"{path}, face {face_id}"
    if None in (x, y, width, height):
        return Dropped(place, "no rectangle")
    try:
        marks, seen = points_of(features)
    except ValueError:
        return Dropped(place, "landmarks do not fit", features)
    try:
        x, y, width, height = map(float, (x, y, width, height))
        box = [x, y, x + width, y + height]
        pose = None if None in (roll, pitch, yaw) else pose_of(roll, pitch, yaw)
    except (TypeError, ValueError):
        words = f"({x}, {y}, {width}, {height}), ({roll}, {pitch}, {yaw})"
        return Dropped(place, "rectangle or pose does not fit", words)
    return FaceRecord(
        f"{PICTURES}/{path}",
        box=box,
        landmarks=marks,
        visibility=seen,
        pose=pose,
        gender={"m": 0, "f": 1}.get(sex),
        split=split,
    )


def rows(folder):
    """Yield the rows of all faces, by picture."""
    with opened(folder) as connection:
        test = test_pictures(connection)
        measured = landmark_faces(connection, test)
        for row in connection.execute(FACES):
            face_id, path = row[:2]
            if path not in test:
                yield face(row, "train")
            else:
                yield face(row, "test_landmarks" if face_id in measured else "test")
        for (face_id,) in connection.execute(STRAYS):
            yield Dropped(f"{DATABASE}, face {face_id}", "rectangle of a face that is not in Faces")


def test_list(folder):
    """Yield the names of the test pictures, sorted."""
    with opened(folder) as connection:
        yield from sorted(test_pictures(connection))


READER = Reader(
    name="aflw",
    title="AFLW",
    needs=(DATABASE, PICTURES),
    rows=rows,
    tree="`aflw.sqlite`, `flickr/{0,2,3}/*.jpg`",
    faces="25,993",
    ask="ICG, TU Graz",
    splits=("train", "test", "test_landmarks"),
    trains={"det": ("train",)},
    validates={"det": ("test", "test_landmarks")},
    side_files={TEST_LIST: test_list},
)
