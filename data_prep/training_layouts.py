"""Write drawn faces as the training sets are distributed; see data_prep.layouts."""

import datetime
import os
import sqlite3

import numpy as np
import scipy.io

from allinone import landmarks
from data_prep.layout_files import cells, copy, write_table, write_text
from data_prep.readers import adience, aflw, celeba, custom, imdb

BANDS = ((0, 2), (4, 6), (8, 12), (15, 20), (25, 32), (38, 43), (48, 53), (60, 100))  # of Adience
ATTRIBUTES = (
    "5_o_Clock_Shadow",
    "Eyeglasses",
    "Male",
    "Smiling",
    "Wearing_Hat",
    "Young",
)  # some of CelebA's forty
YEAR_TAKEN = 2005


def write_aflw(faces, source, out):
    """Write aflw.sqlite with the tables of the original, and the pictures under flickr/0."""
    os.makedirs(out, exist_ok=True)
    connection = sqlite3.connect(os.path.join(out, aflw.DATABASE))
    connection.executescript("""
        CREATE TABLE FaceImages(image_id INTEGER PRIMARY KEY, db_id TEXT, file_id TEXT, filepath TEXT, bw INTEGER, width INTEGER, height INTEGER);
        CREATE TABLE Faces(face_id INTEGER PRIMARY KEY, file_id TEXT, db_id TEXT);
        CREATE TABLE FaceRect(face_id INTEGER, x INTEGER, y INTEGER, w INTEGER, h INTEGER, annot_type_id INTEGER);
        CREATE TABLE FacePose(face_id INTEGER, roll REAL, pitch REAL, yaw REAL, annot_type_id INTEGER);
        CREATE TABLE FaceMetaData(face_id INTEGER, sex TEXT, occluded INTEGER, glasses INTEGER, bw INTEGER, annot_type_id INTEGER);
        CREATE TABLE FeatureCoordTypes(feature_id INTEGER PRIMARY KEY, descr TEXT, code TEXT, x REAL, y REAL, z REAL);
        CREATE TABLE FeatureCoords(face_id INTEGER, feature_id INTEGER, x REAL, y REAL, annot_type_id INTEGER);""")
    connection.executemany(
        "INSERT INTO FeatureCoordTypes VALUES (?, ?, '', 0, 0, 0)", enumerate(landmarks.NAMES, 1)
    )
    pictures = {}
    for number, face in enumerate(faces, 1):
        if face.image not in pictures:
            pictures[face.image] = f"image{len(pictures):05d}.jpg"
            path = f"0/{pictures[face.image]}"
            copy(source, face.image, os.path.join(out, aflw.PICTURES, path))
            connection.execute(
                "INSERT INTO FaceImages VALUES (?, 'aflw', ?, ?, 0, 0, 0)",
                (len(pictures), pictures[face.image], path),
            )
        x1, y1, x2, y2 = np.rint(face.box)
        connection.execute(
            "INSERT INTO Faces VALUES (?, ?, 'aflw')", (number, pictures[face.image])
        )
        connection.execute(
            "INSERT INTO FaceRect VALUES (?, ?, ?, ?, ?, 0)",
            (number, int(x1), int(y1), int(x2 - x1), int(y2 - y1)),
        )
        connection.execute(
            "INSERT INTO FacePose VALUES (?, ?, ?, ?, 0)",
            (number, *np.radians(np.multiply(face.pose, [-1, 1, -1])).tolist()),
        )
        connection.execute(
            "INSERT INTO FaceMetaData VALUES (?, ?, 0, 0, 0, 0)", (number, "mf"[face.gender])
        )
        connection.executemany(
            "INSERT INTO FeatureCoords VALUES (?, ?, ?, ?, 0)",
            [
                (number, place + 1, *map(float, point))
                for place, (point, seen) in enumerate(zip(face.landmarks, face.visibility))
                if seen
            ],
        )
    connection.commit()
    connection.close()


def write_casia(faces, source, out):
    """Write a folder for each person, and the genders that a user may bring."""
    for number, face in enumerate(faces):
        copy(source, face.image, os.path.join(out, f"{face.identity:07d}", f"{number:03d}.jpg"))
    write_table(
        os.path.join(out, "genders.csv"),
        ("id", "gender"),
        sorted({(f"{face.identity:07d}", "mf"[face.gender]) for face in faces}),
    )


def write_morph(faces, source, out):
    """Write the csv and Album2; ages are whole years."""
    rows = []
    for number, face in enumerate(faces):
        name = f"{face.identity:06d}_{number:02d}{'MF'[face.gender]}{round(face.age)}.JPG"
        rows.append(
            [
                f"{face.identity:06d}",
                number,
                "01/01/1960",
                "01/01/2005",
                "W",
                "MF"[face.gender],
                round(face.age),
                f"Album2/{name}",
            ]
        )
        copy(source, face.image, os.path.join(out, "Album2", name))
    write_table(
        os.path.join(out, "MORPH_Album2.csv"),
        ("id_num", "picture_num", "dob", "doa", "race", "gender", "age", "photo"),
        rows,
    )


