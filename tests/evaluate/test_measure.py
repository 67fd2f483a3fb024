"""The command that measures: what it lists, what it says of sets that are not whole, a new one."""

import json
import os
import shutil
import subprocess
import sys
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from conftest import ROOT, run_well
from drawn_benchmarks import COUNTS, grey_fddb, options, results_in

from allinone import model, record
from allinone.errors import InputError
from data_prep import conversion
from evaluate import benchmark, predictions
from evaluate.benchmarks import aflw, fgnet


def test_the_benchmarks_are_listed(command):
    assert command("evaluate.measure", "--list").stdout.split() == benchmark.names()
    told = command("evaluate.measure", "--help").stdout
    assert all(one.title in " ".join(told.split()) for one in benchmark.benchmarks())
    told = command("evaluate.measure", "fgnet", "--help").stdout
    assert "make finetune-fgnet" in told and "--score" in told


def test_a_model_for_each_fold_looks_at_its_fold_alone(sets, measured, chain, tmp_path):
    """Folds 1 and 4 have a model of their own: only their pictures are measured, which is said."""
    for fold in (1, 4):
        (tmp_path / "folds" / f"fold_{fold:02d}").mkdir(parents=True)
        os.symlink(chain / "model", tmp_path / "folds" / f"fold_{fold:02d}" / "model")
    data = sets / "data" / "fddb"
    done = run_well("evaluate.measure", "fddb", "--data", data, "--model", tmp_path / "folds")
    out = tmp_path / "folds-eval" / "fddb"  # where no --out is given
    results = results_in(out)
    seen = {one.image for one in predictions.read(str(out / "detect"))}
    splits = set()
    for face in record.read(str(data / "records.jsonl")):
        if face.image in seen:
            splits.add(face.split)
    assert splits == {"fold_01", "fold_04"} and len(results["model"]["folders"]) == 2
    assert "a model for each fold, fine-tuned on the other nine" in results["rules"]
    others = measured["fddb"][0]["counts"]["pictures"] - len(seen)
    told = f"{others} pictures are of parts without a model"
    assert any(told in what for what in results["incomplete"])
    assert f"incomplete: {told}" in done.stdout


def cut_fddb(folder):
    for fold in (2, 3):
        os.remove(folder / "FDDB-folds" / f"FDDB-fold-{fold:02d}-ellipseList.txt")
    sorted((folder / "originalPics").rglob("*.jpg"))[0].unlink()


def cut_ijba(folder):
    shutil.rmtree(folder / "IJB-A_1N_sets")
    for split in range(4, 11):
        shutil.rmtree(folder / "IJB-A_11_sets" / f"split{split}")


def cut_fotw(folder):
    shutil.rmtree(folder / "smiles_trset")


@pytest.mark.parametrize(
    "name, cut, missing, figures",
    [
        ("fddb", cut_fddb, "FDDB-folds/FDDB-fold-02-ellipseList.txt", {"disc_at_500"}),
        ("ijba", cut_ijba, "IJB-A_1N_sets/split1/train_1.csv", {"cosine_tar_at_far_0.01"}),
        ("fotw", cut_fotw, "smiles_trset/gender_fex_trset.csv", {"gender", "smile"}),
    ],
)
def test_a_set_that_is_not_whole_is_measured_as_far_as_it_goes(
    sets, chain, tmp_path, name, cut, missing, figures
):
    """FDDB without two folds and a picture, three splits of IJB-A, FotW's validation part alone."""
    shutil.copytree(sets / "data" / name, tmp_path / "data" / name)
    (tmp_path / "data" / name / "records.jsonl").unlink(missing_ok=True)
    cut(tmp_path / "data" / name)
    done = run_well("evaluate.measure", *options(tmp_path, chain, name, tmp_path / "out"))
    results = results_in(tmp_path / "out")
    assert f"{missing} is not there" in results["incomplete"]
    assert f"incomplete: {missing}" in done.stdout
    assert figures <= set(results["figures"])
    assert not any("rank" in figure for figure in results["figures"])
    if name == "fddb":
        assert any("missing picture" in what for what in results["incomplete"])


