"""Write a drawn set as other datasets are distributed, so that their readers can be tried without a download.

Each writer takes the faces of a drawn set, the folder of its pictures, and the folder of the new set, and writes what the
reader of the same name in this package reads, in the original's formats and units.
"""
import csv
import datetime
import os
import shutil
import sqlite3

import cv2
import numpy as np
import scipy.io

from allinone import files, landmarks, record
from data_prep import adience, afw, aflw, celeba, custom, fddb, fgnet, fotw, ijba, imdb, lap2015, lfw, pascal

BANDS = ((0, 2), (4, 6), (8, 12), (15, 20), (25, 32), (38, 43), (48, 53), (60, 100))    # of Adience
ATTRIBUTES = ("5_o_Clock_Shadow", "Eyeglasses", "Male", "Smiling", "Wearing_Hat", "Young")   # some of CelebA's forty
YEAR_TAKEN = 2005


def _copy(source, image, target):
    os.makedirs(os.path.dirname(target), exist_ok=True)
    shutil.copyfile(os.path.join(source, image), target)


def _write(path, text):
    with files.replacing(path) as stream:
        stream.write(text)


def _table(path, header, rows, delimiter=","):
    with files.replacing(path) as stream:
        writer = csv.writer(stream, delimiter=delimiter, lineterminator="\n")
        writer.writerows([header, *rows])


def write_celeba(faces, source, out):
    """Write lists of attributes, identities, partition and five whole-numbered points, and the pictures."""
    names = [f"{number:06d}.jpg" for number in range(1, len(faces) + 1)]
    signs = lambda face: {"Male": 1 - 2 * face.gender, "Smiling": 2 * face.smile - 1}
    points = [np.rint(face.landmark_array()[list(celeba.FIVE)]).astype(int).ravel() for face in faces]
    listed = {
        celeba.ATTRIBUTES: [str(len(faces)), " ".join(ATTRIBUTES)] + [
            " ".join([name, *(f"{signs(face).get(attribute, -1):2d}" for attribute in ATTRIBUTES)]) for name, face in zip(names, faces)],
        celeba.IDENTITIES: [f"{name} {face.identity}" for name, face in zip(names, faces)],
        celeba.PARTITION: [f"{name} {number % 3}" for number, name in enumerate(names)],
        celeba.POINTS: [str(len(faces)), "lefteye_x lefteye_y righteye_x righteye_y nose_x nose_y leftmouth_x leftmouth_y rightmouth_x rightmouth_y"]
        + [" ".join([name, *map(str, numbers)]) for name, numbers in zip(names, points)]}
    for path, text in listed.items():
        _write(os.path.join(out, path), "\n".join(text) + "\n")
    for name, face in zip(names, faces):
        _copy(source, face.image, os.path.join(out, celeba.PICTURES, name))


def write_adience(faces, source, out):
    """Write five folds by person; ages as bands where one fits, else as a year."""
    rows = [[] for _ in adience.FOLDS]
    for number, face in enumerate(faces):
        user, name = f"{face.identity:08d}@N0", f"{number}_o.jpg"
        band = next((band for band in BANDS if band[0] <= face.age <= band[1]), None)
        rows[face.identity % len(rows)].append(
            [user, name, number, f"({band[0]}, {band[1]})" if band else str(round(face.age)), "mf"[face.gender], 0, 0, 100, 100, 0, 0, 50])
        _copy(source, face.image, os.path.join(out, "faces", user, f"coarse_tilt_aligned_face.{number}.{name}"))
    header = (*adience.COLUMNS, "x", "y", "dx", "dy", "tilt_ang", "fiducial_yaw_angle", "fiducial_score")
    for path, lines in zip(adience.FOLDS, rows):
        _table(os.path.join(out, path), header, lines, "\t")


def write_casia(faces, source, out):
    """Write a folder for each person, and the genders that a user may bring."""
    for number, face in enumerate(faces):
        _copy(source, face.image, os.path.join(out, f"{face.identity:07d}", f"{number:03d}.jpg"))
    _table(os.path.join(out, "genders.csv"), ("id", "gender"), sorted({(f"{face.identity:07d}", "mf"[face.gender]) for face in faces}))


