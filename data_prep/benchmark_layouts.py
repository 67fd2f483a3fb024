"""Write drawn faces as the benchmark sets are distributed; see data_prep.layouts."""

import os

import cv2
import numpy as np
import scipy.io

from allinone import record
from data_prep.layout_files import cells, copy, write_table, write_text
from data_prep.readers import afw, fddb, fgnet, fotw, ijba, lap2015, lfw, pascal


def write_afw(faces, source, out):
    """Write anno.mat: cells of boxes, poses and six points, NaN where hidden, counted from 1."""
    pictures = dict(record.faces_by_picture(faces))
    anno = np.empty((len(pictures), 4), object)
    for number, (image, found) in enumerate(pictures.items()):
        six = [
            np.where(
                face.visibility_array()[list(afw.SIX), None] > 0,
                face.landmark_array()[list(afw.SIX)],
                np.nan,
            )
            + 0.5
            for face in found
        ]
        anno[number] = [
            os.path.basename(image),
            cells([np.float64([[f.box[0] + 1, f.box[1] + 1], f.box[2:]]) for f in found]),
            cells([np.float64([[f.pose[2], f.pose[1], -f.pose[0]]]) for f in found]),
            cells(six),
        ]
        copy(source, image, os.path.join(out, os.path.basename(image)))
    scipy.io.savemat(os.path.join(out, "anno.mat"), dict(anno=anno))


def write_pascal(faces, source, out):
    """Write the annotations of the face-eval toolbox: whole-numbered boxes counted from 1 and a flag."""
    pictures = dict(record.faces_by_picture(faces))
    entries = np.zeros(
        (len(pictures), 1),
        [("imgname", object), ("imgsize", object), ("objects", object), ("flags", object)],
    )
    for number, (image, found) in enumerate(pictures.items()):
        objects = [[*(np.rint(face.box) + [1, 1, 0, 0]), 0, face.ignore or 0] for face in found]
        entries[number, 0] = (
            os.path.basename(image),
            np.array(cv2.imread(os.path.join(source, image)).shape)[None],
            np.float64(objects),
            np.zeros((1, 1)),
        )
        copy(source, image, os.path.join(out, os.path.basename(image)))
    scipy.io.savemat(os.path.join(out, pascal.FILE), dict(FaceRecords=entries))


def write_fddb(faces, source, out):
    """Write ten folds of ellipses that fill the boxes."""
    pictures = list(dict(record.faces_by_picture(faces)).items())
    for fold, name in enumerate(fddb.FOLDS):
        text = ""
        for image, found in pictures[fold :: len(fddb.FOLDS)]:
            path = f"2002/08/11/big/{os.path.splitext(os.path.basename(image))[0]}"
            text += f"{path}\n{len(found)}\n"
            for x1, y1, x2, y2 in (face.box for face in found):
                text += f"{(y2 - y1) / 2:.6f} {(x2 - x1) / 2:.6f} {np.pi / 2:.6f} {(x1 + x2) / 2:.6f} {(y1 + y2) / 2:.6f}  1\n"
            copy(source, image, os.path.join(out, "originalPics", f"{path}.jpg"))
        write_text(os.path.join(out, name), text)


def write_fotw(faces, source, out):
    """Write a list for training and one for validation, whole-numbered boxes, columns with the original's blanks."""
    header = (
        "image_name",
        " bbox_x",
        " bbox_y",
        " bbox_width",
        " bbox_height",
        " Gender",
        " Smile",
    )
    for part, (name, some) in enumerate(zip(fotw.LISTS.values(), (faces[::2], faces[1::2]))):
        rows = []
        for number, face in enumerate(some):
            x1, y1, x2, y2 = np.rint(face.box).astype(int)
            rows.append(
                [f"face{part}_{number:05d}.jpg", x1, y1, x2 - x1, y2 - y1, face.gender, face.smile]
            )
            copy(source, face.image, os.path.join(out, os.path.dirname(name), rows[-1][0]))
        write_table(os.path.join(out, name), header, rows)