def write_imdb(faces, source, out, name="imdb"):
    """Write imdb.mat (or wiki.mat): days of birth, years, genders the other way round, boxes counted from 1."""
    middle = datetime.date(YEAR_TAKEN, 7, 1).toordinal() + imdb.DAY_ZERO
    paths = [
        f"{number % 100:02d}/nm{face.identity:07d}_{number}.jpg"
        for number, face in enumerate(faces)
    ]
    boxes = [
        np.float64([[face.box[0] + 1, face.box[1] + 1, face.box[2], face.box[3]]]) for face in faces
    ]
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
    scipy.io.savemat(os.path.join(out, f"{name}.mat"), {name: struct})
    for path, face in zip(paths, faces):
        copy(source, face.image, os.path.join(out, path))


def write_wiki(faces, source, out):
    """Write wiki.mat and its pictures."""
    write_imdb(faces, source, out, "wiki")


def write_adience(faces, source, out):
    """Write five folds by person; ages as bands where one fits, else as a year."""
    rows = [[] for _ in adience.FOLDS]
    for number, face in enumerate(faces):
        user, name = f"{face.identity:08d}@N0", f"{number}_o.jpg"
        band = next((band for band in BANDS if band[0] <= face.age <= band[1]), None)
        rows[face.identity % len(rows)].append(
            [
                user,
                name,
                number,
                f"({band[0]}, {band[1]})" if band else str(round(face.age)),
                "mf"[face.gender],
                0,
                0,
                100,
                100,
                0,
                0,
                50,
            ]
        )
        copy(
            source,
            face.image,
            os.path.join(out, "faces", user, f"coarse_tilt_aligned_face.{number}.{name}"),
        )
    header = (
        *adience.COLUMNS,
        "x",
        "y",
        "dx",
        "dy",
        "tilt_ang",
        "fiducial_yaw_angle",
        "fiducial_score",
    )
    for path, lines in zip(adience.FOLDS, rows):
        write_table(os.path.join(out, path), header, lines, "\t")


def write_celeba(faces, source, out):
    """Write lists of attributes, identities, partition and five whole-numbered points, and the pictures."""
    names = [f"{number:06d}.jpg" for number in range(1, len(faces) + 1)]
    signs = lambda face: {"Male": 1 - 2 * face.gender, "Smiling": 2 * face.smile - 1}
    points = [
        np.rint(face.landmark_array()[list(celeba.FIVE)]).astype(int).ravel() for face in faces
    ]
    listed = {
        celeba.ATTRIBUTES: [str(len(faces)), " ".join(ATTRIBUTES)]
        + [
            " ".join([name, *(f"{signs(face).get(attribute, -1):2d}" for attribute in ATTRIBUTES)])
            for name, face in zip(names, faces)
        ],
        celeba.IDENTITIES: [f"{name} {face.identity}" for name, face in zip(names, faces)],
        celeba.PARTITION: [f"{name} {number % 3}" for number, name in enumerate(names)],
        celeba.POINTS: [
            str(len(faces)),
            "lefteye_x lefteye_y righteye_x righteye_y nose_x nose_y leftmouth_x leftmouth_y rightmouth_x rightmouth_y",
        ]
        + [" ".join([name, *map(str, numbers)]) for name, numbers in zip(names, points)],
    }
    for path, text in listed.items():
        write_text(os.path.join(out, path), "\n".join(text) + "\n")
    for name, face in zip(names, faces):
        copy(source, face.image, os.path.join(out, celeba.PICTURES, name))


def write_utkface(faces, source, out):
    """Write pictures whose names tell whole years and gender."""
    for number, face in enumerate(faces):
        copy(
            source,
            face.image,
            os.path.join(out, f"{round(face.age)}_{face.gender}_0_{20170101000000 + number}.jpg"),
        )


def write_custom(faces, source, out):
    """Write faces.csv with everything that is known."""
    header = (
        "image",
        *custom.BOX,
        *custom.POSE,
        "age",
        "gender",
        "smile",
        "identity",
        *custom.POINTS,
    )
    rows = [
        [
            f.image,
            *f.box,
            *f.pose,
            f.age,
            "mf"[f.gender],
            f.smile,
            f"person {f.identity}",
            *np.ravel(f.landmarks),
        ]
        for f in faces
    ]
    for image in {face.image for face in faces}:
        copy(source, image, os.path.join(out, image))
    write_table(os.path.join(out, "faces.csv"), header, rows)
