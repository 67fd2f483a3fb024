"""Write drawn faces as the training sets are distributed; data_prep.layouts calls the writers."""

import contextlib
import datetime
import os
import sqlite3

import numpy as np

from allinone import landmarks, tasks
from data_prep.layout_files import cells, copy, save_matlab, write_table, write_text
from data_prep.readers import adience, aflw, celeba, custom, imdb

AFLW_TABLES = """
CREATE TABLE FaceImages(image_id INTEGER PRIMARY KEY, db_id TEXT, file_id TEXT, filepath TEXT,
                        bw INTEGER, width INTEGER, height INTEGER);
CREATE TABLE Faces(face_id INTEGER PRIMARY KEY, file_id TEXT, db_id TEXT);
CREATE TABLE FaceRect(face_id INTEGER, x INTEGER, y INTEGER, w INTEGER, h INTEGER,
                      annot_type_id INTEGER);
CREATE TABLE FacePose(face_id INTEGER, roll REAL, pitch REAL, yaw REAL, annot_type_id INTEGER);
CREATE TABLE FaceMetaData(face_id INTEGER, sex TEXT, occluded INTEGER, glasses INTEGER, bw INTEGER,
                          annot_type_id INTEGER);
CREATE TABLE FeatureCoordTypes(feature_id INTEGER PRIMARY KEY, descr TEXT, code TEXT,
                               x REAL, y REAL, z REAL);
CREATE TABLE FeatureCoords(face_id INTEGER, feature_id INTEGER, x REAL, y REAL,
                           annot_type_id INTEGER);
"""
BANDS = ((0, 2), (4, 6), (8, 12), (15, 20), (25, 32), (38, 43), (48, 53), (60, 100))  # of Adience
ADIENCE_EXTRA = ("x", "y", "dx", "dy", "tilt_ang", "fiducial_yaw_angle", "fiducial_score")
# Some of CelebA's forty attributes
ATTRIBUTES = ("5_o_Clock_Shadow", "Eyeglasses", "Male", "Smiling", "Wearing_Hat", "Young")
FIVE_POINTS = ("lefteye", "righteye", "nose", "leftmouth", "rightmouth")
MORPH_COLUMNS = ("id_num", "picture_num", "dob", "doa", "race", "gender", "age", "photo")
YEAR_TAKEN = 2005  # of all photos in imdb.mat


def _insert(connection, table, *values):
    marks = ", ".join("?" * len(values))
    connection.execute(f"INSERT INTO {table} VALUES ({marks})", values)


def _insert_face(connection, number, file_id, face):
    """Add a face to all tables of AFLW but FaceImages."""
    x1, y1, x2, y2 = np.rint(face.box).astype(int).tolist()
    angles = np.radians(np.multiply(face.pose, [-1, 1, -1])).tolist()  # the inverse of aflw.pose_of
    _insert(connection, "Faces", number, file_id, "aflw")
    _insert(connection, "FaceRect", number, x1, y1, x2 - x1, y2 - y1, 0)
    _insert(connection, "FacePose", number, *angles, 0)
    _insert(connection, "FaceMetaData", number, "mf"[face.gender], 0, 0, 0, 0)
    for place, (point, seen) in enumerate(zip(face.landmarks, face.visibility), 1):
        if seen:
            _insert(connection, "FeatureCoords", number, place, *map(float, point), 0)


def write_aflw(faces, source, out):
    """Write aflw.sqlite with the tables of the original, and the pictures under flickr/0."""
    os.makedirs(out, exist_ok=True)
    pictures = {}  # {drawn picture: its name in the set}
    with contextlib.closing(sqlite3.connect(os.path.join(out, aflw.DATABASE))) as connection:
        connection.executescript(AFLW_TABLES)
        for place, name in enumerate(landmarks.NAMES, 1):
            _insert(connection, "FeatureCoordTypes", place, name, "", 0, 0, 0)
        for number, face in enumerate(faces, 1):
            if face.image not in pictures:
                file_id = pictures[face.image] = f"image{len(pictures):05d}.jpg"
                path = f"0/{file_id}"
                copy(source, face.image, os.path.join(out, aflw.PICTURES, path))
                _insert(connection, "FaceImages", len(pictures), "aflw", file_id, path, 0, 0, 0)
            _insert_face(connection, number, pictures[face.image], face)
        connection.commit()


def write_casia(faces, source, out):
    """Write a folder for each person, and the optional table of genders."""
    for number, face in enumerate(faces):
        copy(source, face.image, os.path.join(out, f"{face.identity:07d}", f"{number:03d}.jpg"))
    genders = sorted({(f"{face.identity:07d}", "mf"[face.gender]) for face in faces})
    write_table(os.path.join(out, "genders.csv"), ("id", "gender"), genders)


def write_morph(faces, source, out):
    """Write the csv and Album2; ages are whole years."""
    rows = []
    for number, face in enumerate(faces):
        person, sex, age = f"{face.identity:06d}", "MF"[face.gender], round(face.age)
        photo = f"Album2/{person}_{number:02d}{sex}{age}.JPG"
        rows.append([person, number, "01/01/1960", "01/01/2005", "W", sex, age, photo])
        copy(source, face.image, os.path.join(out, photo))
    write_table(os.path.join(out, "MORPH_Album2.csv"), MORPH_COLUMNS, rows)


