"""Running validation: what the towers of a training net say of held-out faces and regions, task by task.

Simpler than the benchmarks: faces are aligned by their true landmarks, regions are drawn as for training.
"""

import numpy as np

from allinone.tasks import BY_NAME
from evaluate import metrics

# The figure of each task, and whether more is better.
FIGURES = dict(
    detection=("accuracy", True),
    landmarks=("nme", False),
    visibility=("accuracy", True),
    pose=("yaw_mae", False),
    smile=("accuracy", True),
    gender=("accuracy", True),
    age=("mae", False),
    identity=("auc", True),
)


def measure(net, owners, batches, rows):
    """Return {task: {metric: value}} of a net in its test phase, after running `batches` mini-batches.

    net: caffe.Net; owners: {task: its tower}; rows: {tower: how many of its faces or regions count}, the first ones: those
    after them have come before. Values: shares, degrees, years; NME in units of the region's size. A task without any
    label is left out.
    """
    blobs = {task: _blobs(tower, task) for task, tower in owners.items()}
    parts = {blob: [] for names in blobs.values() for blob in names}
    for _ in range(batches):
        net.forward()
        for blob, arrays in parts.items():
            arrays.append(net.blobs[blob].data.copy())
    joined = {
        blob: np.concatenate(arrays)[: rows[blob.split("/")[0]]] for blob, arrays in parts.items()
    }
    values = {
        task: float(_figure(task, *(joined[blob] for blob in names)))
        for task, names in blobs.items()
    }
    return {
        task: {FIGURES[task][0]: round(value, 6)}
        for task, value in values.items()
        if np.isfinite(value)
    }


def _blobs(tower, task):
    """Return the blobs that a task's figure needs: prediction, label and, where there is one, mask."""
    label = f"{tower}/label"
    if task in ("landmarks", "visibility", "pose"):
        return f"{tower}/{task}", f"{tower}/{task}_label", f"{tower}/{task}_mask"
    if task in ("smile", "gender", "detection"):
        return f"{tower}/{task}_raw", f"{tower}/gender_label" if (tower, task) == (
            "hyperface",
            "gender",
        ) else label
    return (f"{tower}/fc7" if task == "identity" else f"{tower}/{task}"), label


def _figure(task, predicted, label, mask=None):
    """Return the figure of a task."""
    if task == "landmarks":
        off = np.linalg.norm((predicted - label).reshape(len(label), -1, 2), axis=2)
        return _mean(off[mask[:, ::2] > 0])
    if task == "visibility":
        return _mean(((predicted >= 0.5) == (label >= 0.5))[mask > 0])
    if task == "pose":
        return _mean(np.degrees(np.abs(predicted - label)[:, 2])[mask[:, 2] > 0])
    if BY_NAME[task].loss == "age":
        return _mean(np.abs(predicted.ravel() - label)[label >= 0])
    if task == "identity":
        similarity, same = metrics.pair_similarities(predicted, label.astype(int))
        return metrics.auc(similarity, same) if 0 < np.sum(same) < len(same) else np.nan
    known = label >= 0
    return _mean(predicted.argmax(axis=1)[known] == label[known])


def _mean(values):
    return np.mean(values) if len(values) else np.nan
