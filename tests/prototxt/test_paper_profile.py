"""Profile paper in real Caffe, on the CPU.

One joint iteration on real data with an image a tower, then the fused net beside the towers.
"""

import dataclasses
import os

import numpy as np
import pytest
from conftest import run_well

from allinone import profiles, schedules, snapshots, tasks
from allinone.pycaffe import caffe
from prototxt import solvers, towers
from tools.fusing import fuse


@pytest.fixture(scope="module")
def run(chain, tmp_path_factory):
    """A run's folder after one iteration of the joint net, and its solver."""
    folder = tmp_path_factory.mktemp("paper")
    records = ["--records", chain / "faces" / "records.jsonl", "--profile", "paper"]
    run_well("data_prep.build_db", "aligned", *records, "--out", folder / "db")
    (folder / "db" / "det").symlink_to(chain / "db" / "det")
    job = dataclasses.replace(
        schedules.JOBS["paper"]["joint"], batch=dict.fromkeys(tasks.TOWERS, 1)
    )
    people = profiles.PAPER.identities
    net = towers.train_net(profiles.PAPER, job, f"{folder}/db", people, validation=0)
    paths = os.path.join(folder, snapshots.NET), os.path.join(folder, "run")
    text = solvers.solver_text(profiles.PAPER, job, *paths, by_caffe=False)
    (folder / "snapshots").mkdir()
    (folder / snapshots.NET).write_text(str(net))
    (folder / "solver.prototxt").write_text(text)
    solver = caffe.get_solver(str(folder / "solver.prototxt"))
    solver.step(1)
    return folder, solver


def test_every_loss_of_the_joint_net_is_computed_and_learnt_from(run):
    _, solver = run
    losses = {}
    for name, blob in solver.net.blobs.items():
        if "/loss_" in name:
            losses[name.split("/loss_")[1]] = blob.data.item()
    assert set(losses) == {task.name for task in tasks.TASKS}
    assert np.isfinite(list(losses.values())).all()
    # Nothing is learnt: all people are alike, up to the chance of random weights and dropout.
    scores = solver.net.blobs["id/fc8"].data[0].astype(np.float64)
    guess = np.log(np.exp(scores).sum())
    assert guess - scores.mean() == pytest.approx(np.log(10548), rel=0.1)
    right = scores[int(solver.net.blobs["id/label"].data[0])]
    assert losses["identity"] == pytest.approx(guess - right, rel=1e-4)
    for layer in ("det/conv1", "id/conv7", "gender/fc1_gender", "age/fc2_age", "smile/fc_smile"):
        assert np.abs(solver.net.params[layer][0].diff).max() > 0, layer
    assert np.abs(solver.net.params["id/fc8"][0].diff).max() > 0


def test_the_towers_have_the_papers_sizes_in_the_joint_net(run):
    blobs = {name: tuple(blob.shape) for name, blob in run[1].net.blobs.items()}
    maps = (96, 256, 384, 384, 512, 512, 512)
    sides = (55, 27, 13, 13, 13, 13, 13)
    for tower, last in (("det", 5), ("smile", 5), ("gender", 6), ("age", 6), ("id", 7)):
        assert blobs[f"{tower}/data"] == (1, 3, 227, 227)
        for number, (count, side) in enumerate(zip(maps, sides), 1):
            expected = (1, count, side, side) if number <= last else None
            assert blobs.get(f"{tower}/conv{number}") == expected
    assert blobs["id/fc8"] == (1, 10548)
    assert blobs["det/fused"] == blobs["smile/fused"] == (1, 1024, 6, 6)


def test_the_fused_net_says_what_the_towers_say(run, tmp_path):
    folder, solver = run
    solver.net.save(str(folder / "snapshots" / "iter_0000001.caffemodel"))
    differences = fuse.fuse(profiles.PAPER, [str(folder)], str(tmp_path / "model"))
    assert set(differences) == {f"{task.tower}/{task.output}" for task in tasks.TASKS}
    assert max(differences.values()) <= 1e-5
