"""Write drawn faces as the benchmark sets are distributed; data_prep.layouts calls the writers."""

import os

import numpy as np

from allinone import record
from allinone.pictures import read_image
from data_prep.layout_files import cells, copy, save_matlab, write_table, write_text
from data_prep.readers import afw, fddb, fgnet, fotw, ijba, lap2015, lfw, pascal

# The originals' header has these blanks
FOTW_COLUMNS = ("image_name", *(f" {column}" for column in fotw.BOX), " Gender", " Smile")
IJBA_COLUMNS = (
    "TEMPLATE_ID",
    "SUBJECT_ID",
    "FILE",
    "MEDIA_ID",
    "SIGHTING_ID",
    "FRAME",
    *(column.upper() for column in ijba.BOX),
    *(f"{eye.upper()}_{axis}" for _, eye in ijba.EYES for axis in "XY"),
    "NOSE_BASE_X",
    "NOSE_BASE_Y",
    "FACE_YAW",
)
PASCAL_FIELDS = [(name, object) for name in ("imgname", "imgsize", "objects", "flags")]


def _six_points(face):
    """Return AFW's points (6, 2), NaN where hidden."""
    six = list(afw.SIX)
    seen = face.visibility_array()[six, None] > 0
    return np.where(seen, face.landmark_array()[six], np.nan) + 0.5


def write_afw(faces, source, out):
    """Write anno.mat, cells of boxes, poses and six points, counted from 1, and the pictures."""
    pictures = dict(record.faces_by_picture(faces))
    anno = np.empty((len(pictures), 4), object)
    for number, (image, found) in enumerate(pictures.items()):
        boxes, poses = [], []
        for face in found:
            (x1, y1, x2, y2), (roll, pitch, yaw) = face.box, face.pose
            boxes.append(np.float64([[x1 + 1, y1 + 1], [x2, y2]]))
            poses.append(np.float64([[yaw, pitch, -roll]]))
        points = [_six_points(face) for face in found]
        name = os.path.basename(image)
        anno[number] = [name, cells(boxes), cells(poses), cells(points)]
        copy(source, image, os.path.join(out, name))
    save_matlab(os.path.join(out, "anno.mat"), dict(anno=anno))


def write_pascal(faces, source, out):
    """Write the annotations, whole-numbered boxes counted from 1 with a flag, and the pictures."""
    pictures = dict(record.faces_by_picture(faces))
    entries = np.zeros((len(pictures), 1), PASCAL_FIELDS)
    for number, (image, found) in enumerate(pictures.items()):
        objects = [[*(np.rint(face.box) + [1, 1, 0, 0]), 0, face.ignore or 0] for face in found]
        name, size = os.path.basename(image), read_image(os.path.join(source, image)).shape
        entries[number, 0] = (name, np.array(size)[None], np.float64(objects), np.zeros((1, 1)))
        copy(source, image, os.path.join(out, name))
    save_matlab(os.path.join(out, pascal.FILE), dict(Annotations=entries))


def _ellipse_line(x1, y1, x2, y2):
    """Return a line of FDDB: the ellipse that fills a box."""
    numbers = ((y2 - y1) / 2, (x2 - x1) / 2, np.pi / 2, (x1 + x2) / 2, (y1 + y2) / 2)
    return " ".join(f"{number:.6f}" for number in numbers) + "  1\n"


def write_fddb(faces, source, out):
    """Write ten folds of ellipses that fill the boxes, and the pictures."""
    pictures = list(record.faces_by_picture(faces))
    for fold, name in enumerate(fddb.FOLDS):
        text = ""
        for image, found in pictures[fold :: len(fddb.FOLDS)]:
            path = f"2002/08/11/big/{os.path.splitext(os.path.basename(image))[0]}"
            text += f"{path}\n{len(found)}\n"
            text += "".join(_ellipse_line(*face.box) for face in found)
            copy(source, image, os.path.join(out, fddb.PICTURES, f"{path}.jpg"))
        write_text(os.path.join(out, name), text)


def write_fotw(faces, source, out):
    """Write a list for training and one for validation, whole-numbered boxes, and the pictures."""
    for part, (name, some) in enumerate(zip(fotw.LISTS.values(), (faces[::2], faces[1::2]))):
        rows = []
        for number, face in enumerate(some):
            x1, y1, x2, y2 = np.rint(face.box).astype(int)
            picture = f"face{part}_{number:05d}.jpg"
            rows.append([picture, x1, y1, x2 - x1, y2 - y1, face.gender, face.smile])
            copy(source, face.image, os.path.join(out, os.path.dirname(name), picture))
        write_table(os.path.join(out, name), FOTW_COLUMNS, rows)


