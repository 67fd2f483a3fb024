"""AFLW (Koestinger et al. 2011): boxes, 21 landmarks with visibility, pose and gender of 25,993 faces, from aflw.sqlite.

Pose is stored in radians, some of it a turn too many. Its yaw and roll have the signs opposite to ours, its pitch has ours: the yaw is
measured on the set's own points (tests/data_prep/test_reference.py), the others are as those who train on AFLW and 300W-LP together take
them. A landmark that has no row is not visible. The paper draws 1,000 pictures for its tests: here too,
by a fixed seed; their names are written to aflw_test.txt. Of their faces it draws 450 for the landmarks, a third of them with
|yaw| up to 30, to 60 and to 90 degrees (section IV-B): their split is test_landmarks, the others' test.
"""

import os
import sqlite3

import numpy as np

from allinone import files
from allinone.errors import InputError
from allinone.record import FaceRecord
from data_prep.reader import Dropped, Reader

DATABASE, PICTURES, TEST_LIST = "aflw.sqlite", "flickr", "aflw_test.txt"
NEEDS = (DATABASE, PICTURES)
TEST_PICTURES, PER_BIN, SEED = 1000, 150, 1  # the paper's numbers; our seed
TEST_SHARE = (
    0.1  # our choice: of a set that is smaller than AFLW, so that most of it is learnt from
)
YAW_BINS = (30, 60, 90)  # degrees
TABLES = {
    "Faces": ("face_id", "file_id"),
    "FaceImages": ("file_id", "filepath"),
    "FaceRect": ("face_id", "x", "y", "w", "h"),
    "FacePose": ("face_id", "roll", "pitch", "yaw"),
    "FeatureCoords": ("face_id", "feature_id", "x", "y"),
    "FaceMetaData": ("face_id", "sex"),
}
# One row a face; its landmarks in one text, so that memory holds one face at a time.
QUERY = """
SELECT f.face_id, i.filepath, r.x, r.y, r.w, r.h, p.roll, p.pitch, p.yaw, m.sex,
       (SELECT group_concat(c.feature_id || ' ' || c.x || ' ' || c.y, ';') FROM FeatureCoords c WHERE c.face_id = f.face_id)
FROM Faces f JOIN FaceImages i ON i.file_id = f.file_id LEFT JOIN FaceRect r ON r.face_id = f.face_id
LEFT JOIN FacePose p ON p.face_id = f.face_id LEFT JOIN FaceMetaData m ON m.face_id = f.face_id
ORDER BY i.filepath, f.face_id
"""


def connect(path):
    """Open the database for reading; InputError where it is none, or a table or column is missing."""
    try:
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        for table, columns in TABLES.items():
            there = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
            missing = [column for column in columns if column not in there]
            if missing:
                raise InputError(
                    f"{path}: table {table} has no column {', '.join(missing)}; is it the original aflw.sqlite?"
                )
    except sqlite3.Error as error:
        raise InputError(
            f"{path}: not an SQLite database, or damaged ({error}); get it again"
        ) from None
    return connection


def points_of(text):
    """Return (landmarks, visibility) of "feature_id x y;..."; absent ones are hidden."""
    marks = [None] * 21
    for part in (text or "").split(";") if text else ():
        feature, x, y = part.split()
        if not 1 <= int(feature) <= 21:
            raise ValueError(f"feature {feature}")
        marks[int(feature) - 1] = [float(x), float(y)]
    return marks, [int(mark is not None) for mark in marks]


def pose_of(roll, pitch, yaw):
    """Return [roll, pitch, yaw] in degrees, -180 to 180, with our signs (allinone.pose), of AFLW's radians."""
    return ((np.degrees([-roll, pitch, -yaw]) + 180) % 360 - 180).tolist()


def test_pictures(connection):
    """Return the pictures that are drawn for testing."""
    names = sorted({path for (path,) in connection.execute("SELECT filepath FROM FaceImages")})
    count = min(TEST_PICTURES, int(TEST_SHARE * len(names)))
    return set(np.random.default_rng(SEED).permutation(names)[:count].tolist())


def landmark_faces(connection, test):
    """Return the face_ids of the test pictures that are drawn for the landmark benchmark, at most PER_BIN of a bin of |yaw|."""
    bins = [[] for _ in YAW_BINS]
    for face, path, yaw in connection.execute(
        "SELECT f.face_id, i.filepath, p.yaw FROM Faces f JOIN FaceImages i ON i.file_id = f.file_id "
        "JOIN FacePose p ON p.face_id = f.face_id JOIN FaceRect r ON r.face_id = f.face_id ORDER BY f.face_id"
    ):
        place = np.searchsorted(YAW_BINS, abs(pose_of(0, 0, yaw)[2]))
        if path in test and place < len(bins):
            bins[place].append(face)
    rng = np.random.default_rng(SEED)
    return {face for faces in bins for face in rng.permutation(faces)[:PER_BIN].tolist()}


def rows(folder):
    """Yield the records of all faces, those of one picture together; writes the list of the test pictures."""
    connection = connect(os.path.join(folder, DATABASE))
    test = test_pictures(connection)
    measured = landmark_faces(connection, test)
    with files.replacing(os.path.join(folder, TEST_LIST)) as stream:
        stream.write("".join(f"{name}\n" for name in sorted(test)))
    for face_id, path, x, y, w, h, roll, pitch, yaw, sex, features in connection.execute(QUERY):
        place = f"{path}, face {face_id}"
        if None in (x, y, w, h):
            yield Dropped(place, "no rectangle")
            continue
        try:
            marks, seen = points_of(features)
        except ValueError as error:
            yield Dropped(place, "landmarks do not fit", str(error))
            continue
        pose = None if None in (roll, pitch, yaw) else pose_of(roll, pitch, yaw)
        yield FaceRecord(
            f"{PICTURES}/{path}",
            box=[float(x), float(y), float(x + w), float(y + h)],
            landmarks=marks,
            visibility=seen,
            pose=pose,
            gender={"m": 0, "f": 1}.get(sex),
            split="train"
            if path not in test
            else "test_landmarks"
            if face_id in measured
            else "test",
        )


READER = Reader(
    name="aflw",
    title="AFLW",
    needs=NEEDS,
    rows=rows,
    trains={"det": ("train",)},
    validates={"det": ("test", "test_landmarks")},
)
