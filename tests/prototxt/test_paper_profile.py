"""Profile paper in real Caffe, on the CPU: one joint iteration on real data with an image a tower, then the fused net beside the towers."""

import dataclasses

import numpy as np
import pytest
from conftest import run_well

from allinone import schedules, snapshots, tasks
from allinone.pycaffe import caffe
from prototxt import solvers, towers
from tools import fuse


@pytest.fixture(scope="module")
def run(chain, tmp_path_factory):
    """A run's folder after one iteration of the joint net, and its solver."""
    folder = tmp_path_factory.mktemp("paper")
    run_well(
        "data_prep.build_db",
        "aligned",
        "--records",
        f"{chain}/faces/records.jsonl",
        "--profile",
        "paper",
        "--out",
        f"{folder}/db",
    )
    (folder / "db" / "det").symlink_to(chain / "db" / "det")
    job = dataclasses.replace(
        schedules.JOBS["paper"]["joint"], batch=dict.fromkeys(tasks.TOWERS, 1)
    )
    net = towers.train_net(profiles.PAPER, job, f"{folder}/db", profiles.PAPER.identities, validation=0)
    (folder / "snapshots").mkdir()
    (folder / snapshots.NET).write_text(str(net))
    (folder / "solver.prototxt").write_text(
        solvers.solver_text(
            profiles.PAPER, job, f"{folder}/{snapshots.NET}", f"{folder}/run", by_caffe=False
        )
    )
    solver = caffe.get_solver(str(folder / "solver.prototxt"))
    solver.step(1)
    return folder, solver


def test_every_loss_of_the_joint_net_is_computed_and_learnt_from(run):
    _, solver = run
    losses = {
        name.split("/loss_")[1]: float(blob.data)
        for name, blob in solver.net.blobs.items()
        if "/loss_" in name
    }
    assert (
        set(losses) == {task.name for task in tasks.TASKS}
        and np.isfinite(list(losses.values())).all()
    )
    assert losses["identity"] == pytest.approx(
        np.log(10548), rel=0.1
    )  # nothing learnt: all people are alike
    for layer in (
        "det/conv1",
        "id/conv7",
        "gender/fc1_gender",
        "age/fc2_age",
        "smile/fc_smile",
        "id/fc8",
    ):
        assert np.abs(solver.net.params[layer][0].diff).max() > 0, layer


def test_the_towers_have_the_papers_sizes_in_the_joint_net(run):
    blobs = {name: tuple(blob.shape) for name, blob in run[1].net.blobs.items()}
    for tower, last in (("det", 5), ("smile", 5), ("gender", 6), ("age", 6), ("id", 7)):
        assert blobs[f"{tower}/data"] == (1, 3, 227, 227)
        for number, shape in enumerate(
            (
                (96, 55, 55),
                (256, 27, 27),
                (384, 13, 13),
                (384, 13, 13),
                (512, 13, 13),
                (512, 13, 13),
                (512, 13, 13),
            ),
            1,
        ):
            assert blobs.get(f"{tower}/conv{number}") == ((1, *shape) if number <= last else None)
    assert blobs["id/fc8"] == (1, 10548) and blobs["det/fused"] == blobs["smile/fused"] == (
        1,
        1024,
        6,
        6,
    )


def test_the_fused_net_says_what_the_towers_say(run, tmp_path):
    folder, solver = run
    solver.net.save(str(folder / "snapshots" / "iter_0000001.caffemodel"))
    differences = fuse.fuse(profiles.PAPER, [str(folder)], str(tmp_path / "model"))
    assert (
        set(differences) == {f"{task.tower}/{task.output}" for task in tasks.TASKS}
        and max(differences.values()) <= 1e-5
    )
