"""Calibrating a model: what it says then, and what stays as it was."""

import json
import os
import shutil

import numpy as np
import pytest
from conftest import run_well
from model_copies import SHIPPED, seal

from allinone import FaceAnalyzer, embeddings, model, model_writing, pictures, record, store
from allinone.backend import Backend
from allinone.errors import InputError
from allinone.log_odds import from_log_odds, log_odds
from allinone.model import Calibration, open_model, read_about
from allinone.profiles import TINY
from evaluate import aligned_faces, calibrating, calibration, folding, operating_score
from evaluate.photographs import Counted
from tools.fusing import fuse

COMMAND = "evaluate.calibrate"
SCALED = dict(
    detection=Calibration(0.3, -0.5), smile=Calibration(0.5), gender=Calibration(2.0, 0.0)
)


@pytest.fixture(scope="module")
def folded(chain, tmp_path_factory):
    """The chain's model with scaled answers, in a folder of its own."""
    out = tmp_path_factory.mktemp("calibrated") / "model"
    start = out.parent / "start"
    shutil.copytree(chain / "model", start)
    model_writing.set_score(str(start), 0.8, precision=0.97)
    assert folding.fold(str(start), str(out), SCALED) <= folding.TOLERANCE
    return out


def answers_of(folder, engine, faces):
    """Return what both stages of a model say of pictures."""
    net = Backend(str(folder), engine, stage=2)
    return {**net(faces, 1), **net(faces, 2)}


@pytest.mark.parametrize("engine", ["opencv", "caffe"])
def test_every_engine_has_the_scaled_answers_and_all_others_as_they_were(
    chain, folded, rng, engine
):
    faces = list(rng.integers(0, 255, (3, 115, 115, 3)).astype(np.uint8))
    before, now = (answers_of(folder, engine, faces) for folder in (chain / "model", folded))
    assert before.keys() == now.keys()
    for name, values in before.items():
        if name in SCALED:
            expected = SCALED[name].scale.applied(values[:, 1])
            np.testing.assert_allclose(now[name][:, 1], expected, atol=1e-5)
            np.testing.assert_allclose(now[name].sum(axis=1), 1, atol=1e-6)
        else:
            np.testing.assert_array_equal(now[name], values)
    for name in ("smile", "gender"):  # who is likelier what does not change
        assert ((before[name][:, 1] >= 0.5) == (now[name][:, 1] >= 0.5)).all()


def test_the_same_faces_are_found_with_scores_as_they_are_now(chain, folded):
    """Wherever the search asks for a score, it asks for the same faces."""
    image = next(record.read(str(chain / "scenes" / "records.jsonl"))).image
    picture = pictures.read_image(str(chain / "scenes" / image))
    analyzers = [FaceAnalyzer(str(one), "opencv") for one in (chain / "model", folded)]
    least = 0.3, open_model(str(folded)).calibrated(0.3)
    before, now = (
        analyzer.find_many([picture], score)[0] for analyzer, score in zip(analyzers, least)
    )
    assert len(before["score"]) > 0
    np.testing.assert_allclose(now["boxes"], before["boxes"], atol=1e-3)
    expected = SCALED["detection"].scale.applied(before["score"])
    np.testing.assert_allclose(now["score"], expected, atol=1e-5)


def test_the_model_says_how_it_was_calibrated_and_its_score_is_as_strict_as_before(folded):
    about = read_about(str(folded))
    assert about.calibration == SCALED
    assert log_odds(about.score) == pytest.approx(0.3 * log_odds(0.8) - 0.5)
    assert about.score_from == dict(precision=0.97)
    history = json.loads((folded / "provenance.json").read_text())
    assert history["calibration"]["detection"] == dict(factor=0.3, shift=-0.5)
    assert open_model(str(folded)).calibrated(0.8) == pytest.approx(about.score)


