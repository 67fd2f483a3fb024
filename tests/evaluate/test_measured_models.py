"""Which model a benchmark is measured with, and where it looks for faces; both are told."""

import json
import os
import shutil
import subprocess
import sys
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from conftest import ROOT, run, run_well
from drawn_benchmarks import grey_fddb, results_in
from model_copies import seal

from allinone import boxes, model, record
from allinone.analyzer import FaceAnalyzer
from allinone.errors import InputError
from allinone.proposals import selective_search
from evaluate import measured_models, predictions
from evaluate.benchmarks import fgnet


def changed(source, out, **about):
    """Copy a model; change what its model.json says. Return the folder."""
    shutil.copytree(source, out)
    told = json.loads((out / "model.json").read_text())
    (out / "model.json").write_text(json.dumps({**told, **about}))
    return out


def been_through(folder, job, splits):
    """Write into a model's history that it has been through a job with parts of a set."""
    history = json.loads((folder / "provenance.json").read_text())
    history["sources"].append(dict(history["sources"][0], job=job))
    history["sources"][-1]["data"] = {"det": [dict(splits=splits)]}
    (folder / "provenance.json").write_text(json.dumps(history))
    seal(folder, "provenance.json")


def test_models_of_folds(tmp_path):
    """Two of three folds have a model of their own."""
    shipped = model.shipped()
    for fold in (1, 3):
        (tmp_path / "folds" / f"fold_{fold:02d}").mkdir(parents=True)
        os.symlink(shipped, tmp_path / "folds" / f"fold_{fold:02d}" / "model")
    found = measured_models.models_of(str(tmp_path / "folds"), {"c", "a", "b"})
    assert {part: path.split(os.sep)[-2] for part, path in found.items()} == (
        {"a": "fold_01", "c": "fold_03"}
    )
    assert measured_models.models_of(shipped, {None}) == {None: shipped}
    with pytest.raises(InputError, match="model.json: no such file; give the folder of a fused"):
        measured_models.models_of(str(tmp_path), {"a"})


# ---- Proposals.
def test_profile_paper_looks_in_selective_search_and_others_in_the_dense_net(chain, tmp_path):
    paper = changed(chain / "model", tmp_path / "paper", profile="paper")
    bare = changed(chain / "model", tmp_path / "bare")
    told = json.loads((bare / "model.json").read_text())
    told["files"] = {name: one for name, one in told["files"].items() if "dense" not in name}
    (bare / "model.json").write_text(json.dumps(told))
    choices = {}
    for folder in (chain / "model", paper, bare):
        for asked in (None, "dense"):
            choices[folder.name, asked] = measured_models.proposals_for([str(folder)], asked)
    assert choices["model", None][0] == "dense"
    assert choices["paper", None] == (
        "selective-search",
        "as in the paper, since the profile is the paper's",
    )
    assert choices["bare", None][0] == "selective-search"
    assert "no dense net" in choices["bare", None][1]
    for name in ("model", "paper", "bare"):
        assert choices[name, "dense"] == ("dense", "as asked for")


@pytest.fixture(scope="module")
def celeba_by_paper(sets, chain, tmp_path_factory):
    """(model of profile paper by its name, folder of its results on CelebA, what was printed)."""
    root = tmp_path_factory.mktemp("paper")
    model = changed(chain / "model", root / "model", profile="paper")
    data, out = sets / "data" / "celeba", root / "out"
    done = run_well("evaluate.measure", "celeba", "--data", data, "--model", model, "--out", out)
    return model, out, done.stdout


def test_the_means_are_over_the_proposals_of_selective_search(sets, celeba_by_paper):
    """Section IV-D, with a model of profile paper: found again from what the paper says."""
    model, out, printed = celeba_by_paper
    results = results_in(out)
    assert "proposals: selective-search, as in the paper" in printed
    assert results["proposals"] == "selective-search"
    assert "the profile is the paper's" in results["proposals_why"]
    analyzer, data = FaceAnalyzer(str(model), "caffe"), sets / "data" / "celeba"
    known = {face.image: face for face in record.read(str(data / "records.jsonl"))}
    many = 0
    for one in predictions.read(str(out / "faces"))[:4]:
        (found,) = one.faces
        picture = cv2.imread(str(data / one.image))
        box = known[one.image].box or found.box
        regions = selective_search(picture)
        near = regions[boxes.iou(regions, [box])[:, 0] > 0.5]
        assert found.regions == len(near)
        many += len(near)
        if len(near):
            means = analyzer.attributes_over_regions(picture, box, near)
            assert found.gender == pytest.approx(means["gender"], abs=1e-5)
            assert found.smile == pytest.approx(means["smile"], abs=1e-5)
    assert many > 10