def write_lap2015(faces, source, out):
    """Write three lists of mean and standard deviation, by turns, and the pictures."""
    for part, name in enumerate(lap2015.SPLITS.values()):
        text = ""
        for number, face in enumerate(faces[part :: len(lap2015.SPLITS)]):
            picture = f"image_{number}.jpg"
            text += f"{picture};{face.age:.4f};{2 + number % 5}.5\n"
            copy(source, face.image, os.path.join(out, name, picture))
        write_text(os.path.join(out, f"{name}.csv"), text)


def _points_file(face):
    """Return a .pts file of 68 points, of which those are true that the reader uses."""
    points, marks = np.zeros((fgnet.COUNT, 2)), face.landmark_array()
    singles = (((number,), (place,)) for number, place in fgnet.SINGLE)
    for numbers, places in (*fgnet.PAIRS, *singles):
        points[list(numbers)] = marks[list(places)][::-1]  # FG-NET's order of sides is not ours
    text = "\n".join(f"{x:.3f} {y:.3f}" for x, y in points)
    return f"version: 1\nn_points: {fgnet.COUNT}\n{{\n{text}\n}}\n"


def write_fgnet(faces, source, out):
    """Write pictures that are named by person and age, and their points."""
    used = {}  # {person and age: how many pictures have them}
    for face in faces:
        stem = f"{face.identity % 999 + 1:03d}A{round(face.age):02d}"
        letter = " abcdefghijklmnopqrstuvwxyz"[used.setdefault(stem, 0)].strip()
        used[stem] += 1
        points = os.path.join(out, fgnet.POINTS, f"{stem.lower()}{letter}.pts")
        write_text(points, _points_file(face))
        copy(source, face.image, os.path.join(out, fgnet.PICTURES, f"{stem}{letter}.JPG"))


def _ijba_fields(number, face):
    """Return (file, all fields of a row of IJB-A after it) of a face."""
    x1, y1, x2, y2 = face.box
    eyes = []
    for place, _ in ijba.EYES:
        seen = face.visibility[place]
        eyes += [f"{value:.2f}" if seen else "" for value in face.landmarks[place]]
    name = f"{'img' if number % 2 else 'frame'}/{number}.jpg"
    yaw = f"{face.pose[2]:.0f}"
    return name, [number, number, "", x1, y1, x2 - x1, y2 - y1, *eyes, "", "", yaw]


def _ijba_rows(people, split):
    """Return (rows to learn from, rows of enrolled templates, rows of probes) of a split.

    people: {person: [fields]}. Every third person is learnt from. Of each other person a template
    holds the first two faces, and each face but the first is a probe of its own.
    """
    train, enrolled, probes = [], [], []
    for who, found in people.items():
        rows = [[1000 * who + place, who, name, *rest] for place, (name, rest) in enumerate(found)]
        if (who + split) % 3 == 0:
            train += rows
        else:
            enrolled += [[1000 * who, *row[1:]] for row in rows[:2]]
            probes += rows[1:]
    return train, enrolled, probes


def write_ijba(faces, source, out):
    """Write the protocol files of ten splits, and the pictures.

    Every fourth person is missing in the gallery: their probes have no mate there.
    """
    people = {}
    for number, face in enumerate(faces):
        name, rest = _ijba_fields(number, face)
        copy(source, face.image, os.path.join(out, ijba.PICTURES, name))
        people.setdefault(face.identity, []).append((name, rest))
    for split in ijba.SPLITS:
        train, enrolled, probes = _ijba_rows(people, split)
        gallery = [row for row in enrolled if (row[1] + split) % 4]
        parts = (train, enrolled + probes, train, gallery, probes)
        for (_, path), rows in zip(ijba.PARTS, parts):
            write_table(os.path.join(out, path.format(split)), IJBA_COLUMNS, rows)
        templates = sorted({row[0] for row in enrolled})
        pairs = "".join(f"{one},{probe[0]}\n" for one in templates for probe in probes)
        write_text(os.path.join(out, ijba.COMPARISONS.format(split)), pairs)


def write_lfw(faces, source, out):
    """Write ten folds of one pair of the same person and one of two people, and the pictures."""
    people = {}
    for face in faces:
        people.setdefault(f"Person_{face.identity}", []).append(face)
    names = [name for name, found in people.items() if len(found) > 1]
    text = "10\t1\n"
    for fold in range(10):
        one, other = names[fold % len(names)], names[(fold + 1) % len(names)]
        text += f"{one}\t1\t2\n{one}\t1\t{other}\t{min(fold + 1, len(people[other]))}\n"
    write_text(os.path.join(out, lfw.LIST), text)
    for name, found in people.items():
        for number, face in enumerate(found, 1):
            copy(source, face.image, os.path.join(out, lfw.picture(name, number)))