def write_morph(faces, source, out):
    """Write the csv and Album2; ages are whole years."""
    rows = []
    for number, face in enumerate(faces):
        name = f"{face.identity:06d}_{number:02d}{'MF'[face.gender]}{round(face.age)}.JPG"
        rows.append([f"{face.identity:06d}", number, "01/01/1960", "01/01/2005", "W", "MF"[face.gender], round(face.age), f"Album2/{name}"])
        _copy(source, face.image, os.path.join(out, "Album2", name))
    _table(os.path.join(out, "MORPH_Album2.csv"), ("id_num", "picture_num", "dob", "doa", "race", "gender", "age", "photo"), rows)


def write_imdb(faces, source, out, name="imdb"):
    """Write imdb.mat (or wiki.mat): days of birth, years, genders the other way round, boxes counted from 1."""
    middle = datetime.date(YEAR_TAKEN, 7, 1).toordinal() + imdb.DAY_ZERO
    paths = [f"{number % 100:02d}/nm{face.identity:07d}_{number}.jpg" for number, face in enumerate(faces)]
    boxes = [np.float64([[face.box[0] + 1, face.box[1] + 1, face.box[2], face.box[3]]]) for face in faces]
    struct = dict(dob=[middle - round(face.age * imdb.YEAR) for face in faces], photo_taken=[YEAR_TAKEN] * len(faces), full_path=_cells(paths),
                  gender=[1.0 - face.gender for face in faces], name=_cells([f"person {face.identity}" for face in faces]), face_location=_cells(boxes),
                  face_score=[3.5] * len(faces), second_face_score=[np.nan] * len(faces), celeb_id=[face.identity for face in faces])
    os.makedirs(out, exist_ok=True)
    scipy.io.savemat(os.path.join(out, f"{name}.mat"), {name: struct})
    for path, face in zip(paths, faces):
        _copy(source, face.image, os.path.join(out, path))


def write_wiki(faces, source, out):
    """Write wiki.mat and its pictures."""
    write_imdb(faces, source, out, "wiki")


def write_utkface(faces, source, out):
    """Write pictures whose names tell whole years and gender."""
    for number, face in enumerate(faces):
        _copy(source, face.image, os.path.join(out, f"{round(face.age)}_{face.gender}_0_{20170101000000 + number}.jpg"))


def write_fgnet(faces, source, out):
    """Write pictures named by person and age, and 68 points of which those that the reader uses are true."""
    used = {}
    for face in faces:
        stem = f"{face.identity % 999 + 1:03d}A{round(face.age):02d}"
        letter = " abcdefghijklmnopqrstuvwxyz"[used.setdefault(stem, 0)].strip()
        used[stem] += 1
        points, marks = np.zeros((68, 2)), face.landmark_array()
        for numbers, places in (*fgnet.PAIRS, *(((number,), (place,)) for number, place in fgnet.SINGLE)):
            points[list(numbers)] = marks[list(places)][::-1]        # FG-NET's order of sides is not ours
        text = "\n".join(f"{x:.3f} {y:.3f}" for x, y in points)
        _write(os.path.join(out, fgnet.POINTS, f"{stem.lower()}{letter}.pts"), f"version: 1\nn_points: 68\n{{\n{text}\n}}\n")
        _copy(source, face.image, os.path.join(out, fgnet.PICTURES, f"{stem}{letter}.JPG"))


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
    connection.executemany("INSERT INTO FeatureCoordTypes VALUES (?, ?, '', 0, 0, 0)", enumerate(landmarks.NAMES, 1))
    pictures = {}
    for number, face in enumerate(faces, 1):
        if face.image not in pictures:
            pictures[face.image] = f"image{len(pictures):05d}.jpg"
            path = f"0/{pictures[face.image]}"
            _copy(source, face.image, os.path.join(out, aflw.PICTURES, path))
            connection.execute("INSERT INTO FaceImages VALUES (?, 'aflw', ?, ?, 0, 0, 0)", (len(pictures), pictures[face.image], path))
        x1, y1, x2, y2 = np.rint(face.box)
        connection.execute("INSERT INTO Faces VALUES (?, ?, 'aflw')", (number, pictures[face.image]))
        connection.execute("INSERT INTO FaceRect VALUES (?, ?, ?, ?, ?, 0)", (number, int(x1), int(y1), int(x2 - x1), int(y2 - y1)))
        connection.execute("INSERT INTO FacePose VALUES (?, ?, ?, ?, 0)", (number, *np.radians(face.pose).tolist()))
        connection.execute("INSERT INTO FaceMetaData VALUES (?, ?, 0, 0, 0, 0)", (number, "mf"[face.gender]))
        connection.executemany("INSERT INTO FeatureCoords VALUES (?, ?, ?, ?, 0)", [
            (number, place + 1, *map(float, point)) for place, (point, seen) in enumerate(zip(face.landmarks, face.visibility)) if seen])
    connection.commit()
    connection.close()


