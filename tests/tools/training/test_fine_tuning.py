"""Fine-tuning: the branch of the task learns, and everything else stays to the bit."""

import dataclasses
import os

import numpy as np
import pytest
from conftest import run_well
from training_runs import job_options

from allinone import model, profiles, schedules, snapshots, surgery, tasks
from allinone.blob import to_blob
from allinone.pycaffe import caffe
from prototxt import deploy, network, solvers, towers
from tools.fusing import proof
from tools.training import initial

FINE_TUNED = [job for job in schedules.JOBS["tiny"].values() if job.init == "joint"]
# The layers that may move, written out; all with weights and biases, hidden ones with slopes.
LAYERS = dict(
    fddb={"fc_detection", "detection_raw"},
    fotw={"fc_smile", "smile_raw", "fc1_gender", "fc2_gender", "gender_raw"},
    lap2015={"fc1_age", "fc2_age", "age_raw"},
    fgnet={"fc1_age", "fc2_age", "age_raw"},
)
OUTPUTS = dict(fddb={"detection"}, fotw={"smile", "gender"}, lap2015={"age"})


def layers_of(names):
    return {name.rsplit("/", 1)[0] for name in names}


def moved(before, after):
    """Return the names of parameters that are not the same to the bit; counters do not count."""
    names = [name for name in after if not name.endswith(surgery.COUNTER)]
    return {name for name in names if not np.array_equal(before[name], after[name])}


@pytest.fixture(scope="module")
def runs(chain, tmp_path_factory):
    """{job: folder of a short run of it from the joint one}, as make finetune-<set> trains it."""
    folders = {}
    for job, more in (("fddb", ["--cores", 2]), ("fotw", []), ("lap2015", [])):
        folders[job] = tmp_path_factory.mktemp("runs") / job
        start = ["--init", chain / "run", "--base-lr", 0.01, *more]
        run_well("tools.train", *job_options(chain, folders[job], job, 3, *start))
    return folders


@pytest.mark.parametrize("job", OUTPUTS)
def test_a_fine_tuned_run_has_moved_its_branch_and_nothing_else(chain, runs, job):
    """By Adam with weight decay, in one process and in two."""
    before, after = [
        snapshots.parameters(snapshots.newest(str(run))) for run in (chain / "run", runs[job])
    ]
    assert layers_of(moved(before, after)) == LAYERS[job]
    for name in after:
        if name.endswith(("/w", "/b")) and layers_of([name]) <= LAYERS[job]:
            assert name in moved(before, after), name
    assert "learn, all others stay" in (runs[job] / "solver.prototxt").read_text()


@pytest.mark.parametrize("job", FINE_TUNED, ids=lambda job: job.name)
def test_by_the_papers_rule_too(chain, tmp_path, job):
    """SGD with momentum, weight decay and clipped gradients; nothing below learns or is computed.

    A gradient that is not computed stays as it was: here 7.
    """
    rate = dataclasses.replace(job, base_lr=0.05, batch=dict.fromkeys(job.towers, 4))
    net_path = str(tmp_path / "net.prototxt")
    net = towers.train_net(profiles.TINY, rate, f"{chain}/db", 0, validation=0)
    (tmp_path / "net.prototxt").write_text(str(net))
    text = solvers.solver_text(profiles.PAPER, rate, net_path, f"{tmp_path}/run", by_caffe=False)
    assert "momentum: 0.9" in text and "weight_decay: 0.0005" in text and 'type: "SGD"' in text
    (tmp_path / "solver.prototxt").write_text(text)
    solver = caffe.get_solver(str(tmp_path / "solver.prototxt"))
    initial.start_from(solver, net_path, str(chain / "run"), narrow=False, partial=False)

    def parameters():
        found = surgery.parameter_names(net)
        arrays = {}
        for layer, names in found.items():
            for name, blob in zip(names, solver.net.params[layer]):
                arrays[name] = blob.data.copy()
        return arrays

    marks = ("conv1", "conv3", "conv5", "fc_full", "pool6", "fc_pose", "landmarks")
    below = [name for name in solver.net.blobs if name.split("/")[-1] in marks]
    assert below
    for name in below:
        solver.net.blobs[name].diff[...] = 7
    before = parameters()
    solver.step(4)
    assert layers_of(moved(before, parameters())) == LAYERS[job.name]
    for name in below:
        assert (solver.net.blobs[name].diff == 7).all(), name


def test_the_branches_are_told_in_every_net_alike():
    """Each layer of a branch is the task's alone, and no other layer is."""
    for profile in ("paper", "tiny", "small"):
        for job in schedules.JOBS[profile].values():
            assert bool(job.branches) == (job.init == "joint"), job.name
            assert {tasks.BY_NAME[name].tower for name in job.branches} <= set(job.towers)
    whole = deploy.bare_net(profiles.TINY)
    for task in tasks.TASKS:
        others = [other for other in tasks.TASKS if other is not task]
        net = deploy.NetSpec()
        tower = towers.make_tower(net, "det")
        data = tower.put("input", deploy.picture(profiles.TINY.input_size))
        for other, raw in network.heads(tower, data, profiles.TINY, others):
            network.answer(tower, other, raw)
        shared = {
            name for some in surgery.parameter_names(net.to_proto()).values() for name in some
        }
        every = {name for some in surgery.parameter_names(whole).values() for name in some}
        assert layers_of(every - shared) == set(network.branch(task)) - set(towers.LAST)


@pytest.mark.parametrize("jobs", [["fddb"], ["fotw"], ["lap2015"], ["fddb", "fotw", "lap2015"]])
def test_fused_with_the_joint_run_all_other_answers_are_the_same_to_the_bit(
    chain, runs, tmp_path, rng, jobs
):
    """No trunk has to be named."""
    named = ["--run", chain / "run"]
    for job in jobs:
        named += ["--run", runs[job]]
    run_well("tools.fuse", *named, "--out", tmp_path / "model")
    images = rng.integers(0, 255, (4, 115, 115, 3)).astype(np.uint8)
    wanted = [task.output for task in tasks.TASKS]
    for names, blobs in ((model.FUSED, wanted), (model.DENSE, wanted[:4])):
        before, after = {}, {}
        for folder, found in ((chain / "model", before), (tmp_path / "model", after)):
            net, weights = [os.path.join(folder, name) for name in names]
            net = caffe.Net(net, caffe.TEST, weights=weights)
            found.update(proof.outputs_of(net, "data", to_blob(images), blobs))
        changed = {name for name in blobs if not np.array_equal(before[name], after[name])}
        assert changed == set().union(*(OUTPUTS[job] for job in jobs)) & set(blobs)
