"""Every benchmark from original files to figures, on drawn sets in its layout.

The figures are compared with the faces as they were drawn.
"""

import argparse
import functools
import json
import os
import shutil

import h5py
import numpy as np
import pytest
from conftest import run_well
from drawn_benchmarks import COUNTS, drawn_faces, lines_in, options, results_in, said
from sklearn.metrics import roc_auc_score

from allinone import files, record
from evaluate import benchmark, predictions, run, tpe
from evaluate.benchmarks import aflw, ijba
from evaluate.people_templates import Template


def test_benchmarks_stand_in_the_order_of_the_paper():
    assert benchmark.names() == (
        ["afw", "pascal", "fddb", "aflw", "celeba", "fotw", "lap2015", "fgnet", "ijba"]
        + ["custom", "lfw"]
    )
    assert set(benchmark.names()) == set(COUNTS)


@pytest.mark.parametrize("name", benchmark.names())
def test_results_say_what_was_measured_and_on_what(sets, measured, chain, name):
    results, out = measured[name]
    assert results["benchmark"] == name and results["drawn"]
    assert results["rules"] and results["counts"] and results["figures"]
    weights = files.sha256(str(chain / "model" / "allinone.caffemodel"))
    assert results["model"]["sha256"] == [weights] and results["model"]["profile"] == "tiny"
    assert results["records_sha256"] == files.sha256(str(sets / "data" / name / "records.jsonl"))
    missing = [figure for figure, value in results["figures"].items() if value is None]
    assert not missing or name == "aflw"  # few faces: a bin of yaw may be empty


@pytest.mark.parametrize("name", ["celeba", "fotw"])
def test_accuracies(sets, measured, name):
    figures, pairs = measured[name][0]["figures"], said(sets, measured, name)
    assert len(pairs) >= 4
    for task in ("gender", "smile"):
        right = [
            (getattr(found, task) >= 0.5) == bool(getattr(face, task)) for face, found in pairs
        ]
        assert figures[task] == pytest.approx(100 * np.mean(right))


def test_ages(sets, measured):
    pairs = said(sets, measured, "fgnet")
    # The file's name holds whole years.
    off = [abs(found.age - round(face.age)) for face, found in pairs]
    assert len(pairs) == COUNTS["fgnet"]
    assert measured["fgnet"][0]["figures"]["mae"] == pytest.approx(np.mean(off))


def test_apparent_ages(sets, measured):
    """By LAP 2015's layout: picture n has the deviation 2.5 + n % 5; no face found is an error."""
    results, out = measured["lap2015"]
    errors, truth = [], drawn_faces(sets, "lap2015")
    for one in predictions.read(str(out / "faces")):
        (face,) = truth[files.sha256(str(sets / "data" / "lap2015" / one.image))]
        sigma = 2.5 + int(one.image.split("_")[-1].split(".")[0]) % 5
        (found,) = one.faces
        error = 1
        if found is not None:
            error = 1 - np.exp(-((found.age - face.age) ** 2) / (2 * sigma**2))
        errors.append(error)
    assert len(errors) == COUNTS["lap2015"] // 3
    assert results["figures"]["epsilon"] == pytest.approx(np.mean(errors), abs=1e-3)


def landmark_error(face, found, places, size):
    seen = [place for place in places if face.visibility[place]]
    off = [np.subtract(found.landmarks[place], face.landmarks[place]) for place in seen]
    return np.linalg.norm(off, axis=1).mean() / size if seen else np.nan


def test_landmarks_and_pose_of_afw(sets, measured):
    pairs, errors, right = said(sets, measured, "afw"), [], []
    for face, found in pairs:
        size = (face.box[2] - face.box[0] + face.box[3] - face.box[1]) / 2
        errors.append(landmark_error(face, found, (7, 10, 14, 17, 18, 19), size))
        right.append(abs(15 * np.floor(found.pose[2] / 15 + 0.5) - face.pose[2]) <= 15)
    figures = measured["afw"][0]["figures"]
    assert len(pairs) > 10
    # The file has boxes in whole pixels and points to 0.5.
    assert figures["nme"] == pytest.approx(100 * np.nanmean(errors), rel=0.02)
    assert figures["yaw_within_15"] == pytest.approx(100 * np.mean(right))