def _cells(values):
    """Return a row of Matlab cells."""
    cells = np.empty((1, len(values)), object)
    cells[0, :] = [np.asarray(value) if not isinstance(value, str) else value for value in values] if values else []
    return cells


def _by_picture(faces):
    pictures = {}
    for face in faces:
        pictures.setdefault(face.image, []).append(face)
    return pictures


def write_afw(faces, source, out):
    """Write anno.mat: cells of boxes, poses and six points, NaN where hidden, counted from 1."""
    pictures = _by_picture(faces)
    cells = np.empty((len(pictures), 4), object)
    for number, (image, found) in enumerate(pictures.items()):
        six = [np.where(face.visibility_array()[list(afw.SIX), None] > 0, face.landmark_array()[list(afw.SIX)], np.nan) + 0.5 for face in found]
        cells[number] = [os.path.basename(image), _cells([np.float64([[f.box[0] + 1, f.box[1] + 1], f.box[2:]]) for f in found]),
                         _cells([np.float64([[f.pose[2], f.pose[1], -f.pose[0]]]) for f in found]), _cells(six)]
        _copy(source, image, os.path.join(out, os.path.basename(image)))
    scipy.io.savemat(os.path.join(out, "anno.mat"), dict(anno=cells))


def write_pascal(faces, source, out):
    """Write the annotations of the face-eval toolbox: whole-numbered boxes counted from 1 and a flag."""
    pictures = _by_picture(faces)
    entries = np.zeros((len(pictures), 1), [("imgname", object), ("imgsize", object), ("objects", object), ("flags", object)])
    for number, (image, found) in enumerate(pictures.items()):
        objects = [[*(np.rint(face.box) + [1, 1, 0, 0]), 0, face.ignore or 0] for face in found]
        entries[number, 0] = (os.path.basename(image), np.array(cv2.imread(os.path.join(source, image)).shape)[None], np.float64(objects), np.zeros((1, 1)))
        _copy(source, image, os.path.join(out, os.path.basename(image)))
    scipy.io.savemat(os.path.join(out, pascal.FILE), dict(Annotations=entries))


def write_fddb(faces, source, out):
    """Write ten folds of ellipses that fill the boxes."""
    pictures = list(_by_picture(faces).items())
    for fold, name in enumerate(fddb.FOLDS):
        text = ""
        for image, found in pictures[fold::len(fddb.FOLDS)]:
            path = f"2002/08/11/big/{os.path.splitext(os.path.basename(image))[0]}"
            text += f"{path}\n{len(found)}\n"
            for x1, y1, x2, y2 in (face.box for face in found):
                text += f"{(y2 - y1) / 2:.6f} {(x2 - x1) / 2:.6f} {np.pi / 2:.6f} {(x1 + x2) / 2:.6f} {(y1 + y2) / 2:.6f}  1\n"
            _copy(source, image, os.path.join(out, "originalPics", f"{path}.jpg"))
        _write(os.path.join(out, name), text)


def write_fotw(faces, source, out):
    """Write a list for training and one for validation, whole-numbered boxes, columns with the original's blanks."""
    header = ("image_name", " bbox_x", " bbox_y", " bbox_width", " bbox_height", " Gender", " Smile")
    for part, (name, some) in enumerate(zip(fotw.LISTS.values(), (faces[::2], faces[1::2]))):
        rows = []
        for number, face in enumerate(some):
            x1, y1, x2, y2 = np.rint(face.box).astype(int)
            rows.append([f"face{part}_{number:05d}.jpg", x1, y1, x2 - x1, y2 - y1, face.gender, face.smile])
            _copy(source, face.image, os.path.join(out, os.path.dirname(name), rows[-1][0]))
        _table(os.path.join(out, name), header, rows)