def test_what_is_asked_for_counts(sets, celeba_by_paper, tmp_path):
    model, _, _ = celeba_by_paper
    data = ["--data", sets / "data" / "pascal"]
    command = ["evaluate.measure", "pascal", *data, "--model", model, "--out", tmp_path]
    done = run_well(*command, "--proposals", "dense")
    assert "proposals: dense, as asked for" in done.stdout
    assert results_in(tmp_path)["proposals"] == "dense"


# ---- AFW and PASCAL faces with what was fine-tuned on FDDB.
@pytest.fixture
def runs(chain, tmp_path):
    """A folder with out/tiny/model, and room for more."""
    shutil.copytree(chain / "model", tmp_path / "out/tiny/model")
    return tmp_path


def evaluate_all(runs, sets, *names):
    done = subprocess.run(
        [sys.executable, "-m", "tools.recipes.evaluate_all", *names, "--profile", "tiny"]
        + ["--data", sets / "data", "--out", runs / "eval"],
        cwd=runs,
        text=True,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": ROOT},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_afw_and_pascal_take_the_detector_of_the_whole_of_fddb_where_it_is_there(runs, sets):
    printed = evaluate_all(runs, sets, "pascal")
    assert "pascal: measured with out/tiny/model; out/tiny/fddb/all/model is not there" in printed
    results = results_in(runs / "eval/pascal")
    assert results["model"]["folders"] == ["out/tiny/model"]
    assert any("not fine-tuned on FDDB" in rule for rule in results["rules"])
    whole = runs / "out/tiny/fddb/all/model"
    shutil.copytree(runs / "out/tiny/model", whole)
    been_through(whole, "fddb", None)
    printed = evaluate_all(runs, sets, "afw", "pascal")
    for name in ("afw", "pascal"):
        assert f"{name}: measured with out/tiny/fddb/all/model\n" in printed
        results = results_in(runs / "eval" / name)
        assert results["model"]["folders"] == ["out/tiny/fddb/all/model"]
        assert "the detector is fine-tuned on FDDB, as in the paper" in results["rules"]


def test_fddb_itself_is_never_measured_with_what_has_learnt_from_the_whole_of_it(runs, sets):
    whole = runs / "out/tiny/fddb/all/model"
    shutil.copytree(runs / "out/tiny/model", whole)
    been_through(whole, "fddb", None)
    assert "fddb: measured with out/tiny/model\n" in evaluate_all(runs, sets, "fddb")
    out = runs / "out"
    data = ["--data", sets / "data/fddb", "--model", whole, "--out", out]
    run_well("evaluate.measure", "fddb", *data)
    assert any("its figures are no measure" in rule for rule in results_in(out)["rules"])


def test_a_history_tells_parts_from_the_whole(chain, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(chain / "model", folder)
    assert measured_models.learnt_from_whole(str(folder), "fddb") is None
    been_through(folder, "fddb", ["fold_01", "fold_02"])
    assert measured_models.learnt_from_whole(str(folder), "fddb") is False
    os.remove(folder / "provenance.json")
    told = json.loads((folder / "model.json").read_text())
    del told["files"]["provenance.json"]  # as of a model that is older than its hash
    (folder / "model.json").write_text(json.dumps(told))
    assert measured_models.learnt_from_whole(str(folder), "fddb") is None
    assert measured_models.about([str(folder)])["provenance"] is None
    assert np.all([len(one) == 64 for one in measured_models.about([str(folder)])["sha256"]])


def test_the_model_of_a_fold_that_has_learnt_from_it_is_refused(tmp_path):
    """Of folds 1, 3 and 5 the third is fold 5; once fold 2 is there it would be fold 3."""
    folder = tmp_path / "fold_03" / "model"
    shutil.copytree(model.shipped(), folder)
    been_through(folder, "fddb", ["fold_01", "fold_03"])
    before = measured_models.models_of(str(tmp_path), ["fold_01", "fold_03", "fold_05"])
    measured_models.refuse_learnt(before, "fddb")
    now = measured_models.models_of(str(tmp_path), ["fold_01", "fold_02", "fold_03", "fold_05"])
    with pytest.raises(InputError, match="has learnt from fold_03, .* finetune-fddb"):
        measured_models.refuse_learnt(now, "fddb")
    told = ["fddb", "--data", grey_fddb(tmp_path / "data"), "--model", tmp_path]
    done = run("evaluate.measure", *told, "--engine", "opencv", "--out", tmp_path / "out")
    assert done.returncode == 2 and f"{folder}: has learnt from fold_03" in done.stderr


def test_fgnet_says_that_a_model_has_learnt_from_it(tmp_path, monkeypatch):
    folder = tmp_path / "model"
    shutil.copytree(model.shipped(), folder)
    been_through(folder, "fgnet", ["person_002"])
    monkeypatch.setattr(fgnet.ages, "pairs_of", lambda run: [])
    one = SimpleNamespace(options=SimpleNamespace(model=str(folder)), is_tuned=lambda: False)
    (rule,) = fgnet.measure(one).rules
    assert rule == "one model that has learnt from pictures of FG-NET: its figures are no measure"
