"""Detection as the face-eval toolbox counts it: AFW and PASCAL faces.

Mathias, Benenson, Pedersoli, Van Gool 2014. Boxes here are the toolbox's: pixels counted from 1, x2
and y2 of the last pixel, so that a width is x2 - x1 + 1.

- A face whose x2 - x1 or y2 - y1 is under 30 is ignored, as is one that is flagged so: it is
  neither asked for nor false.
- A detection is dropped unless x2 - x1 or y2 - y1 is above 21.
- Best score first, each detection goes to the face of largest IoU, if that is above 0.5; a face
  that is taken makes it false.
- Average precision over all points of the envelope.
- Refinement, against the different boxes that methods draw: five rounds, and before each but the
  first all boxes are moved and scaled by the mean offset and ratio of the true ones. One round is
  none, "plain".

Files of detections are read in evaluate.detection_files.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from allinone import files
from allinone.errors import InputError
from allinone.record import FaceRecord
from data_prep.tables import MEND, form_of, variable, variables_of
from evaluate import metrics

LEAST_FACE, LEAST_DETECTION, OVERLAP, ROUNDS = 30, 21, 0.5, 5
PRECISIONS = ("ap_refined", "ap_plain")  # what `assess` finds of average precision
Truth = Mapping[str, tuple[np.ndarray, np.ndarray]]  # {picture: (boxes (n, 4), ignored (n,) bool)}


class Detections(NamedTuple):
    """Detections in any number of pictures."""

    image: np.ndarray  # names without extension (n,)
    score: np.ndarray  # (n,)
    box: np.ndarray  # (n, 4)


def stem(name: str) -> str:
    """Return a picture's name as the toolbox compares it.

    Without folder and all that follows the first point.
    """
    return str(name).replace("\\", "/").split("/")[-1].split(".")[0]


def read_annotations(path: str) -> Truth:
    """Return the faces in an annotation file of the toolbox: `Annotations`, or AFW's `anno`.

    InputError where an edge is no finite number, or a picture is there twice.
    """
    variables = variables_of(path)
    with form_of(path):
        if "anno" in variables:
            found = _of_anno(variables["anno"], path)
        else:
            found = _of_objects(variable(variables, "Annotations", path), path)
    for image, (boxes, _) in found.items():
        if not np.isfinite(boxes).all():
            raise InputError(
                f"{path}: a face of picture '{image}' has an edge that is no finite number; get "
                "the file again"
            )
    return found


def _add(found: Truth, picture, faces, path: str) -> None:
    """Add the faces of a picture, which a cell of the file names."""
    name = stem(str(np.ravel(picture)[0]))
    if name in found:
        raise InputError(f"{path}: picture '{name}' is there twice; {MEND}")
    found[name] = faces


def _of_anno(rows: np.ndarray, path: str) -> Truth:
    """Return the faces in the rows of AFW's own annotation file."""
    found = {}
    for picture, boxes, *_ in rows:
        corners = np.float64([np.ravel(box) for box in np.ravel(boxes)]).reshape(-1, 4)
        _add(found, picture, (corners, np.zeros(len(corners), bool)), path)
    return found


def _of_objects(entries: np.ndarray, path: str) -> Truth:
    """Return the faces in the entries of an annotation file of the toolbox's own form."""
    found = {}
    for entry in np.ravel(entries):
        objects = np.asarray(entry["objects"], np.float64)
        objects = objects.reshape(-1, objects.shape[-1] if objects.size else 4)
        ignored = np.zeros(len(objects), bool)
        if objects.shape[1] > 5:
            ignored = objects[:, 5] > 0
        _add(found, entry["imgname"], (objects[:, :4], ignored), path)
    return found


def from_records(pictures: Iterable[tuple[str, Sequence[FaceRecord]]]) -> Truth:
    """Return the faces of records by picture; all must have a box."""
    found = {}
    for image, faces in pictures:
        ignored = np.array([bool(face.ignore) for face in faces], bool)
        found[stem(image)] = to_toolbox([face.box for face in faces]), ignored
    return found


def to_toolbox(boxes) -> np.ndarray:
    """Return boxes of the kit (exclusive ends, from 0) as the toolbox's."""
    return np.asarray(boxes, np.float64).reshape(-1, 4) + [1, 1, 0, 0]


