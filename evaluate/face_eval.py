"""Detection as the face-eval toolbox counts it (Mathias, Benenson, Pedersoli, Van Gool 2014): AFW and PASCAL faces.

Boxes here are the toolbox's: pixels counted from 1, x2 and y2 of the last pixel, so that a width is x2 - x1 + 1.
- A face whose x2 - x1 or y2 - y1 is under 30 is ignored, as is one that is flagged so: it is neither asked for nor false.
- A detection is dropped unless x2 - x1 or y2 - y1 is above 21.
- Best score first, each detection goes to the face of largest IoU, if that is above 0.5; a face that is taken makes it false.
- Average precision over all points of the envelope.
- Refinement, against the different boxes that methods draw: five rounds, and before each but the first all boxes are moved and scaled by
  the mean offset and ratio of the true ones. One round is none, "plain".
"""

import collections
import csv
import os

import numpy as np

from allinone import files
from allinone.errors import InputError
from data_prep.tables import matrix_file, variables_of
from evaluate import metrics

LEAST_FACE, LEAST_DETECTION, OVERLAP, ROUNDS = 30, 21, 0.5, 5
Detections = collections.namedtuple(
    "Detections", "image score box"
)  # names without extension (n,), (n,), (n, 4)
CSV_COLUMNS = dict(image=2, x=7, y=8, width=9, height=10)  # of Picasa's table, from 0


def stem(name):
    """Return a picture's name as the toolbox compares it: without folder and all that follows the first point."""
    return str(name).replace("\\", "/").split("/")[-1].split(".")[0]


def read_annotations(path):
    """Return {picture: (boxes (n, 4), ignored (n,) bool)} of one of the toolbox's annotation files: `FaceRecords`, or AFW's own `anno`."""
    found = {}
    if "anno" in variables_of(path):
        for picture, boxes, *_ in matrix_file(path, "anno"):
            corners = np.float64([np.ravel(box) for box in np.ravel(boxes)]).reshape(-1, 4)
            found[stem(np.ravel(picture)[0])] = corners, np.zeros(len(corners), bool)
        return found
    for entry in np.ravel(matrix_file(path, "FaceRecords")):
        objects = np.asarray(entry["objects"], np.float64)
        objects = objects.reshape(-1, objects.shape[-1] if objects.size else 4)
        found[stem(np.ravel(entry["imgname"])[0])] = (
            objects[:, :4],
            objects[:, 5] > 0 if objects.shape[1] > 5 else np.zeros(len(objects), bool),
        )
    return found


def from_records(faces):
    """Return the same of `FaceRecord`s by picture, [(image, [FaceRecord])]."""
    return {
        stem(image): (
            to_toolbox(np.float64([face.box for face in some])),
            np.array([bool(face.ignore) for face in some], bool),
        )
        for image, some in faces
    }


def to_toolbox(boxes):
    """Return boxes of the kit (exclusive ends, from 0) as the toolbox's."""
    return np.asarray(boxes, np.float64).reshape(-1, 4) + [1, 1, 0, 0]


def _lines(path):
    """Return rows of the toolbox's text files: picture, score, x1, y1, x2, y2."""
    rows = []
    with open(path, encoding="utf-8", errors="surrogateescape") as stream:
        for number, line in enumerate(stream, 1):
            if line.strip():
                words = line.split()
                try:
                    name, score, x1, y1, x2, y2 = words[0], *map(float, words[1:6])
                except ValueError:
                    raise InputError(
                        f"{path}, line {number}: must hold a picture, a score and four edges, is '{line.strip()}'"
                    ) from None
                rows.append((name, score, x1, y1, x2, y2))
    return rows


def _picasa(path):
    """Return rows of a table without scores: semicolons, a header, picture and left, top, width, height in fixed places."""
    rows = []
    with open(path, encoding="utf-8", errors="surrogateescape", newline="") as stream:
        for number, fields in enumerate(csv.reader(stream, delimiter=";"), 1):
            if number == 1 or not fields:
                continue
            try:
                x, y, width, height = (
                    float(fields[CSV_COLUMNS[name]]) for name in ("x", "y", "width", "height")
                )
                rows.append((fields[CSV_COLUMNS["image"]], 1.0, x, y, x + width, y + height))
            except (ValueError, IndexError):
                raise InputError(
                    f"{path}, line {number}: must hold the picture in field 3 and left, top, width, height in fields 8 to 11"
                ) from None
    return rows


def _columns(path):
    """Return rows of a Matlab file with ids, BB (4, n) and confidence or sc; what `del` marks is left out, without scores all count 1."""
    ids, corners, there = (
        np.ravel(matrix_file(path, "ids")),
        np.asarray(matrix_file(path, "BB"), np.float64),
        variables_of(path),
    )
    name = next((name for name in ("confidence", "sc") if name in there), None)
    scores = (
        np.asarray(np.ravel(matrix_file(path, name)), np.float64) if name else np.ones(len(ids))
    )
    gone = np.ravel(matrix_file(path, "del")) == 1 if "del" in there else np.zeros(len(ids), bool)
    if corners.shape != (4, len(ids)) or len(scores) != len(ids) or len(gone) != len(ids):
        raise InputError(
            f"{path}: ids, BB and scores do not fit each other: {len(ids)}, {corners.shape}, {len(scores)}"
        )
    return [
        (np.ravel(one)[0], score, *box)
        for one, score, box, out in zip(ids, scores, corners.T, gone)
        if not out
    ]