def test_landmarks_of_aflw(sets, measured):
    results, out = measured["aflw"]
    annotated, chosen = [], []
    for _, faces in predictions.records_in(str(sets / "data" / "aflw" / "records.jsonl")):
        if any(face.split == aflw.SPLIT for face in faces):
            annotated += faces
    for (face, found), known in zip(said(sets, measured, "aflw"), annotated):
        if known.split == aflw.SPLIT:
            chosen.append((face, found))
    bins = {}
    for face, found in chosen:
        width, height = face.box[2] - face.box[0], face.box[3] - face.box[1]
        low = min(int(abs(face.pose[2]) // 30) * 30, 60)
        error = landmark_error(face, found, range(21), np.sqrt(width * height))
        bins.setdefault(low, []).append(100 * error)
    assert sum(map(len, bins.values())) == results["counts"]["faces"] > 5
    for low, errors in bins.items():
        figure = results["figures"][f"nme_{low}_{low + 30}"]
        assert figure == pytest.approx(np.nanmean(errors), rel=0.02)


def test_verification_of_lfw(sets, measured):
    _, out = measured["lfw"]
    images = [face.image for face in record.read_results(str(out / "faces" / "predictions.jsonl"))]
    rows = dict(zip(images, predictions.read_descriptors(str(out / "faces"))))
    unit = {image: row / np.linalg.norm(row) for image, row in rows.items()}
    text = (sets / "data" / "lfw" / "pairs.jsonl").read_text()
    pairs = [json.loads(line) for line in text.splitlines()]
    cosine = [unit[pair["pictures"][0]] @ unit[pair["pictures"][1]] for pair in pairs]
    area = roc_auc_score([pair["same"] for pair in pairs], cosine)
    assert measured["lfw"][0]["figures"]["auc"] == pytest.approx(100 * area, abs=0.01)
    assert measured["lfw"][0]["counts"]["pairs"] == 20


def unit(vector):
    return vector / np.linalg.norm(vector)


def template(faces, rows, number_of):
    """Return the descriptor of a template: mean within media, mean over media."""
    media = {}
    for image, box, medium in faces:
        media.setdefault(medium, []).append(rows[number_of[(image, *box)]])
    means = [np.mean(some, axis=0) for some in media.values()]
    return unit(np.mean(means, axis=0))


def test_templates_of_ijba(sets, measured):
    """Rank 1 of every split by a naive search by cosine."""
    results, out = measured["ijba"]
    records = record.read(str(sets / "data" / "ijba" / "records.jsonl"))
    number_of = {(face.image, *face.box): number for number, face in enumerate(records)}
    rows = predictions.read_descriptors(str(out / "faces"))
    assert len(rows) == len(number_of)
    text = (sets / "data" / "ijba" / "templates.jsonl").read_text()
    templates, ranks = [json.loads(line) for line in text.splitlines()], []
    for split in range(1, 11):
        parts = {"gallery": [], "probe": []}
        for one in templates:
            if one["split"] == split and one["part"] in parts:
                found = template(one["faces"], rows, number_of)
                parts[one["part"]].append((one["subject"], found))
        enrolled = {subject for subject, _ in parts["gallery"]}
        first = []
        for subject, vector in parts["probe"]:
            if subject in enrolled:
                cosines = [other @ vector for _, other in parts["gallery"]]
                first.append(parts["gallery"][int(np.argmax(cosines))][0] == subject)
        ranks.append(np.mean(first))
    assert results["figures"]["cosine_rank_1"] == pytest.approx(np.mean(ranks))
    assert results["deviations"]["cosine_rank_1"] == pytest.approx(np.std(ranks, ddof=1))
    scores = (out / "scores" / "cosine" / "verify_1.csv").read_text()
    assert scores.startswith("TEMPLATE_ID_1,TEMPLATE_ID_2,SIMILARITY\n")
    assert not any(name.startswith("tpe") for name in results["figures"])


def test_a_protocol_without_an_embedding_is_not_measured_by_the_cosine_instead(rng):
    """Of the split there is the embedding of verification alone; by cosine both are measured."""
    some = [Template(number, number % 2, rng.normal(size=8)) for number in range(4)]
    templates = {(1, "verify"): some, (1, "gallery"): some[:2], (1, "probe"): some[2:]}
    weights = ijba.of_split({"verify_01": rng.normal(size=(3, 8)), "search_02": None}, 1)
    found = ijba.score_split(templates, [[0, 2], [1, 2]], 1, weights)
    assert len(found.scores) == 2 and found.probes is None and found.ranked is None
    cosine = ijba.score_split(templates, [[0, 2], [1, 2]], 1, dict.fromkeys(ijba.LEARNT))
    assert len(cosine.probes) == 2 and (cosine.scores != found.scores).all()


def measure_here(sets, measured, chain, out, train_tpe):
    """Measure IJB-A in this process, on predictions that are there; return the figures."""
    if not out.exists():
        shutil.copytree(measured["ijba"][1], out)
    options = argparse.Namespace(
        data=str(sets / "data" / "ijba"),
        model=str(chain / "model"),
        stage1=None,
        out=str(out),
        proposals="dense",
        engine="caffe",
        gpu="",
        train_tpe=train_tpe,
    )
    one = benchmark.load("ijba")
    begun = run.start(one, options)
    run.finish(begun, one.measure(begun))
    return results_in(out)["figures"]


def test_tpe_is_learnt_once_and_found_again(sets, measured, chain, tmp_path, monkeypatch, capsys):
    out = tmp_path / "ijba"
    with monkeypatch.context() as quick:
        quick.setattr(tpe, "train", functools.partial(tpe.train, iterations=30))
        figures = measure_here(sets, measured, chain, out, train_tpe=True)
    assert 0 <= figures["tpe_rank_1"] <= 1 and "tpe_tar_at_far_0.01" in figures
    monkeypatch.setattr(tpe, "train", None)
    assert measure_here(sets, measured, chain, out, train_tpe=False) == figures
    # Of other descriptors the embeddings are not used, and that is said.
    with h5py.File(out / "tpe.h5", "r+") as data:
        data.attrs["descriptors"] = "others"
    figures = measure_here(sets, measured, chain, out, train_tpe=False)
    assert not any(name.startswith("tpe") for name in figures)
    assert "learnt from other descriptors" in capsys.readouterr().out


def test_tpe_is_not_learnt_from_one_person(sets, chain, tmp_path, expect_refusal):
    """The command on a training part whose templates are all of the same subject."""
    data = tmp_path / "data" / "ijba"
    shutil.copytree(sets / "data" / "ijba", data)
    for path in (data / "IJB-A_11_sets").glob("split*/train_*.csv"):
        head, first, *_ = path.read_text().splitlines()
        path.write_text(f"{head}\n{first}\n")
    (data / "records.jsonl").unlink(missing_ok=True)
    command = options(tmp_path, chain, "ijba", tmp_path / "out", "--train-tpe")
    expect_refusal("evaluate.measure", command, "TPE needs two people")


def test_detections_are_written_for_the_official_programs(sets, measured, tmp_path):
    """What a model finds, scored as a file of results, gives the figures of the model."""
    results, out = measured["fddb"]
    names = [f"fold-{fold:02d}-out.txt" for fold in range(1, 11)]
    assert sorted(os.listdir(out / "results")) == names
    curve = np.loadtxt(out / "DiscROC.txt", ndmin=2)
    folds = sets / "data" / "fddb" / "FDDB-folds"
    done = run_well(
        *("evaluate.fddb", "--folds", folds, "--detections", out / "results"),
        *("--out", tmp_path, "--json"),
    )
    assert json.loads(done.stdout)["disc_end"] == pytest.approx(curve[0, :2], abs=1e-5)
    results, out = measured["pascal"]
    truth = sets / "data" / "pascal" / "Annotations_Face_PASCALLayout_large_fixed.mat"
    detections = out / "detections.txt"
    done = run_well("evaluate.pascal", "--annotations", truth, "--detections", detections, "--json")
    # Its boxes are whole numbers.
    plain = results["figures"]["ap_plain"]
    assert json.loads(done.stdout)["ap_plain"] == pytest.approx(plain, abs=0.5)


@pytest.mark.parametrize(
    "name, figures",
    [
        ("pascal", ("ap_plain", "ap_refined")),
        ("afw", ("ap_plain", "ap_refined")),
        ("fddb", ("disc_at_500",)),
    ],
)
def test_true_boxes_as_detections_are_all_found(sets, measured, chain, tmp_path, name, figures):
    """Predictions that are the drawn truth, put where a model's stand: all figures are full."""
    out = tmp_path / name
    shutil.copytree(measured[name][1], out)
    truth, lines = drawn_faces(sets, name), []
    for one in predictions.read(str(out / "detect")):
        for face in truth[files.sha256(str(sets / "data" / name / one.image))]:
            known = record.FaceRecord(one.image, box=face.box)
            if face.box:
                known.score = 0.9
            lines.append(record.to_line(known))
    assert lines != lines_in(out / "detect")
    (out / "detect" / predictions.LINES).write_text("".join(lines))
    (out / "detect" / predictions.HASHES).unlink()
    run_well("evaluate.measure", *options(sets, chain, name, out))
    found = results_in(out)["figures"]
    assert [found[figure] for figure in figures] == [100] * len(figures)


def test_scores_of_an_earlier_model_do_not_stay(tmp_path):
    for name in ("tpe/search_3.csv", "cosine/verify_10.csv", "cosine/notes.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    ijba.remove_scores(str(tmp_path))
    assert [path.name for path in tmp_path.rglob("*.csv")] == ["notes.csv"]