def test_a_picture_that_cannot_be_read_is_said_and_stops_nothing(sets, chain, tmp_path):
    """A picture whose head is whole and whose rest is missing, as the reader cannot see."""
    shutil.copytree(sets / "data" / "fgnet", tmp_path / "data" / "fgnet")
    path = sorted((tmp_path / "data" / "fgnet" / "images").glob("*.JPG"))[3]
    path.write_bytes(path.read_bytes()[:1500])
    done = run_well("evaluate.measure", *options(tmp_path, chain, "fgnet", tmp_path / "out"))
    results = results_in(tmp_path / "out")
    assert results["counts"]["pictures"] == COUNTS["fgnet"] - 1
    assert "1 pictures cannot be read" in results["incomplete"]
    assert "  incomplete: 1 pictures cannot be read\n" in done.stdout


def test_a_set_none_of_whose_pictures_can_be_read_has_no_figures(tmp_path, expect_refusal):
    """They broke off after they had been converted: nothing is found, which is not 0 %."""
    data, out = grey_fddb(tmp_path / "data"), tmp_path / "out"
    conversion.convert_set("fddb", str(data))
    for path in (data / "originalPics").iterdir():
        path.write_bytes(path.read_bytes()[:-20])
    given = ["fddb", "--data", data, "--model", model.shipped(), "--engine", "opencv"]
    expect_refusal("evaluate.measure", [*given, "--out", out], "none of its pictures can be read")
    assert not (out / "results.json").exists()


def test_fgnet_without_its_points_is_measured_on_the_faces_that_are_found(sets, chain, tmp_path):
    """Selective search proposes nothing in a grey picture of 8 pixels, and that is said."""
    folder = tmp_path / "data" / "fgnet"
    shutil.copytree(sets / "data" / "fgnet", folder)
    shutil.rmtree(folder / "points")
    (folder / "records.jsonl").unlink(missing_ok=True)
    path, *others = sorted((folder / "images").glob("*.JPG"))
    for other in others[5:]:
        other.unlink()
    cv2.imwrite(str(path), np.full((8, 8, 3), 127, np.uint8))
    some = options(tmp_path, chain, "fgnet", tmp_path / "out")
    run_well("evaluate.measure", *some, "--proposals", "selective-search")
    results = results_in(tmp_path / "out")
    said = list(predictions.read(str(tmp_path / "out" / "faces")))
    found = [one for one in said if one.faces[0] is not None]
    assert results["counts"]["pictures"] == len(found)
    lost = 6 - len(found)
    assert lost and f"{lost} pictures in which no face was found" in results["incomplete"]
    assert any("highest score in the picture" in rule for rule in results["rules"])
    ages = {face.image: face.age for face in record.read(str(folder / "records.jsonl"))}
    off = [abs(one.faces[0].age - ages[one.image]) for one in found]
    assert results["figures"]["mae"] == pytest.approx(np.mean(off), abs=1e-3)


@pytest.mark.filterwarnings("error")
def test_fgnet_in_which_no_face_is_found_has_no_figure(monkeypatch):
    """Figures that are not numbers are written as null."""
    asked, missing = [(record.FaceRecord("a.jpg", age=3, split="person_001"), None)], []
    monkeypatch.setattr(fgnet.ages, "pairs_of", lambda run: asked)
    options = SimpleNamespace(model=model.shipped())
    run = SimpleNamespace(note_missing=missing.append, is_tuned=lambda: False, options=options)
    measured = fgnet.measure(run)
    assert measured.counts["pictures"] == 0 and np.isnan(list(measured.figures.values())).all()
    assert missing == ["1 pictures in which no face was found"]


def test_aflw_without_a_face_to_measure_is_refused():
    """A test picture whose face has no pose, as some of AFLW's have none."""
    face = record.FaceRecord("a.jpg", box=[0, 0, 9, 9], landmarks=[[1, 1]] * 21, split=aflw.SPLIT)
    said = predictions.Said("a.jpg", [face])
    run = SimpleNamespace(pictures=[("a.jpg", [face])], predict=lambda kind: [said], folder="data")
    with pytest.raises(InputError, match="data: no face of test_landmarks has landmarks and pose"):
        aflw.measure(run)


