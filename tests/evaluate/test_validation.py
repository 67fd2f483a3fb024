"""The running validation against figures worked out by hand."""

from types import SimpleNamespace

import numpy as np
import pytest

from allinone import profiles, schedules, tasks
from evaluate import validation
from prototxt import towers


class Net:
    """Gives one mini-batch of blobs after the other, as a net in its test phase does."""

    def __init__(self, *batches):
        self.batches, self.blobs = iter(batches), {}

    def forward(self):
        self.blobs = {
            name: SimpleNamespace(data=np.float32(values))
            for name, values in next(self.batches).items()
        }


def test_accuracies_ignore_what_has_no_label_and_count_each_record_once():
    """Second mini-batch: its last two rows are the first two records again."""
    net = Net(
        {
            "gender/gender_raw": [[2, 1], [0, 3], [1, 0]],
            "gender/label": [0, 1, 1],
        },  # right, right, wrong
        {"gender/gender_raw": [[5, 1], [2, 1], [0, 3]], "gender/label": [-1, 0, 1]},
    )  # no label; the rest: not counted
    assert validation.measure(net, {"gender": "gender"}, 2, {"gender": 4}) == {
        "gender": {"accuracy": pytest.approx(2 / 3, abs=1e-6)}
    }


def test_age_is_the_mean_absolute_error_in_years():
    net = Net({"age/age": [[30], [50], [20]], "age/label": [33, 45, -1]})
    assert validation.measure(net, {"age": "age"}, 1, {"age": 3}) == {"age": {"mae": 4}}


def test_regions_count_where_the_mask_says_so():
    points, masks = np.zeros((2, 42)), np.zeros((2, 42))
    points[0, :4] = [0.3, 0.4, 0, 0.1]  # two points off by 0.5 and 0.1
    masks[0, :4] = 1
    visibility = np.full((2, 21), 0.2)
    visibility[:, 0] = 0.9  # said visible
    seen, seen_mask = np.zeros((2, 21)), np.zeros((2, 21))
    seen_mask[0, :4] = 1  # truth: all hidden, so three of four are right
    pose = np.radians([[0, 0, 40], [0, 0, 90]])
    net = Net(
        {
            "det/landmarks": points,
            "det/landmarks_label": np.zeros((2, 42)),
            "det/landmarks_mask": masks,
            "det/visibility": visibility,
            "det/visibility_label": seen,
            "det/visibility_mask": seen_mask,
            "det/pose": pose,
            "det/pose_label": np.zeros((2, 3)),
            "det/pose_mask": [[1, 1, 1], [0, 0, 0]],
            "det/detection_raw": [[0, 1], [1, 0]],
            "det/label": [1, 1],
        }
    )
    owners = dict.fromkeys(("detection", "landmarks", "visibility", "pose"), "det")
    assert validation.measure(net, owners, 1, {"det": 2}) == {
        "detection": {"accuracy": 0.5},
        "landmarks": {"nme": pytest.approx(0.3)},
        "visibility": {"accuracy": 0.75},
        "pose": {"yaw_mae": pytest.approx(40)},
    }


def test_identity_is_the_auc_over_pairs():
    """Cosines: the same person 1 and 0, others 0.8, 0.6, 0.6, 0.8: 4 of 8 comparisons won.

    At a false accept rate of 1 % of four others none is accepted, and one pair of two is above all.
    """
    net = Net({"id/fc7": [[1, 0], [3, 0], [0.8, 0.6], [0.6, -0.8]], "id/label": [0, 0, 1, 1]})
    same, other = [1, 0.48 - 0.48], [0.8, 0.6, 0.8, 0.6]
    expected = np.mean([a > b for a in same for b in other])
    assert validation.measure(net, {"identity": "id"}, 1, {"id": 4}) == {
        "identity": {"auc": expected, "tar_at_far_0.01": 0.5}
    }
    net = Net({"id/fc7": [[1, 0], [0, 1]], "id/label": [0, 1]})  # nobody twice
    assert validation.measure(net, {"identity": "id"}, 1, {"id": 2}) == {}


@pytest.mark.parametrize("job", ["joint", tasks.HYPERFACE, *tasks.WINDOW_NETS])
def test_all_blobs_are_those_of_the_training_nets(job):
    job = schedules.JOBS["tiny"][job]
    net = towers.train_net(profiles.TINY, job, "db", identities=10)
    there = {top for layer in net.layer for top in layer.top}
    for tower in job.towers:
        for task in tasks.tasks_of(tower):
            blobs = validation.blobs_of(tower, task)
            assert set(blobs) <= there and len(blobs) in (2, 3)


def test_every_kind_of_task_has_a_figure():
    assert {task.kind for task in tasks.LEARNT.values()} == set(validation.MEASURES)
    metrics = {task.name: task.validation.metric for task in tasks.TASKS}
    assert metrics["detection"] == "accuracy" and metrics["identity"] == "auc"
