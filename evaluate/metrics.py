"""The figures of every protocol as pure functions on arrays; no net, no file.

Shares are from 0 to 1. What face-eval and FDDB count in their own ways stands in evaluate.face_eval
and evaluate.ellipses.
"""

import numpy as np

from allinone import boxes
from allinone.embeddings import unit_length

YAW_BINS = ((0, 30), (30, 60), (60, 90))  # degrees of |yaw|, Table II
YAW_STEP = 15  # degrees: AFW's yaw is annotated in such steps
TOLERANCE = 1e-6  # degrees


def _sklearn():
    """Return scikit-learn's metrics, a second's import that most commands never need."""
    from sklearn import metrics

    return metrics


def match_detections(detected, scores, faces, overlap=0.5):
    """Return which detections of one picture are true, bool (n,) in the order of the input.

    Best score first, each takes the free face of largest IoU > overlap. detected (n, 4), scores
    (n,), faces (m, 4).
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
    """Return the all-point average precision of detections among `faces` faces.

    true: bool (n,), scores (n,), of all pictures. It is the area under precision over recall, where
    precision is made non-increasing in recall (PASCAL VOC 2010). ValueError without a face.
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
    """Return the normalised mean error of each face (n,).

    It is the mean distance of the visible points over the normaliser (n,). predicted, truth
    (n, k, 2); visibility (n, k): points of 0 or NaN do not count; a face without any is NaN.
    """
    seen = np.nan_to_num(np.asarray(visibility, np.float64)) > 0
    seen &= np.isfinite(truth).all(axis=2)
    distance = np.where(
        seen, np.linalg.norm(np.asarray(predicted) - np.nan_to_num(truth), axis=2), 0
    )
    count = seen.sum(axis=1)
    return np.divide(
        distance.sum(axis=1),
        count * np.asarray(normaliser),
        out=np.full(len(count), np.nan),
        where=count > 0,
    )


def box_size(face_boxes):
    """Return sqrt(width * height) of boxes (n, 4): the landmark normaliser of 3DDFA."""
    return np.sqrt(boxes.area(face_boxes))


def face_size(face_boxes):
    """Return the mean of width and height of boxes (n, 4).

    The landmark normaliser of AFW (Zhu and Ramanan 2012).
    """
    return boxes.center_size(face_boxes)[1].mean(axis=-1)


def cumulative_error(errors, limits):
    """Return the share of faces whose error is at most each of the limits; NaN is left out.

    The cumulative error curve.
    """
    known = np.sort(np.asarray(errors, np.float64)[np.isfinite(errors)])
    return np.searchsorted(known, limits, side="right") / max(len(known), 1)


def failure_rate(errors, limit):
    """Return the share of faces (NaN left out) whose error is above a limit."""
    return float(1 - cumulative_error(errors, [limit])[0])


def by_yaw(errors, yaw):
    """Return the mean error of the faces in each of YAW_BINS, the bins' mean and deviation.

    As Table II does: the sample standard deviation. errors (n,), NaN left out; yaw (n,) in degrees,
    beyond 90 counts as 90. A bin without a face is NaN, and so are mean and deviation then.
    """
    errors, yaw = np.asarray(errors, np.float64), np.minimum(np.abs(yaw), YAW_BINS[-1][1])
    means = []
    for low, high in YAW_BINS:
        inside = (yaw >= low) & ((yaw < high) | (high == YAW_BINS[-1][1])) & np.isfinite(errors)
        means.append(float(errors[inside].mean()) if inside.any() else float("nan"))
    return means, float(np.mean(means)), float(np.std(means, ddof=1))


def yaw_errors(predicted, truth, step=YAW_STEP):
    """Return how many degrees each angle (n,) is off the truth (n,), rounded to `step` first.

    Section IV-C, after Zhu and Ramanan 2012.
    """
    rounded = np.floor(np.asarray(predicted, np.float64) / step + 0.5) * step
    return np.abs(rounded - truth)


def pose_accuracy(predicted, truth, step=YAW_STEP):
    """Return the share of faces whose angle is at most `step` degrees off the truth.

    predicted (n,), rounded to the nearest multiple of `step` first; truth (n,).
    """
    return float((yaw_errors(predicted, truth, step) <= step + TOLERANCE).mean())


def epsilon_error(predicted, mean, sigma):
    """Return each picture's error (n,) of ChaLearn LAP 2015: 1 - exp(-(x - mean)^2 / (2 sigma^2)).

    A prediction that is NaN counts 1.
    """
    off = (np.asarray(predicted, np.float64) - mean) ** 2 / (2 * np.asarray(sigma, np.float64) ** 2)
    return np.where(np.isnan(off), 1.0, 1 - np.exp(-np.nan_to_num(off)))