def write_lap2015(faces, source, out):
    """Write three lists of mean and standard deviation, by turns; no boxes."""
    for part, name in enumerate(lap2015.SPLITS.values()):
        some = faces[part::len(lap2015.SPLITS)]
        text = "".join(f"image_{number}.jpg;{face.age:.4f};{2 + number % 5}.5\n" for number, face in enumerate(some))
        _write(os.path.join(out, f"{name}.csv"), text)
        os.makedirs(os.path.join(out, name), exist_ok=True)
        for number, face in enumerate(some):
            _copy(source, face.image, os.path.join(out, name, f"image_{number}.jpg"))


def write_lfw(faces, source, out):
    """Write ten folds of a pair of the same person and one of two people each, as far as the faces go."""
    people = {}
    for face in faces:
        people.setdefault(f"Person_{face.identity}", []).append(face)
    names = [name for name, found in people.items() if len(found) > 1]
    text = "10\t1\n"
    for fold in range(10):
        one, other = names[fold % len(names)], names[(fold + 1) % len(names)]
        text += f"{one}\t1\t2\n{one}\t1\t{other}\t{min(fold + 1, len(people[other]))}\n"
    _write(os.path.join(out, lfw.LIST), text)
    for name, found in people.items():
        for number, face in enumerate(found, 1):
            _copy(source, face.image, os.path.join(out, lfw.picture(name, number)))


def write_ijba(faces, source, out):
    """Write ten splits: of every third person to learn from, of the others a template of each face but the first, and one of the first two."""
    header = ("TEMPLATE_ID", "SUBJECT_ID", "FILE", "MEDIA_ID", "SIGHTING_ID", "FRAME", *(column.upper() for column in ijba.BOX),
              *(f"{eye.upper()}_{axis}" for _, eye in ijba.EYES for axis in "XY"), "NOSE_BASE_X", "NOSE_BASE_Y", "FACE_YAW")
    people = {}
    for number, face in enumerate(faces):
        name = f"{'img' if number % 2 else 'frame'}/{number}.jpg"
        _copy(source, face.image, os.path.join(out, "images", name))
        x1, y1, x2, y2 = face.box
        eyes = ["" if not face.visibility[place] else f"{value:.2f}" for place, _ in ijba.EYES for value in face.landmarks[place]]
        people.setdefault(face.identity, []).append((name, number, [x1, y1, x2 - x1, y2 - y1, *eyes, "", "", f"{face.pose[2]:.0f}"]))
    row = lambda template, who, found: [template, who, found[0], found[1], found[1], "", *found[2]]
    for split in ijba.SPLITS:
        train, enrolled, probes = [], [], []
        for who, found in people.items():
            if (who + split) % 3 == 0:
                train += [row(1000 * who + place, who, one) for place, one in enumerate(found)]
            else:
                enrolled += [row(1000 * who, who, one) for one in found[:2]]
                probes += [row(1000 * who + place, who, one) for place, one in enumerate(found[1:], 1)]
        for (part, path), rows in zip(ijba.PARTS, (train, enrolled + probes, train, enrolled, probes)):
            _table(os.path.join(out, path.format(split)), header, rows)
        templates = sorted({rows[0] for rows in enrolled})
        _write(os.path.join(out, ijba.COMPARISONS.format(split)), "".join(f"{template},{probe[0]}\n" for template in templates for probe in probes))


def write_custom(faces, source, out):
    """Write faces.csv with everything that is known."""
    header = ("image", *custom.BOX, *custom.POSE, "age", "gender", "smile", "identity", *custom.POINTS)
    rows = [[f.image, *f.box, *f.pose, f.age, "mf"[f.gender], f.smile, f"person {f.identity}", *np.ravel(f.landmarks)] for f in faces]
    for image in {face.image for face in faces}:
        _copy(source, image, os.path.join(out, image))
    _table(os.path.join(out, "faces.csv"), header, rows)


WRITERS = {name[len("write_"):]: function for name, function in sorted(globals().items()) if name.startswith("write_")}


def write(name, drawn, out):
    """Write the drawn set in the folder `drawn` as the dataset `name`, into the folder `out`."""
    faces = [face for face in record.read(os.path.join(drawn, "records.jsonl")) if face.box is not None]
    WRITERS[name](faces, drawn, out)
