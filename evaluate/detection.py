"""What AFW and PASCAL faces have in common: a model's detections by the rules of face-eval, its curve, its worst misses."""

import os

import numpy as np

from allinone import boxes
from evaluate import benchmark, face_eval

RULES = (
    "boxes with +1 pixel, IoU > 0.5, best score first to the face of largest IoU; a second detection of a face is false",
    "faces under 30 pixels are ignored, detections under 21 pixels in both sides dropped; all-point average precision",
    "refined: five rounds that move and scale all boxes by the mean offset of the true ones, as the toolbox does by default",
)


def as_detections(lines):
    """Return the `Detections` of lines of predictions."""
    rows = [
        (face_eval.stem(line["image"]), face["score"], face["box"])
        for line in lines
        for face in line["faces"]
    ]
    images, scores, found = zip(*rows) if rows else ((), (), ())
    return face_eval.Detections(
        np.array(images, str), np.float64(scores), face_eval.to_toolbox(found)
    )


def measure(run, lines):
    """Return (what face_eval.assess finds, its curve) of predictions by the records of a Run; writes detections.txt in the toolbox's format."""
    face_eval.write_detections(os.path.join(run.out, "detections.txt"), lines)
    truth = face_eval.from_records(
        [(image, [face for face in faces if face.box is not None]) for image, faces in run.pictures]
    )
    found, (recall, precision) = face_eval.assess(as_detections(lines), truth)
    return found, dict(x=thin(recall), y=thin(precision), xlabel="recall", ylabel="precision")


def thin(values, most=400):
    """Return at most about `most` of many values, evenly chosen and the last among them, for a drawn curve."""
    step = max(1, len(values) // most)
    return [round(float(value), 6) for value in [*values[::step], *values[-1:]]]


def failures(run, lines):
    """Return the worst misses and false detections: large faces that nothing overlaps, high scores that overlap nothing."""
    entries = []
    for (image, faces), line in zip(run.pictures, lines):
        faces = [face for face in faces if face.box is not None]
        known, found = [face.box for face in faces], [face["box"] for face in line["faces"]]
        overlaps = (
            boxes.iou(known, found) if known and found else np.zeros((len(known), len(found)))
        )
        for number, box in enumerate(known):
            if not (overlaps[number] > face_eval.OVERLAP).any() and not faces[number].ignore:
                share = (box[3] - box[1]) / 1000
                entries.append(
                    (
                        share if box[3] - box[1] >= face_eval.LEAST_FACE else None,
                        image,
                        box,
                        f"missed, {box[3] - box[1]:.0f} pixels high",
                    )
                )
        for number, face in enumerate(line["faces"]):
            near = overlaps[:, number].max(initial=0)
            if near <= face_eval.OVERLAP:
                entries.append(
                    (
                        face["score"],
                        image,
                        face["box"],
                        f"score {face['score']:.2f}, IoU with a face {near:.2f}",
                    )
                )
    return benchmark.worst(entries)
