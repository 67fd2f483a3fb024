"""The figures of every protocol as pure functions on arrays; no net, no file."""
import numpy as np
from sklearn import metrics as sklearn_metrics

from allinone import boxes


def match_detections(detected, scores, faces, overlap=0.5):
    """Tell which detections of one picture are true: best score first, each takes the free face of largest IoU > overlap.

    detected (n, 4), scores (n,), faces (m, 4); returns bool (n,) in the order of the input.
    """
    true = np.zeros(len(detected), bool)
    if len(faces) == 0 or len(detected) == 0:
        return true
    overlaps = boxes.iou(detected, faces)
    for index in np.argsort(-np.asarray(scores), kind="stable"):
        best = overlaps[index].argmax()
        if overlaps[index, best] > overlap:
            true[index] = True
            overlaps[:, best] = -1
    return true


def average_precision(true, scores, faces):
    """Return the all-point average precision of detections (bool, score) of all pictures against `faces` faces.

    The area under precision over recall, where precision is made non-increasing in recall (PASCAL VOC 2010).
    """
    if faces <= 0:
        raise ValueError("average precision needs at least one face")
    order = np.argsort(-np.asarray(scores, np.float64), kind="stable")
    hits = np.cumsum(np.asarray(true, bool)[order])
    precision = hits / np.arange(1, len(hits) + 1)
    recall = hits / faces
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.sum(np.diff(np.concatenate([[0], recall])) * envelope))


def nme(predicted, truth, visibility, normaliser):
    """Return the normalised mean error of each face (n,): mean distance of its visible points over the normaliser (n,).

    predicted, truth (n, k, 2); visibility (n, k): points of 0 or NaN do not count; a face without any is NaN.
    """
    seen = np.nan_to_num(np.asarray(visibility, np.float64)) > 0
    seen &= np.isfinite(truth).all(axis=2)
    distance = np.where(seen, np.linalg.norm(np.asarray(predicted) - np.nan_to_num(truth), axis=2), 0)
    count = seen.sum(axis=1)
    return np.divide(distance.sum(axis=1), count * np.asarray(normaliser), out=np.full(len(count), np.nan), where=count > 0)


def box_size(face_boxes):
    """Return sqrt(width * height) of boxes (n, 4): the landmark normaliser of 3DDFA."""
    return np.sqrt(boxes.area(face_boxes))


def mean_absolute_error(predicted, truth):
    """Return the mean of |predicted - truth|."""
    return float(sklearn_metrics.mean_absolute_error(truth, predicted))


def accuracy(predicted, truth):
    """Return the share of equal entries; truth that is NaN does not count."""
    predicted, truth = np.asarray(predicted), np.asarray(truth, np.float64)
    known = np.isfinite(truth)
    return float((predicted[known] == truth[known]).mean())


def unit_length(descriptors):
    """Return descriptors (..., d) scaled to Euclidean length 1."""
    return descriptors / np.maximum(np.linalg.norm(descriptors, axis=-1, keepdims=True), 1e-12)


def pair_similarities(descriptors, identities):
    """Return cosine similarities of all pairs and whether they show the same person."""
    unit = unit_length(descriptors)
    first, second = np.triu_indices(len(unit), 1)
    identities = np.asarray(identities)
    return (unit @ unit.T)[first, second], identities[first] == identities[second]


def auc(scores, same):
    """Return the area under the ROC curve."""
    return float(sklearn_metrics.roc_auc_score(same, scores))


def tar_at_far(scores, same, far):
    """Return the true accept rate at the loosest threshold whose false accept rate is at most `far`.

    A pair is accepted when its score is above the threshold.
    """
    scores, same = np.asarray(scores, np.float64), np.asarray(same, bool)
    impostors = np.sort(scores[~same])[::-1]
    allowed = int(np.floor(far * len(impostors) + 1e-9))
    threshold = impostors[allowed] if allowed < len(impostors) else -np.inf
    return float((scores[same] > threshold).mean())
