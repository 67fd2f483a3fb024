"""Drawn faces in the form in which data_prep.real_sets takes real photographs."""

import json

import numpy as np

from allinone import pictures, record

EARS = (12, 16)  # unknown in sets that a teacher model labelled


def labels_of(face):
    """Return what a teacher model tells of a face: box, landmarks but the ears, pose."""
    points = [None if n in EARS else point for n, point in enumerate(face.landmarks)]
    return dict(box=face.box, landmarks=points, pose=face.pose)


def cut_to_the_face(picture, face):
    """Return the picture cut to a face's box; the face's labels move with it."""
    x, y = np.maximum(np.floor(face.box[:2]), 0).astype(int)
    picture = picture[y : int(face.box[3]), x : int(face.box[2])]
    face.box = (np.float64(face.box) - [x, y, x, y]).tolist()
    face.landmarks = (np.float64(face.landmarks) - [x, y]).tolist()
    return picture


def portrait_line(name, number, target, face):
    """Return the line of a portrait; every fourth is of the test part."""
    line = dict(image=target, split="test" if number % 4 == 3 else "train")
    line.update(gender=face.gender, age=face.age)
    if name == "celeba":
        line.update(identity=face.identity, smile=face.smile)
    return {**line, **labels_of(face)}


def scene_line(target, faces):
    """Return the line of a photograph, whose second face is to be ignored."""
    marked = [dict(labels_of(face), ignore=n == 1) for n, face in enumerate(faces)]
    return dict(image=target, faces=marked)


def write_set(drawn, root, name):
    """Write the drawn set in the folder `drawn` as the set `name` into <root>/<name>[.jsonl]."""
    (root / name).mkdir(parents=True)
    lines = []
    records = record.read(str(drawn / "records.jsonl"))
    for number, (image, faces) in enumerate(record.faces_by_picture(records)):
        picture, face, target = pictures.read_image(str(drawn / image)), faces[0], f"{number}.jpg"
        if name == "utkface":
            target = f"{round(face.age)}_{face.gender}_{number % 5}_2017011{number}.jpg"
            picture = cut_to_the_face(picture, face)
        target = f"{name}/{target}"
        pictures.write_image(str(root / target), picture)
        if name == "photos":
            lines.append(scene_line(target, faces))
        else:
            lines.append(portrait_line(name, number, target, face))
    (root / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
