"""The nets of windows in a model: what tools.fuse proves and says of them, what it refuses."""

import json
import shutil

import numpy as np
import pytest
from conftest import ITERATIONS, run_well
from training_runs import snapshot_of

from allinone import files, model, model_writing, surgery
from allinone.pycaffe import caffe
from tools.fusing import proof, searching

FUSE = "tools.fuse"


def told_of(folder):
    return json.loads((folder / model.PROVENANCE).read_text())


@pytest.mark.parametrize("name, compared", [("proposal", 4), ("screen", 2)])
def test_a_net_is_added_with_hashes_and_history(name, compared, proposing, chain):
    about = model.open_model(str(proposing / "model")).about  # checks the hashes
    assert {*searching.FILES[name]} <= set(about.files)
    before = model.read_about(str(chain / "model")).files
    assert {kept: about.files[kept] for kept in before if kept != model.PROVENANCE} == {
        kept: digest for kept, digest in before.items() if kept != model.PROVENANCE
    }
    told = told_of(proposing / "model")
    assert told[name]["sha256"] == files.sha256(snapshot_of(proposing / name, ITERATIONS))
    assert told[name]["job"] == name and told[name]["towers"] == [name]
    assert told[name]["iteration"] == ITERATIONS
    differences = told[f"largest_difference_{name}"].values()
    assert len(differences) == compared and max(differences) <= proof.TOLERANCE
    assert told["sources"] == told_of(chain / "model")["sources"]


@pytest.mark.parametrize("name, own", [("proposal", ()), ("screen", ("fc4",))])
def test_its_weights_are_those_that_were_trained(name, own, proposing):
    """Caffe's own copy_from into the training net's layers, by layer name."""
    net, weights = [str(proposing / "model" / one) for one in searching.FILES[name]]
    ours = caffe.Net(net, caffe.TEST, weights=weights)
    trained = surgery.read_weights(str(snapshot_of(proposing / name, ITERATIONS)))
    stored = {layer.name: layer.blobs for layer in trained.layer}
    for layer in ("conv1", "conv2", "conv3", *own, "face_raw", "offsets"):
        expected = surgery.blob_array(stored[f"{name}/{layer}"][0])
        np.testing.assert_array_equal(ours.params[layer][0].data.ravel(), expected.ravel())


def test_they_are_fused_together_with_the_towers(proposing, chain, tmp_path):
    both = f"{proposing / 'proposal'} {proposing / 'screen'}"  # as make hands on PROPOSAL
    given = ["--run", chain / "run", "--proposal", both, "--out", tmp_path / "model"]
    printed = run_well(FUSE, *given).stdout
    assert "proposal/face" in printed and "screen/face" in printed and "dense detect" in printed
    assert_same_nets(tmp_path / "model", proposing / "model")


def assert_same_nets(one, other):
    """Both models have the same nets of windows, and say the same of where they come from."""
    hashes = [model.open_model(str(folder)).about.files for folder in (one, other)]
    for name in (*model.PROPOSAL, *model.SCREEN):
        assert hashes[0][name] == hashes[1][name]
    for name in searching.FILES:
        assert told_of(one)[name] == told_of(other)[name]


def test_a_model_that_is_fused_again_keeps_its_nets(proposing, chain, tmp_path):
    """And the score that is measured with them, unless detection or a net is another run's."""
    start = tmp_path / "start"
    shutil.copytree(proposing / "model", start)
    model_writing.set_score(str(start), 0.75, "fast", precision=0.98)
    given = ["--run", start, "--run", chain / "run", "--out", tmp_path / "model"]
    for more, scores in ((["--towers", "age"], {"fast": 0.75}), ([], {})):
        run_well(FUSE, *given, *more)
        assert model.read_about(str(tmp_path / "model")).scores == scores
        assert_same_nets(tmp_path / "model", start)
    run_well(FUSE, *given, "--towers", "age", "--proposal", proposing / "proposal")
    assert model.read_about(str(tmp_path / "model")).scores == {}
    assert_same_nets(tmp_path / "model", start)


def test_a_net_that_is_added_has_no_score_yet(proposing, tmp_path):
    copy = tmp_path / "model"
    shutil.copytree(proposing / "model", copy)
    model_writing.set_score(str(copy), 0.75, "fast", precision=0.98)
    run_well(FUSE, "--proposal", proposing / "screen", "--out", copy)
    about = model.open_model(str(copy)).about
    assert (about.scores, about.scores_from) == ({}, {})
    assert_same_nets(copy, proposing / "model")


def test_what_cannot_be_added_is_refused_and_the_model_stays(
    proposing, chain, tmp_path, expect_refusal
):
    copy, run = tmp_path / "model", proposing / "proposal"
    shutil.copytree(chain / "model", copy)
    before = {path.name: path.read_bytes() for path in copy.iterdir()}
    expect_refusal(FUSE, ["--out", copy], "--run is missing")
    expect_refusal(
        FUSE, ["--proposal", chain / "run", "--out", copy], "none of the towers proposal, screen"
    )
    expect_refusal(
        FUSE, ["--proposal", run, "--out", tmp_path / "none"], "model.json: no such file"
    )
    tower = ["--run", chain / "run", "--tower", "det", "--proposal", run, "--out", copy]
    expect_refusal(FUSE, tower, "--tower takes one --run", "--proposal")
    alone = ["--run", run, "--out", tmp_path / "other"]
    expect_refusal(FUSE, alone, "none of the towers det")
    assert {path.name: path.read_bytes() for path in copy.iterdir()} == before
