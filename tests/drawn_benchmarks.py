"""Drawn sets in the layout of every benchmark, and what was drawn, for the tests of evaluation.

The truth here never went through layout and reader: pictures are recognised by their bytes, faces
by where they lie.
"""

import json

import cv2
import numpy as np

from allinone import boxes, files, record
from evaluate import predictions

COUNTS = dict(
    afw=8,
    pascal=6,
    fddb=20,
    aflw=60,
    celeba=40,
    fotw=30,
    lap2015=24,
    fgnet=20,
    ijba=60,
    lfw=40,
    custom=30,
)


def options(sets, chain, name, out, *more):
    """Return the arguments of evaluate.measure for one benchmark."""
    data, model = sets / "data" / name, chain / "model"
    alone = ["--beside", ""] if name == "custom" else []
    return [name, "--data", data, "--model", model, "--out", out, *alone, *more]


def grey_fddb(folder):
    """Write three folds of one dark picture each, as FDDB is distributed; return the folder."""
    for fold in (1, 2, 3):
        picture = folder / "originalPics" / f"p{fold}.jpg"
        picture.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(picture), np.zeros((90, 90, 3), np.uint8))
        (folder / "FDDB-folds").mkdir(exist_ok=True)
        path = folder / "FDDB-folds" / f"FDDB-fold-{fold:02d}-ellipseList.txt"
        path.write_text(f"p{fold}\n1\n30 20 1.5 45 45 1\n")
    return folder


def results_in(out):
    """Return what results.json in a folder holds."""
    return json.loads((out / "results.json").read_text())


def lines_in(folder):
    """Return the lines of predictions in a folder, with their ends."""
    return (folder / predictions.LINES).read_text().splitlines(keepends=True)


def drawn_faces(sets, name):
    """Return {hash of a picture: [faces as they were drawn]}."""
    drawn = sets / "drawn" / name
    faces = {}
    for face in record.read(str(drawn / "records.jsonl")):
        faces.setdefault(files.sha256(str(drawn / face.image)), []).append(face)
    return faces


def said(sets, measured, name, kind="faces"):
    """Return [(face as drawn, the model's answer or None)] by the lines of predictions."""
    _, out = measured[name]
    truth, pairs = drawn_faces(sets, name), []
    for one in predictions.read(str(out / kind)):
        known = truth[files.sha256(str(sets / "data" / name / one.image))]
        for found in one.faces:
            if len(known) == 1:
                pairs.append((known[0], found))
            elif found is not None:
                overlaps = boxes.iou([found.box], [face.box for face in known])
                pairs.append((known[int(overlaps.argmax())], found))
    return pairs
