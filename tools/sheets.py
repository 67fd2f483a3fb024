"""Draw what evaluate.real measured: for every task the best and the worst held-out results, each with what was said and what is true.

python -m tools.sheets --data data/real --results out/real/eval --out out/real/sheets
"""

import argparse
import json
import os
import sys

import cv2
import numpy as np

from allinone import boxes, draw, files
from allinone.errors import InputError, command
from data_prep import conversion
from evaluate import metrics, predictions, real

COUNT, COLUMNS, SIDE = 40, 10, 170  # pictures of a sheet, in a row, and their pixels


def pairs_of(data, results, name):
    """Return [(path, FaceRecord, prediction)] of the faces of a set that were found."""
    folder = os.path.join(data, name)
    lines = os.path.join(results, name, predictions.LINES)
    if not os.path.isfile(lines):
        raise InputError(f"{lines}: no such file; run evaluate.real first")
    with open(lines, encoding="utf-8") as stream:
        said = {line["image"]: line["faces"] for line in map(json.loads, stream)}
    found = []
    for image, faces in predictions.records_in(os.path.join(folder, conversion.RECORDS)):
        found += [
            (os.path.join(folder, image), face, one)
            for face, one in zip(faces, said.get(image, ()))
            if one is not None
        ]
    return found


def yes_or_no(pairs, task, words):
    """Return [(error, path, FaceRecord, prediction, text)] of gender or smile: the further from the label, the worse."""
    return [
        (
            abs(one[task] - getattr(face, task)),
            path,
            face,
            one,
            f"{words[int(one[task] >= 0.5)]} {max(one[task], 1 - one[task]):.0%}, is {words[getattr(face, task)]}",
        )
        for path, face, one in pairs
        if getattr(face, task) is not None
    ]


def ages(pairs):
    """Return the same of age."""
    return [
        (abs(one["age"] - face.age), path, face, one, f"{one['age']:.0f}, is {face.age:.0f}")
        for path, face, one in pairs
        if face.age is not None
    ]


def points(pairs):
    """Return the same of landmarks, against the teacher's."""
    entries = []
    for path, face, one in pairs:
        if face.landmarks is not None:
            truth = face.landmark_array()[None]
            error = metrics.nme(
                np.float64(one["landmarks"])[None],
                truth,
                np.isfinite(truth[..., 0]),
                metrics.box_size([face.box]),
            )[0]
            entries.append((error, path, face, one, f"{error:.1%}"))
    return entries


def turns(pairs):
    """Return the same of yaw, against the teacher's."""
    return [
        (
            abs(one["pose"][2] - face.pose[2]),
            path,
            face,
            one,
            f"{one['pose'][2]:.0f}, is {face.pose[2]:.0f}",
        )
        for path, face, one in pairs
        if face.pose is not None
    ]


def detections(data, results):
    """Return (found, missed or false) of the photographs as the same kind of entries: surest right ones, surest false ones and missed faces."""
    folder, right, wrong = os.path.join(data, "photos"), [], []
    with open(os.path.join(results, "photos", predictions.LINES), encoding="utf-8") as stream:
        said = {line["image"]: line["faces"] for line in map(json.loads, stream)}
    for image, faces in predictions.records_in(os.path.join(folder, conversion.RECORDS)):
        known = [face for face in faces if face.box is not None]
        overlaps = (
            boxes.iou([face.box for face in known], [one["box"] for one in said[image]])
            if known and said[image]
            else np.zeros((len(known), len(said[image])))
        )
        path = os.path.join(folder, image)
        for number, one in enumerate(said[image]):
            best = overlaps[:, number].max(initial=0)
            if best > real.OVERLAP:
                right.append(
                    (-one["score"], path, None, one, f"{one['score']:.3f}, IoU {best:.2f}")
                )
            elif best < 0.3:
                wrong.append((one["score"], path, None, one, f"false, {one['score']:.3f}"))
        for number, face in enumerate(known):
            if (
                not face.ignore
                and face.box[3] - face.box[1] >= real.LEAST_FACE
                and overlaps[number].max(initial=0) <= real.OVERLAP
            ):
                wrong.append((2.0, path, face, None, "missed"))
    return right, wrong


def picture(path, face, one, text):
    """Return the tile of an entry: the face with what the model says drawn, the text below."""
    image = files.read_image(path)
    box = face.box if one is None else one["box"]
    x1, y1, x2, y2 = box
    scale = max(1.0, 120 / max(y2 - y1, 1))
    image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    marks = None if one is None else np.float32(one["landmarks"]) * scale
    draw.face(
        image,
        np.float32(box) * scale,
        marks,
        None if one is None else one["visibility"],
        None if one is None else one["pose"],
    )
    room = 0.4 * (y2 - y1)
    left, top = (int(max(edge - room, 0) * scale) for edge in (x1, y1))
    tile = draw.tile(
        image[top : int((y2 + room) * scale) + 1, left : int((x2 + room) * scale) + 1], SIDE
    )
    draw.caption(tile, text, (3, SIDE - 16), 10)
    return tile


def write(name, entries, out):
    """Write <name>_best.jpg and <name>_worst.jpg."""
    entries = sorted(entries, key=lambda entry: entry[0])
    for which, some in (("best", entries[:COUNT]), ("worst", entries[::-1][:COUNT])):
        if some:
            files.write_image(
                os.path.join(out, f"{name}_{which}.jpg"),
                draw.grid([picture(*entry[1:]) for entry in some], COLUMNS),
            )


@command
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="data/real", help="folder of the sets")
    parser.add_argument("--results", required=True, help="folder that evaluate.real left")
    parser.add_argument("--out", required=True, help="folder for the sheets")
    args = parser.parse_args(argv)
    celeba, utkface = (pairs_of(args.data, args.results, name) for name in ("celeba", "utkface"))
    genders, smiles = ("male", "female"), ("no smile", "smile")
    sheets = dict(
        gender_utkface=yes_or_no(
            [pair for pair in utkface if pair[1].age >= real.ADULT], "gender", genders
        ),
        gender_celeba=yes_or_no(celeba, "gender", genders),
        smile=yes_or_no(celeba, "smile", smiles),
        age=ages(utkface),
        landmarks=points(celeba + utkface),
        pose=turns(celeba + utkface),
    )
    for name, entries in sheets.items():
        write(name, entries, args.out)
    right, wrong = detections(args.data, args.results)
    for name, some in (("detection_right", right), ("detection_wrong", wrong)):
        chosen = sorted(some, key=lambda entry: entry[0], reverse=name.endswith("wrong"))[:COUNT]
        if chosen:
            files.write_image(
                os.path.join(args.out, f"{name}.jpg"),
                draw.grid([picture(*entry[1:]) for entry in chosen], COLUMNS),
            )
    print(f"{args.out}: {', '.join(sorted(os.listdir(args.out)))}")


if __name__ == "__main__":
    sys.exit(main())