def mean_over_people(errors, people):
    """Return the mean over people of each one's mean error."""
    errors, people = np.asarray(errors, np.float64), np.asarray(people)
    return float(np.mean([errors[people == person].mean() for person in np.unique(people)]))


def mean_absolute_error(predicted, truth):
    """Return the mean of |predicted - truth|."""
    return float(_sklearn().mean_absolute_error(truth, predicted))


def accuracy(predicted, truth):
    """Return the share of equal entries; truth that is NaN does not count."""
    predicted, truth = np.asarray(predicted), np.asarray(truth, np.float64)
    known = np.isfinite(truth)
    return float((predicted[known] == truth[known]).mean())


def pair_similarities(descriptors, identities):
    """Return cosine similarities of all pairs and whether they show the same person."""
    unit = unit_length(descriptors)
    first, second = np.triu_indices(len(unit), 1)
    identities = np.asarray(identities)
    return (unit @ unit.T)[first, second], identities[first] == identities[second]


def auc(scores, same):
    """Return the area under the ROC curve."""
    return float(_sklearn().roc_auc_score(same, scores))


def tar_at_far(scores, same, far):
    """Return the true accept rate at the loosest threshold of a false accept rate up to `far`.

    A pair is accepted when its score is above the threshold.
    """
    scores, same = np.asarray(scores, np.float64), np.asarray(same, bool)
    impostors = np.sort(scores[~same])[::-1]
    allowed = int(np.floor(far * len(impostors) + 1e-9))
    threshold = impostors[allowed] if allowed < len(impostors) else -np.inf
    return float((scores[same] > threshold).mean())


def roc(scores, same):
    """Return (false accept rates, true accept rates, thresholds), from strict to loose.

    A pair is accepted from its threshold on.
    """
    return _sklearn().roc_curve(same, scores, drop_intermediate=False)


def mate_rank(negatives, positives):
    """Return the rank, from 1, of a probe's best mate.

    It is one more than the number of others' scores that are at least as high.
    """
    return 1 + int((np.asarray(negatives) >= np.max(positives)).sum())


def cmc(ranks, upto):
    """Return the share of probes whose mate stands among the first 1, 2, ..., `upto` ones.

    The cumulative match characteristic.
    """
    return [float((np.asarray(ranks) <= rank).mean()) for rank in range(1, upto + 1)]


def detection_identification_rate(probes, threshold, rank=1):
    """Return the share of probes whose mate scores `threshold` or more, among the first `rank`.

    probes: [(scores of others, scores of mates)]; those without a mate do not count. NaN where none
    has one.
    """
    found = []
    for negatives, positives in probes:
        if len(positives):
            near = mate_rank(negatives, positives) <= rank
            found.append(np.max(positives) >= threshold and near)
    return float(np.mean(found)) if found else float("nan")


def false_alarm_rate(probes, threshold):
    """Return the share of probes without a mate of whom somebody scores `threshold` or more.

    probes: as above. NaN where all have a mate.
    """
    alarms = [
        np.max(negatives) >= threshold for negatives, positives in probes if not len(positives)
    ]
    return float(np.mean(alarms)) if alarms else float("nan")


def tpir_at_fpir(probes, fpir, rank):
    """Return the detection and identification rate at a false alarm rate of at most `fpir`.

    At the loosest such threshold. probes: as above; NaN where none lacks a mate: no alarm is a
    false one then.
    """
    alarms = [np.max(negatives) for negatives, positives in probes if not len(positives)]
    if not alarms:
        return float("nan")
    alarms = np.sort(alarms)[::-1]
    allowed = int(np.floor(fpir * len(alarms) + 1e-9))
    threshold = np.nextafter(alarms[allowed], np.inf) if allowed < len(alarms) else -np.inf
    return detection_identification_rate(probes, threshold, rank)


def fold_accuracies(scores, same, folds):
    """Return the accuracy of each fold, decided by the threshold that does best on all others.

    LFW's restricted protocol.
    """
    scores, same, folds = np.asarray(scores, np.float64), np.asarray(same, bool), np.asarray(folds)
    found = []
    for fold in np.unique(folds):
        rest = folds != fold
        false, true, limits = roc(scores[rest], same[rest])
        right = true * same[rest].sum() + (1 - false) * (~same[rest]).sum()
        found.append(float(((scores[~rest] >= limits[right.argmax()]) == same[~rest]).mean()))
    return found