def write_imdb(faces, source, out, name="imdb"):
    """Write imdb.mat (or wiki.mat), and the pictures.

    Dates are days of birth and years, genders the other way round, boxes counted from 1.
    """
    middle = datetime.date(YEAR_TAKEN, 7, 1).toordinal() + imdb.DAY_ZERO
    paths, boxes = [], []
    for number, face in enumerate(faces):
        paths.append(f"{number % 100:02d}/nm{face.identity:07d}_{number}.jpg")
        x1, y1, x2, y2 = face.box
        boxes.append(np.float64([[x1 + 1, y1 + 1, x2, y2]]))
    struct = dict(
        dob=[middle - round(face.age * imdb.YEAR) for face in faces],
        photo_taken=[YEAR_TAKEN] * len(faces),
        full_path=cells(paths),
        gender=[1.0 - face.gender for face in faces],
        name=cells([f"person {face.identity}" for face in faces]),
        face_location=cells(boxes),
        face_score=[3.5] * len(faces),
        second_face_score=[np.nan] * len(faces),
        celeb_id=[face.identity for face in faces],
    )
    os.makedirs(out, exist_ok=True)
    save_matlab(os.path.join(out, f"{name}.mat"), {name: struct})
    for path, face in zip(paths, faces):
        copy(source, face.image, os.path.join(out, path))


def write_wiki(faces, source, out):
    """Write wiki.mat and its pictures."""
    write_imdb(faces, source, out, "wiki")


def _band_of(age):
    """Return Adience's text of an age: its band, or the year where it is in none."""
    band = next((band for band in BANDS if band[0] <= age <= band[1]), None)
    return f"({band[0]}, {band[1]})" if band else str(round(age))


def write_adience(faces, source, out):
    """Write five folds by person."""
    rows = [[] for _ in adience.FOLDS]
    for number, face in enumerate(faces):
        user, name = f"{face.identity:08d}@N0", f"{number}_o.jpg"
        labels = [_band_of(face.age), "mf"[face.gender]]
        row = [user, name, number, *labels, 0, 0, 100, 100, 0, 0, 50]
        rows[face.identity % len(rows)].append(row)
        picture = f"coarse_tilt_aligned_face.{number}.{name}"
        copy(source, face.image, os.path.join(out, adience.PICTURES, user, picture))
    for path, some in zip(adience.FOLDS, rows):
        header = (*adience.COLUMNS, *ADIENCE_EXTRA)
        write_table(os.path.join(out, path), header, some, "\t")


def _attribute_line(name, face):
    known = {"Male": 1 - 2 * face.gender, "Smiling": 2 * face.smile - 1}
    return " ".join([name, *(f"{known.get(attribute, -1):2d}" for attribute in ATTRIBUTES)])


def _points_line(name, face):
    points = np.rint(face.landmark_array()[list(celeba.FIVE)]).astype(int)
    return " ".join(map(str, [name, *points.ravel()]))


def write_celeba(faces, source, out):
    """Write the lists of attributes, identities, parts and five whole-numbered points; pictures."""
    named = [(f"{number:06d}.jpg", face) for number, face in enumerate(faces, 1)]
    points = " ".join(f"{point}_x {point}_y" for point in FIVE_POINTS)
    lists = {
        celeba.ATTRIBUTES: [str(len(faces)), " ".join(ATTRIBUTES)],
        celeba.IDENTITIES: [f"{name} {face.identity}" for name, face in named],
        celeba.PARTITION: [f"{name} {number % 3}" for number, (name, _) in enumerate(named)],
        celeba.POINTS: [str(len(faces)), points],
    }
    lists[celeba.ATTRIBUTES] += [_attribute_line(name, face) for name, face in named]
    lists[celeba.POINTS] += [_points_line(name, face) for name, face in named]
    for path, lines in lists.items():
        write_text(os.path.join(out, path), "\n".join(lines) + "\n")
    for name, face in named:
        copy(source, face.image, os.path.join(out, celeba.PICTURES, name))


def write_utkface(faces, source, out):
    """Write pictures whose names hold the age in whole years and the gender."""
    for number, face in enumerate(faces):
        name = f"{round(face.age)}_{face.gender}_0_{20170101000000 + number}.jpg"
        copy(source, face.image, os.path.join(out, name))


def _texts_of(face, task):
    """Return the fields of a task's columns in faces.csv; empty ones where a number is unknown."""
    value = getattr(face, task.label)
    columns = custom.columns_of(task)
    if task.kind == tasks.NUMBER:
        return [getattr(face, column) for column in columns]
    if task.kind == tasks.POINTS and value is not None:
        return [number for point in value for number in (point or (None, None))]
    if task.kind == tasks.DESCRIPTOR and value is not None:
        return [f"person {value}"]
    if task.name == "gender" and value is not None:
        return ["mf"[value]]
    if len(columns) > 1:
        return value or [None] * len(columns)
    return [value]


def write_custom(faces, source, out):
    """Write faces.csv with every label that the table of tasks knows."""
    header = ["image"]
    for task in tasks.TASKS:
        header += custom.columns_of(task)
    rows = []
    for face in faces:
        row = [face.image]
        for task in tasks.TASKS:
            row += _texts_of(face, task)
        rows.append(row)
    for image in {face.image for face in faces}:
        copy(source, image, os.path.join(out, image))
    write_table(os.path.join(out, "faces.csv"), header, rows)