def _by_picture(path):
    """Return rows of a Matlab file with DetectionResults: a struct for each picture of filename and faces (left, top, width, height, score)."""
    rows = []
    for cell in np.ravel(matrix_file(path, "DetectionResults")):
        entry = np.ravel(cell)[0] if cell.dtype.names is None else cell
        for x, y, width, height, score in np.asarray(
            np.ravel(entry["faces"])[0] if entry["faces"].dtype == object else entry["faces"],
            np.float64,
        ).reshape(-1, 5):
            rows.append((np.ravel(entry["filename"])[0], score, x, y, x + width, y + height))
    return rows


READERS = {
    ".txt": _lines,
    ".csv": _picasa,
    ".mat": _columns,
    ".ramananmat": _columns,
    ".shenmat": _by_picture,
}


def read_detections(path):
    """Return the `Detections` of a result file in any format that the toolbox reads, told by its extension (READERS)."""
    reader = READERS.get(os.path.splitext(path)[1].lower())
    if reader is None:
        raise InputError(f"{path}: detections must be one of {', '.join(READERS)}")
    if not os.path.isfile(path):
        raise InputError(f"{path}: no such file of detections")
    rows = reader(path)
    return Detections(
        np.array([stem(np.ravel(row[0])[0]) for row in rows], str),
        np.float64([row[1] for row in rows]),
        np.float64([row[2:6] for row in rows]).reshape(-1, 4),
    )


def write_detections(path, predictions):
    """Write [{image, faces: [{box, score}]}] of the kit as one of the toolbox's text files."""
    with files.replacing(path) as stream:
        for one in predictions:
            for face in one["faces"]:
                stream.write(
                    f"{stem(one['image'])} {face['score']:.6f} "
                    + " ".join(f"{edge:.2f}" for edge in to_toolbox(face["box"])[0])
                    + "\n"
                )


def overlap(box, boxes):
    """Return the IoU of one box with others (n, 4); boxes that share no more than an edge have none."""
    low, high = np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:], boxes[:, 2:])
    shared = np.where((high > low).all(axis=1), (high - low + 1).prod(axis=1), 0)
    area = lambda some: (np.abs(some[..., 2:] - some[..., :2]) + 1).prod(axis=-1)
    return shared / (area(box) + area(boxes) - shared)


def match(detections, truth):
    """Return (true (n,), counts (n,), face boxes (n, 4) of the true ones else NaN) of Detections whose scores fall."""
    true, counts, faces = (
        np.zeros(len(detections.score), bool),
        np.ones(len(detections.score), bool),
        np.full((len(detections.score), 4), np.nan),
    )
    taken = {image: np.zeros(len(boxes), bool) for image, (boxes, _) in truth.items()}
    for number, (image, box) in enumerate(zip(detections.image, detections.box)):
        boxes, ignored = truth.get(image, (np.zeros((0, 4)), None))
        if not len(boxes):
            continue
        overlaps = overlap(box, boxes)
        best = (
            len(overlaps) - 1 - int(overlaps[::-1].argmax())
        )  # of equal ones the last, as the toolbox has it
        if overlaps[best] > OVERLAP:
            if ignored[best]:
                counts[number] = False
            elif not taken[image][best]:
                taken[image][best] = true[number] = True
                faces[number] = boxes[best]
    return true, counts, faces


def refined(boxes, true, faces):
    """Return all boxes moved and scaled by the mean offset and ratio of the true ones from their faces."""
    size, center = boxes[:, 2:] - boxes[:, :2], (boxes[:, 2:] + boxes[:, :2]) / 2
    own, aim = size[true], faces[true]
    shift = (((aim[:, 2:] + aim[:, :2]) / 2 - center[true]) / own).mean(axis=0)
    scale = ((aim[:, 2:] - aim[:, :2]) / own).mean(axis=0)
    center = center + shift * size
    return np.concatenate([center - size * scale / 2, center + size * scale / 2], axis=1)


def assess(detections, truth):
    """Return {ap_plain, ap_refined (percent), recall (percent, plain), faces, ignored, detections} and the plain (recall, precision) curve.

    truth: {picture: (boxes, ignored)}. InputError where there is no face to find.
    """
    truth = {
        image: (boxes, ignored | ((boxes[:, 2:] - boxes[:, :2]) < LEAST_FACE).any(axis=1))
        for image, (boxes, ignored) in truth.items()
    }
    total, ignored = (
        sum(int(some.sum()) for some in counts)
        for counts in zip(*((~flags, flags) for _, flags in truth.values()))
    )
    if not total:
        raise InputError(
            "no face that counts in the annotations: all are ignored or smaller than 30 pixels"
        )
    large = ((detections.box[:, 2:] - detections.box[:, :2]) > LEAST_DETECTION).any(axis=1)
    order = np.flatnonzero(large)[np.argsort(-detections.score[large], kind="stable")]
    some, found, curve = (
        Detections(detections.image[order], detections.score[order], detections.box[order]),
        {},
        None,
    )
    for number in range(ROUNDS):
        true, counts, faces = match(some, truth)
        ap = 100 * metrics.average_precision(true[counts], some.score[counts], total)
        if number == 0:
            hits = np.cumsum(true[counts])
            curve = hits / total, hits / np.arange(1, len(hits) + 1)
            found = dict(ap_plain=ap, recall=100 * float(true.sum() / total))
        if not true.any():
            break
        some = some._replace(box=refined(some.box, true, faces))
    return dict(
        found, ap_refined=ap, faces=total, ignored=ignored, detections=len(detections.score)
    ), curve