def test_what_cannot_be_measured_is_said(sets, chain, tmp_path, command, expect_refusal):
    data, model = sets / "data" / "afw", chain / "model"

    def refuse(arguments, *parts):
        expect_refusal("evaluate.measure", arguments, *parts)

    refuse([], "no benchmark given", "afw, pascal")
    refuse(["afw", "--data", tmp_path / "gone", "--model", model], "gone", "data_prep/README.md")
    refuse(["afw", "--data", data], "--model")
    refuse(["afw", "--data", data, "--model", tmp_path], str(tmp_path), "model.json", "make fuse")
    theirs = tmp_path / "theirs" / "results" / "fold-01-out.txt"  # of another method
    theirs.parent.mkdir(parents=True)
    theirs.write_text("mine")
    fddb = ["fddb", "--data", sets / "data" / "fddb", "--model", model]
    refuse([*fddb, "--out", tmp_path / "theirs"], f"{theirs.parent}: would be written over")
    assert theirs.read_text() == "mine"
    shutil.copytree(sets / "data" / "lap2015", tmp_path / "lap2015")
    os.remove(tmp_path / "lap2015" / "Validation.csv")
    (tmp_path / "lap2015" / "records.jsonl").unlink(missing_ok=True)
    refuse(["lap2015", "--data", tmp_path / "lap2015", "--model", model], "no picture of val")
    done = command("evaluate.measure", "pascal", "--score", "aligned")
    assert done.returncode == 2 and "--score" in done.stderr
    done = command("evaluate.measure", "nothing")
    assert done.returncode == 2 and "'afw', 'pascal'" in done.stderr


NEW = '''"""Smiles of CelebA's test part, as an example of a benchmark."""

from evaluate import answers, metrics, predictions
from evaluate.benchmark import Benchmark, Figure, Measured


def measure(run):
    """Measure smiles."""
    pairs = predictions.pair_up(run.pictures, run.predict(answers.FACES, stage=2))
    truth = [face.smile for face, _ in pairs]
    guess = [found.smile >= 0.5 for _, found in pairs]
    share = 100 * metrics.accuracy(guess, truth)
    return Measured(figures=dict(smile=share), counts=dict(faces=len(pairs)))


BENCHMARK = Benchmark(
    name="smiles",
    title="Smiles <in the wild>: smile",
    about="Smiles.",
    figures=(Figure("smile", "smile, the example's", "%", True, 12.5),),
    rules=("a face smiles from 0.5 on",),
    measure=measure,
    dataset="celeba",
    splits=("test",),
    switches={"--loud": "speak up"},
)
'''


def test_a_new_benchmark_is_a_module_and_nothing_else(sets, chain, tmp_path):
    """In a copy of the kit: it is listed, measured on a drawn set, and stands on the page."""
    kit = tmp_path / "kit"
    for package in ("allinone", "data_prep", "evaluate"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(os.path.join(ROOT, package), kit / package, ignore=ignored)
    (kit / "evaluate" / "benchmarks" / "smiles.py").write_text(NEW)

    def run(*arguments):
        done = subprocess.run(
            [sys.executable, "-m", *map(str, arguments)], cwd=kit, text=True, capture_output=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert run("evaluate.measure", "--list").split() == [*benchmark.names(), "smiles"]
    data, out = sets / "data" / "celeba", tmp_path / "eval" / "smiles"
    options = ("--data", data, "--model", chain / "model", "--out", out, "--loud")
    assert "smile, the example's" in run("evaluate.measure", "smiles", *options)
    assert set(json.loads((out / "results.json").read_text())["figures"]) == {"smile"}
    run("evaluate.report", "--results", tmp_path / "eval", "--out", tmp_path / "report")
    page = (tmp_path / "report" / "index.html").read_text()
    assert '<h2 id="smiles">Smiles &lt;in the wild&gt;: smile</h2>' in page
    assert "12.50%" in page and "a face smiles from 0.5 on" in page