def test_scaling_twice_is_told_from_the_net_as_it_was_trained(folded, tmp_path):
    folding.fold(str(folded), str(tmp_path / "again"), dict(detection=Calibration(2.0, 0.25)))
    found = read_about(str(tmp_path / "again")).calibration
    assert found["detection"].scale == pytest.approx((0.6, -0.75))
    assert found["smile"] == SCALED["smile"]


def test_a_model_without_a_score_of_its_own_reports_the_same_faces(folded):
    about = read_about(str(folded))
    about.score = None
    scaled = folding.described(about, dict(detection=Calibration(0.3, -0.5)))
    assert log_odds(scaled.score) == pytest.approx(0.3 * log_odds(model.SCORE) - 0.5)
    assert folding.described(about, dict(smile=Calibration(2.0))).score is None


def test_onnx_forms_of_the_weights_before_are_left_out_and_an_embedding_stays(
    chain, folded, tmp_path
):
    copy = tmp_path / "model"  # of the shipped model, which has an embedding
    shutil.copytree(SHIPPED, copy, ignore=shutil.ignore_patterns("README.md"))
    (copy / "allinone.onnx").write_bytes(b"x")
    about = read_about(str(copy))
    about.files["allinone.onnx"] = "0" * 64
    model_writing.write_about(str(copy), about)
    with pytest.raises(InputError, match="allinone.onnx"):
        folding.fold(str(copy), str(copy), SCALED)  # it is not the one that was written
    seal(copy)
    folding.fold(str(copy), str(copy), SCALED)
    assert not (copy / "allinone.onnx").exists()
    assert embeddings.of_model(open_model(str(copy))) is not None


def test_fusing_keeps_the_calibration_of_the_towers_that_a_model_gives(chain, folded, tmp_path):
    """Of the others it is the run's, which has none yet; the outputs are proven all the same."""
    runs = [str(folded), str(chain / "run")]
    differences = fuse.fuse(TINY, runs, str(tmp_path / "model"), towers=("gender",))
    assert max(differences.values()) <= 1e-5
    found = read_about(str(tmp_path / "model")).calibration
    assert found == {name: SCALED[name] for name in ("detection", "smile")}


def test_a_calibration_that_scales_nothing_is_refused(folded, tmp_path):
    copy = tmp_path / "model"
    shutil.copytree(folded, copy)
    for wrong in (Calibration(0.0), Calibration(-1.0)):
        about = read_about(str(folded))
        about.calibration["smile"] = wrong
        model_writing.write_about(str(copy), about)
        with pytest.raises(InputError, match="calibration of smile"):
            open_model(str(copy))


# ---- The command.
@pytest.fixture(scope="module")
def many_faces(chain, tmp_path_factory):
    """A folder of databases for smile and gender: the chain's faces, each twice."""
    root = tmp_path_factory.mktemp("val")
    lines = []
    for face in record.read(str(chain / "faces" / "records.jsonl")):
        face.image = os.path.relpath(chain / "faces" / face.image, root)
        lines += [record.to_line(face)] * 2
    (root / "records.jsonl").write_text("".join(lines))
    towers = ["--towers", "smile", "gender"]
    given = ["aligned", "--records", root / "records.jsonl", *towers, "--out", root / "val"]
    run_well("data_prep.build_db", *given)
    return root / "val"


def test_answers_are_as_sure_as_they_are_right_on_faces_held_out(chain, many_faces, tmp_path):
    out = tmp_path / "model"
    done = run_well(COMMAND, "--model", chain / "model", "--db", many_faces, "--out", out)
    assert "detection stays as it is: there is no validation data of it" in done.stdout
    found = read_about(str(out)).calibration
    assert set(found) == {"smile", "gender"}
    for name, one in found.items():
        net, said = Backend(str(out), "opencv", stage=2), []
        reader = store.Reader(str(many_faces / name))
        truth = [reader.datum(place).label for place in range(len(reader))]
        for _, plain, mirrored in aligned_faces.answers(net, reader):
            said.append((plain[name] + mirrored[name])[:, 1] / 2)
        said = np.concatenate(said)
        error = calibration.expected_error(*calibration.of_answers(said, truth))
        assert one.found_by["error"] == pytest.approx(error, abs=1e-3)
        assert (one.found_by["answers"], one.shift) == (60, 0)
        # No other factor makes the labels likelier.
        odds = log_odds(said)
        costs = []
        for factor in (0.8, 1, 1.25):
            shares = from_log_odds(factor * odds)
            costs.append(-np.log(np.where(truth, shares, 1 - shares)).mean())
        assert costs[1] <= min(costs) + 1e-3


