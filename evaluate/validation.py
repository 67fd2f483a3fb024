"""Running validation: what the towers of a training net say of held-out faces and regions.

Simpler than the benchmarks: faces are aligned by their true landmarks, regions are drawn as for
training. A task's figure follows from its kind (allinone.tasks), its name is `Task.validation`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from typing import Optional

import numpy as np

from allinone import boxes, snapshots, surgery, tasks, windows
from allinone.pycaffe import caffe
from allinone.tasks import (
    ANGLES,
    DESCRIPTOR,
    NUMBER,
    OFFSETS,
    POINTS,
    PROBABILITY,
    VISIBILITY,
    Task,
)
from evaluate import metrics, task_figures
from prototxt import network
from python_layers import tops

YAW = 2  # place in a pose
DESCRIPTOR_BLOB = "fc7"  # of a training net, which copies it to no output of its own


def measure(net, owners: dict[str, str], batches: int, rows: dict[str, int]) -> dict:
    """Return {task: {metric: value}} of a net in its test phase after `batches` mini-batches.

    net: caffe.Net; owners: {task: its tower}; rows: {tower: how many of its faces or regions
    count}, the first ones: those after them have come before. Values: shares, degrees, units of the
    task; NME in units of the region's size. A descriptor's true accept rate stands behind its
    figure. A task without any label is left out.
    """
    blobs = {name: blobs_of(tower, tasks.LEARNT[name]) for name, tower in owners.items()}
    parts = {blob: [] for names in blobs.values() for blob in names}
    for _ in range(batches):
        net.forward()
        for blob, arrays in parts.items():
            arrays.append(net.blobs[blob].data.copy())
    joined = {}
    for blob, arrays in parts.items():
        joined[blob] = np.concatenate(arrays)[: rows[blob.split("/")[0]]]
    figures = {}
    for name, names in blobs.items():
        task = tasks.LEARNT[name]
        value = float(MEASURES[task.kind](*(joined[blob] for blob in names)))
        if np.isfinite(value):
            figures[name] = {task.validation.metric: round(value, 6)}
            if task.kind == DESCRIPTOR:
                accepted = _accepted(*(joined[blob] for blob in names))
                figures[name][task_figures.ACCEPTED] = round(accepted, 6)
    return figures


def blobs_of(tower: str, task: Task) -> tuple[str, ...]:
    """Return the blobs that a task's figure needs: answer, label and, where it has one, mask."""
    answer = network.raw_name(task)
    if task.kind == DESCRIPTOR:
        answer = DESCRIPTOR_BLOB
    elif task.kind == NUMBER:  # in its own unit
        answer = task.output
    labels = tops.labels_of(tower)[task.name]
    if task.kind == NUMBER:  # a label's sigma matters to the loss alone
        labels = labels[:1]
    return tuple(f"{tower}/{name}" for name in (answer, *labels))


def _mean(values: np.ndarray) -> float:
    return values.mean() if len(values) else np.nan


def _accuracy(answers, label):
    """Return the share of right answers; answers (n, 2) before softmax, label (n,), -1 unknown."""
    known = label >= 0
    return _mean(answers.argmax(axis=1)[known] == label[known])


def _absolute_error(answers, label):
    """Return the mean absolute error; answers (n, 1), label (n,), negative where unknown."""
    return _mean(np.abs(answers.ravel() - label)[label >= 0])


def _point_error(answers, label, mask):
    """Return the mean distance of points, all (n, 42), in units of the region's size."""
    off = np.linalg.norm((answers - label).reshape(len(label), -1, 2), axis=2)
    return _mean(off[mask[:, ::2] > 0])


def _visibility_accuracy(answers, label, mask):
    """Return the share of points, all (n, 21), that are rightly called visible or hidden."""
    return _mean(((answers >= 0.5) == (label >= 0.5))[mask > 0])


def _yaw_error(answers, label, mask):
    """Return the mean absolute error of yaw in degrees; all (n, 3), radians."""
    return _mean(np.degrees(np.abs(answers - label)[:, YAW])[mask[:, YAW] > 0])


def _area(answers, label):
    """Return the area under ROC over all pairs; answers (n, 512), label (n,) says who it is."""
    similarity, same = metrics.pair_similarities(answers, label.astype(int))
    return metrics.auc(similarity, same) if 0 < np.sum(same) < len(same) else np.nan


def _accepted(answers, label):
    """Return the true accept rate at task_figures.FAR over all pairs; as `_area`."""
    similarity, same = metrics.pair_similarities(answers, label.astype(int))
    return metrics.tar_at_far(similarity, same, task_figures.FAR)


def _mean_iou(answers, label, mask):
    """Return the mean IoU of boxes given as offsets from windows, all (n, 4)."""
    window = np.zeros((len(label), 4)) + [0, 0, windows.SIDE, windows.SIDE]
    found, known = (windows.decode(offsets, window) for offsets in (answers, label))
    return _mean(np.array([boxes.iou(*pair)[0, 0] for pair in zip(found, known)])[mask[:, 0] > 0])


# {kind: its figure, from the blobs of `blobs_of`; NaN where nothing has a label}
MEASURES = {
    PROBABILITY: _accuracy,
    NUMBER: _absolute_error,
    POINTS: _point_error,
    VISIBILITY: _visibility_accuracy,
    ANGLES: _yaw_error,
    DESCRIPTOR: _area,
    OFFSETS: _mean_iou,
}


def scenes_of(runs: Iterable[str]) -> Optional[str]:
    """Return the detection database that the last run with a detection tower is validated on.

    None where there is none.
    """
    return database_of(runs, tasks.REGION_TOWER)


def database_of(runs: Iterable[str], tower: str) -> Optional[str]:
    """Return the folder of databases that the last run with a tower validates it on, or None."""
    found = None
    for run in runs:
        net = surgery.read_net(snapshots.net_of(snapshots.weights_of(run)))
        for layer in net.layer:
            if layer.name == f"{tower}/data":
                only_test = any(rule.phase == caffe.TEST for rule in layer.include)
                found = json.loads(layer.python_param.param_str)["source"] if only_test else None
    return found if found and os.path.isdir(found) else None
