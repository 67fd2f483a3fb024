"""Starting from the weights of another run."""

import numpy as np
from conftest import run_well
from training_runs import job_options

from allinone import snapshots
from allinone.pycaffe import caffe
from tools.training import initial

TRAIN = "tools.train"


def test_training_starts_from_another_runs_weights_and_says_which(chain, tmp_path):
    """Joint from an identity net: what it has is taken, everything else starts anew."""
    first, second = tmp_path / "pretrain", tmp_path / "joint"
    run_well(TRAIN, *job_options(chain, first, "pretrain", 2))
    known = ["--job", "joint", "--db", chain / "db", "--iterations", 1, "--seed", 2]
    done = run_well(TRAIN, *known, "--init", first, "--out", second)  # its profile is the init's
    taken = next(line for line in done.stdout.splitlines() if "taken over" in line)
    anew = next(line for line in done.stdout.splitlines() if "start anew" in line)
    for layer in ("conv1,", "conv6", "conv7", "fc6", "fc7", "fc8"):
        assert layer in taken
    assert "fc_full" in anew and "fc1_age" in anew and "conv1," not in anew
    random = caffe.get_solver(str(second / "solver.prototxt")).net.params["det/conv1"][0].data
    before, after = [snapshots.parameters(snapshots.newest(str(run))) for run in (first, second)]
    moved, fresh = [np.abs(after["conv1/w"] - other).max() for other in (before["conv1/w"], random)]
    assert moved < 0.01 < fresh  # one step of Adam moves a weight by its rate, 0.002


def test_a_fused_model_is_a_start_too(chain, tmp_path):
    known = ["--job", "gender", "--db", chain / "db", "--iterations", 1]
    done = run_well(TRAIN, *known, "--init", chain / "model", "--out", tmp_path / "run")
    assert "start anew: none" in done.stdout


class Net:
    """As much of a net as the classifier over people needs: (people, 4)."""

    def __init__(self, people):
        blob = type("Blob", (), dict(data=np.zeros((people, 4))))
        self.params = {"id/fc7": [], "id/fc8": [blob]}


def test_a_classifier_over_other_people_starts_anew(capsys):
    known = {"conv1/w": np.ones(3), "fc8/w": np.ones((6, 4)), "fc8/b": np.ones(6)}
    assert initial.other_people_left_out(Net(6), known, "here") == known
    assert set(initial.other_people_left_out(Net(9), known, "here")) == {"conv1/w"}
    assert "fc8 starts anew: here knows other people (6, here 9)" in capsys.readouterr().out


def test_a_fine_tuning_that_lacks_a_layer_is_refused(chain, tmp_path, expect_refusal):
    run_well(TRAIN, *job_options(chain, tmp_path / "age", "age", 1))
    arguments = ["--profile", "tiny", "--job", "fotw", "--db", chain / "db"]
    expect_refusal(
        TRAIN,
        [*arguments, "--init", tmp_path / "age", "--out", tmp_path / "fotw"],
        "'conv1a/w' of layer 'smile/conv1a' is missing",
    )
    expect_refusal(
        TRAIN,
        [*arguments, "--init", tmp_path / "none", "--out", tmp_path / "x"],
        tmp_path / "none",
        "train it first",
    )