def test_what_a_run_is_validated_on_scales_what_it_is_enough_for(chain, tmp_path):
    """Scenes with many detections; 30 faces for smile and gender, which is too few."""
    out = tmp_path / "model"
    done = run_well(COMMAND, "--model", chain / "model", "--run", chain / "run", "--out", out)
    for name in ("smile", "gender"):
        assert f"{name} stays as it is: of 30 answers" in done.stdout
    ((name, found),) = read_about(str(out)).calibration.items()
    assert name == "detection" and found.found_by["database"] == "det"  # without folders
    scenes = str(chain / "db" / "val" / "det")
    counted = operating_score.counted_in(str(out), scenes, "opencv", "", None)
    assert len(counted.scores) == found.found_by["answers"]
    error = calibration.expected_error(counted.scores, counted.true)
    assert error == pytest.approx(found.found_by["error"], abs=1e-3)
    assert error < found.found_by["error_before"] and error < 0.05


def test_a_run_without_validation_data_leaves_the_model_as_it_is(chain, tmp_path):
    shutil.copytree(chain / "run", tmp_path / "run")
    net = tmp_path / "run" / "train.prototxt"
    net.write_text(net.read_text().replace("/db/val/", "/db/gone/"))
    before = (chain / "model" / "model.json").read_bytes()
    done = run_well(COMMAND, "--model", chain / "model", "--run", tmp_path / "run")
    for name in ("detection", "smile", "gender"):
        assert f"{name} stays as it is: there is no validation data of it" in done.stdout
    assert f"{chain / 'model'} stays as it is" in done.stdout
    assert (chain / "model" / "model.json").read_bytes() == before


def test_either_a_run_or_databases(chain, tmp_path, expect_refusal):
    given = ["--model", chain / "model"]
    expect_refusal(COMMAND, given, "either --run or --db")
    expect_refusal(COMMAND, [*given, "--run", "x", "--db", "x"], "either --run or --db")
    gone = tmp_path / "gone"
    expect_refusal(COMMAND, [*given, "--db", gone], gone, "no such folder")
    expect_refusal(COMMAND, [*given, "--db", tmp_path], tmp_path, "no folder det or smile")


def test_a_folder_of_somebody_else_is_refused_before_anything_is_measured(
    chain, tmp_path, expect_refusal
):
    """Else the folder of databases, in which there is none, would be what is refused."""
    (tmp_path / "mine.txt").write_text("mine")
    given = ["--model", chain / "model", "--db", tmp_path, "--out", tmp_path]
    expect_refusal(COMMAND, given, tmp_path, "'mine.txt'")
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_detections_are_scaled_and_shifted_by_scenes_held_out(chain, monkeypatch):
    """Of 200 detections that are all said at 99 %, half of those at 90 % are faces."""
    scores = [0.999] * 100 + [0.9] * 100
    true = [True] * 90 + [False] * 10 + [True] * 20 + [False] * 80
    monkeypatch.setattr(operating_score, "counted_in", lambda *_: Counted(scores, true, 150))
    held = calibrating.held_out(str(chain / "model"), calibrating.DETECTION, "", "opencv", "")
    found = calibrating.scale_of(calibrating.DETECTION, held, database="x")
    assert found.scale.applied([0.999, 0.9]) == pytest.approx([0.9, 0.2], abs=2e-3)
    assert found.found_by["error_before"] == pytest.approx((0.099 + 0.7) / 2, abs=1e-6)
    assert found.found_by["error"] < 0.01 and found.found_by["database"] == "x"