def write_lap2015(faces, source, out):
    """Write three lists of mean and standard deviation, by turns; no boxes."""
    for part, name in enumerate(lap2015.SPLITS.values()):
        some = faces[part :: len(lap2015.SPLITS)]
        text = "".join(
            f"image_{number}.jpg;{face.age:.4f};{2 + number % 5}.5\n"
            for number, face in enumerate(some)
        )
        write_text(os.path.join(out, f"{name}.csv"), text)
        os.makedirs(os.path.join(out, name), exist_ok=True)
        for number, face in enumerate(some):
            copy(source, face.image, os.path.join(out, name, f"image_{number}.jpg"))


def write_fgnet(faces, source, out):
    """Write pictures named by person and age, and 68 points of which those that the reader uses are true."""
    used = {}
    for face in faces:
        stem = f"{face.identity % 999 + 1:03d}A{round(face.age):02d}"
        letter = " abcdefghijklmnopqrstuvwxyz"[used.setdefault(stem, 0)].strip()
        used[stem] += 1
        points, marks = np.zeros((68, 2)), face.landmark_array()
        for numbers, places in (
            *fgnet.PAIRS,
            *(((number,), (place,)) for number, place in fgnet.SINGLE),
        ):
            points[list(numbers)] = marks[list(places)][::-1]  # FG-NET's order of sides is not ours
        text = "\n".join(f"{x:.3f} {y:.3f}" for x, y in points)
        write_text(
            os.path.join(out, fgnet.POINTS, f"{stem.lower()}{letter}.pts"),
            f"version: 1\nn_points: 68\n{{\n{text}\n}}\n",
        )
        copy(source, face.image, os.path.join(out, fgnet.PICTURES, f"{stem}{letter}.JPG"))


def write_ijba(faces, source, out):
    """Write ten splits: every third person to learn from, of the others a template of each face but the first, and one of the first two.

    The last stand in the gallery, where every fourth person is missing: their probes have no mate there.
    """
    header = (
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
    people = {}
    for number, face in enumerate(faces):
        name = f"{'img' if number % 2 else 'frame'}/{number}.jpg"
        copy(source, face.image, os.path.join(out, "images", name))
        x1, y1, x2, y2 = face.box
        eyes = [
            "" if not face.visibility[place] else f"{value:.2f}"
            for place, _ in ijba.EYES
            for value in face.landmarks[place]
        ]
        people.setdefault(face.identity, []).append(
            (name, number, [x1, y1, x2 - x1, y2 - y1, *eyes, "", "", f"{face.pose[2]:.0f}"])
        )
    row = lambda template, who, found: [template, who, found[0], found[1], found[1], "", *found[2]]
    for split in ijba.SPLITS:
        train, enrolled, probes = [], [], []
        for who, found in people.items():
            if (who + split) % 3 == 0:
                train += [row(1000 * who + place, who, one) for place, one in enumerate(found)]
            else:
                enrolled += [row(1000 * who, who, one) for one in found[:2]]
                probes += [
                    row(1000 * who + place, who, one) for place, one in enumerate(found[1:], 1)
                ]
        gallery = [row for row in enrolled if (row[1] + split) % 4]
        for (part, path), rows in zip(
            ijba.PARTS, (train, enrolled + probes, train, gallery, probes)
        ):
            write_table(os.path.join(out, path.format(split)), header, rows)
        templates = sorted({rows[0] for rows in enrolled})
        write_text(
            os.path.join(out, ijba.COMPARISONS.format(split)),
            "".join(f"{template},{probe[0]}\n" for template in templates for probe in probes),
        )


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
    write_text(os.path.join(out, lfw.LIST), text)
    for name, found in people.items():
        for number, face in enumerate(found, 1):
            copy(source, face.image, os.path.join(out, lfw.picture(name, number)))
