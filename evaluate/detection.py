"""What AFW, PASCAL faces and FDDB have in common: a model's detections, its worst misses.

`measure` counts as the face-eval toolbox does, for AFW and PASCAL faces.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from allinone import boxes
from allinone.record import FaceRecord
from evaluate import curves, face_eval, measured_models
from evaluate.predictions import Said
from evaluate.run import DETECTIONS, Run, worst

RULES = (
    "boxes with +1 pixel, IoU > 0.5, best score first to the face of largest IoU; a second "
    "detection of a face is false",
    "faces under 30 pixels are ignored, detections under 21 pixels in both sides dropped; "
    "all-point average precision",
    "refined: five rounds that move and scale all boxes by the mean offset of the true ones, as "
    "the toolbox does by default",
)


def as_detections(said: Sequence[Said]) -> face_eval.Detections:
    """Return predictions as the toolbox has detections."""
    faces = [face for one in said for face in one.faces]
    return face_eval.Detections(
        np.array([face_eval.stem(face.image) for face in faces], str),
        np.float64([face.score for face in faces]),
        face_eval.to_toolbox([face.box for face in faces]),
    )


def measure(run: Run, said: Sequence[Said]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return (what face_eval.assess finds, its curve) of predictions by the records of a run.

    Writes detections.txt in the toolbox's format.
    """
    faces = [face for one in said for face in one.faces]
    face_eval.write_detections(os.path.join(run.out, DETECTIONS), faces)
    truth = face_eval.from_records([(image, with_box(some)) for image, some in run.pictures])
    found, (recall, precision) = face_eval.assess(as_detections(said), truth)
    return found, curves.precision_recall(recall, precision, found["ap_refined"])


def tuning(run: Run) -> str:
    """Return in words whether the detector is fine-tuned on FDDB, as the paper's is here."""
    learnt = {measured_models.learnt_from_whole(folder, "fddb") for folder in run.finders()}
    if learnt == {True}:
        return "the detector is fine-tuned on FDDB, as in the paper"
    if None in learnt:
        return (
            "the detector is not fine-tuned on FDDB, as the paper's is (make data-fddb "
            "finetune-fddb FOLD=all)"
        )
    return "the detector is fine-tuned on a part of FDDB; the paper's, on the whole of it"


def with_box(faces: Sequence[FaceRecord]) -> list[FaceRecord]:
    """Return the records that have a box."""
    return [face for face in faces if face.box is not None]


def failures(run: Run, said: Sequence[Said]) -> list[dict[str, Any]]:
    """Return the worst misses and false detections.

    Those are large faces that nothing overlaps, and high scores that overlap no face.
    """
    entries = []
    for (image, faces), one in zip(run.pictures, said):
        known, found = with_box(faces), one.faces
        overlaps = np.zeros((len(known), len(found)))
        if known and found:
            overlaps = boxes.iou([face.box for face in known], [face.box for face in found])
        for face, row in zip(known, overlaps):
            height = face.box[3] - face.box[1]
            is_asked_for = not face.ignore and height >= face_eval.LEAST_FACE
            if is_asked_for and not (row > face_eval.OVERLAP).any():
                text = f"missed, {height:.0f} pixels high"
                entries.append((height / 1000, image, face.box, text))
        for face, column in zip(found, overlaps.T):
            near = column.max(initial=0)
            if near <= face_eval.OVERLAP:
                text = f"score {face.score:.2f}, IoU with a face {near:.2f}"
                entries.append((face.score, image, face.box, text))
    return worst(entries)