def write_detections(path: str, faces: Iterable[FaceRecord]) -> None:
    """Write faces that were found as one of the toolbox's text files."""
    with files.replacing(path) as stream:
        for face in faces:
            edges = " ".join(f"{edge:.2f}" for edge in to_toolbox(face.box)[0])
            stream.write(f"{stem(face.image)} {face.score:.6f} {edges}\n")


def _area(boxes: np.ndarray) -> np.ndarray:
    return (np.abs(boxes[..., 2:] - boxes[..., :2]) + 1).prod(axis=-1)


def overlap(box: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Return the IoU of one box with others (n, 4).

    Boxes that share no more than an edge have none.
    """
    low, high = np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:], boxes[:, 2:])
    shared = np.where((high > low).all(axis=1), (high - low + 1).prod(axis=1), 0)
    return shared / (_area(box) + _area(boxes) - shared)


def match(detections: Detections, truth: Truth) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (true (n,), counts (n,), boxes (n, 4) of their faces) of detections, best first.

    A detection that is not true has a box of NaN.
    """
    number_of = len(detections.score)
    true, counts = np.zeros(number_of, bool), np.ones(number_of, bool)
    faces = np.full((number_of, 4), np.nan)
    taken = {image: np.zeros(len(boxes), bool) for image, (boxes, _) in truth.items()}
    for number, (image, box) in enumerate(zip(detections.image, detections.box)):
        boxes, ignored = truth.get(image, (np.zeros((0, 4)), None))
        if not len(boxes):
            continue
        overlaps = overlap(box, boxes)
        # Of equal ones the last, as the toolbox has it.
        best = len(overlaps) - 1 - int(overlaps[::-1].argmax())
        if overlaps[best] > OVERLAP:
            if ignored[best]:
                counts[number] = False
            elif not taken[image][best]:
                taken[image][best] = true[number] = True
                faces[number] = boxes[best]
    return true, counts, faces


def refined(boxes: np.ndarray, true: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Return all boxes moved and scaled by the mean offset and ratio of the true ones' faces."""
    size, center = boxes[:, 2:] - boxes[:, :2], (boxes[:, 2:] + boxes[:, :2]) / 2
    own, aim = size[true], faces[true]
    shift = (((aim[:, 2:] + aim[:, :2]) / 2 - center[true]) / own).mean(axis=0)
    scale = ((aim[:, 2:] - aim[:, :2]) / own).mean(axis=0)
    center = center + shift * size
    return np.concatenate([center - size * scale / 2, center + size * scale / 2], axis=1)


def _small_ignored(truth: Truth) -> Truth:
    """Return the faces with those under LEAST_FACE pixels ignored."""
    found = {}
    for image, (boxes, ignored) in truth.items():
        is_small = ((boxes[:, 2:] - boxes[:, :2]) < LEAST_FACE).any(axis=1)
        found[image] = boxes, ignored | is_small
    return found


def _best_first(detections: Detections) -> Detections:
    """Return the detections that are large enough, best score first."""
    large = ((detections.box[:, 2:] - detections.box[:, :2]) > LEAST_DETECTION).any(axis=1)
    order = np.flatnonzero(large)[np.argsort(-detections.score[large], kind="stable")]
    return Detections(*(values[order] for values in detections))


def assess(
    detections: Detections, truth: Truth
) -> tuple[dict[str, Any], tuple[np.ndarray, np.ndarray]]:
    """Return the figures and the (recall, precision) curve of refined boxes.

    Figures: ap_plain, ap_refined and recall (of plain boxes) in percent; how many faces, ignored
    faces and detections there are. InputError where there is no face to find.
    """
    truth = _small_ignored(truth)
    ignored = sum(int(flags.sum()) for _, flags in truth.values())
    faces = sum(len(flags) for _, flags in truth.values()) - ignored
    if not faces:
        raise InputError(
            "no face that counts in the annotations: all are ignored or smaller than 30 pixels"
        )
    some, found, curve = _best_first(detections), {}, None
    for number in range(ROUNDS):
        true, counts, boxes = match(some, truth)
        ap = 100 * metrics.average_precision(true[counts], some.score[counts], faces)
        hits = np.cumsum(true[counts])
        curve = hits / faces, hits / np.arange(1, len(hits) + 1)
        if number == 0:
            found = dict(ap_plain=ap, recall=100 * float(true.sum() / faces))
        if not true.any():
            break
        some = some._replace(box=refined(some.box, true, boxes))
    found.update(ap_refined=ap, faces=faces, ignored=ignored, detections=len(detections.score))
    return found, curve
