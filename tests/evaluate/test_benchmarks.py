"""Every benchmark from original files to figures, on drawn sets in its layout; the figures against the faces as they were drawn.

The truth here never went through layout and reader: pictures are recognised by their bytes, faces by where they lie.
"""

import json
import os
import shutil

import numpy as np
import pytest
from conftest import run_well
from sklearn.metrics import roc_auc_score

from allinone import boxes, files, record
from data_prep import layouts
from evaluate import (
    aflw,
    afw,
    benchmark,
    celeba,
    fddb,
    fgnet,
    fotw,
    ijba,
    lap2015,
    lfw,
    pascal,
    predictions,
)

SCENES = ("afw", "pascal", "fddb", "aflw")
MODULES = dict(
    afw=afw,
    aflw=aflw,
    celeba=celeba,
    fddb=fddb,
    fgnet=fgnet,
    fotw=fotw,
    ijba=ijba,
    lap2015=lap2015,
    lfw=lfw,
    pascal=pascal,
)
COUNTS = dict(
    afw=12, pascal=12, fddb=20, aflw=60, celeba=40, fotw=30, lap2015=24, fgnet=20, ijba=60, lfw=40
)


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    """A folder with every benchmark's set, drawn, and the drawn folders that they were made of."""
    root = tmp_path_factory.mktemp("benchmarks")
    for number, (name, count) in enumerate(COUNTS.items(), 20):
        drawn = root / "drawn" / name
        kind = "scenes" if name in SCENES else "portraits"
        run_well(
            "data_prep.synthetic",
            "--kind",
            kind,
            "--count",
            str(count),
            "--identities",
            str(max(4, count // 5)),
            "--seed",
            str(number),
            "--out",
            str(drawn),
        )
        layouts.write(name, str(drawn), str(root / "data" / name))
    return root


@pytest.fixture(scope="module")
def measured(sets, chain):
    """{benchmark: (results, [(annotated face, prediction)] of the kind "faces", folder)} of all of them."""
    found = {}
    for name, module in MODULES.items():
        out = sets / "eval" / name
        assert (
            module.main(
                [
                    "--data",
                    str(sets / "data" / name),
                    "--model",
                    str(chain / "model"),
                    "--out",
                    str(out),
                ]
            )
            == 0
        )
        found[name] = json.loads((out / benchmark.RESULTS).read_text()), out
    return found


def drawn_faces(sets, name):
    """Return {hash of a picture: [faces as they were drawn]}."""
    drawn = sets / "drawn" / name
    faces = {}
    for face in record.read(str(drawn / "records.jsonl")):
        faces.setdefault(files.sha256(str(drawn / face.image)), []).append(face)
    return faces


def said(sets, measured, name, kind="faces"):
    """Return [(face as drawn, what the model says)] by the lines of predictions."""
    _, out = measured[name]
    truth, pairs = drawn_faces(sets, name), []
    for line in map(json.loads, (out / kind / predictions.LINES).read_text().splitlines()):
        known = truth[files.sha256(str(sets / "data" / name / line["image"]))]
        for found in line["faces"]:
            if len(known) == 1:
                pairs.append((known[0], found))
            elif found is not None:
                pairs.append(
                    (
                        known[
                            int(boxes.iou([found["box"]], [face.box for face in known]).argmax())
                        ],
                        found,
                    )
                )
    return pairs


@pytest.mark.parametrize("name", MODULES)
def test_results_say_what_was_measured_and_on_what(sets, measured, chain, name):
    results, out = measured[name]
    assert (
        results["benchmark"] == name
        and results["drawn"]
        and results["rules"]
        and results["counts"]
        and results["figures"]
    )
    assert (
        results["model"]["sha256"] == [files.sha256(str(chain / "model" / "allinone.caffemodel"))]
        and results["model"]["provenance"]["profile"] == "tiny"
    )
    assert results["records_sha256"] == files.sha256(str(sets / "data" / name / "records.jsonl"))
    assert all(
        value is not None or name == "aflw" for value in results["figures"].values()
    )  # few faces: a bin of yaw may be empty


@pytest.mark.parametrize("name", ["celeba", "fotw"])
def test_accuracies(sets, measured, name):
    figures, pairs = measured[name][0]["figures"], said(sets, measured, name)
    assert len(pairs) >= 4
    for task in ("gender", "smile"):
        right = sum((found[task] >= 0.5) == bool(getattr(face, task)) for face, found in pairs)
        assert figures[task] == pytest.approx(100 * right / len(pairs))


def test_ages(sets, measured):
    pairs = said(sets, measured, "fgnet")
    off = [
        abs(found["age"] - round(face.age)) for face, found in pairs
    ]  # the file's name holds whole years
    assert len(pairs) == COUNTS["fgnet"] and measured["fgnet"][0]["figures"][
        "mae"
    ] == pytest.approx(np.mean(off))
    # LAP 2015's layout gives picture n the deviation 2.5 + n % 5; where no face is found the error is 1.
    results, out = measured["lap2015"]
    errors = []
    for line in map(json.loads, (out / "faces" / predictions.LINES).read_text().splitlines()):
        (face,) = drawn_faces(sets, "lap2015")[
            files.sha256(str(sets / "data" / "lap2015" / line["image"]))
        ]
        sigma = 2.5 + int(line["image"].split("_")[-1].split(".")[0]) % 5
        found = line["faces"][0]
        errors.append(
            1 if found is None else 1 - np.exp(-((found["age"] - face.age) ** 2) / (2 * sigma**2))
        )
    assert len(errors) == COUNTS["lap2015"] // 3 and results["figures"]["epsilon"] == pytest.approx(
        np.mean(errors), abs=1e-3
    )


def landmark_error(face, found, places, size):
    seen = [place for place in places if face.visibility[place]]
    return (
        np.mean(
            [
                np.hypot(*np.subtract(found["landmarks"][place], face.landmarks[place]))
                for place in seen
            ]
        )
        / size
        if seen
        else np.nan
    )


def test_landmarks_and_pose_of_afw(sets, measured):
    pairs = said(sets, measured, "afw")
    errors = [
        landmark_error(
            face,
            found,
            (7, 10, 14, 17, 18, 19),
            (face.box[2] - face.box[0] + face.box[3] - face.box[1]) / 2,
        )
        for face, found in pairs
    ]
    figures = measured["afw"][0]["figures"]
    assert len(pairs) > 10 and figures["nme"] == pytest.approx(
        100 * np.nanmean(errors), rel=0.02
    )  # the file has boxes in whole pixels and points to 0.5
    right = [
        abs(15 * np.floor(found["pose"][2] / 15 + 0.5) - face.pose[2]) <= 15
        for face, found in pairs
    ]
    assert figures["yaw_within_15"] == pytest.approx(100 * np.mean(right))


def test_landmarks_of_aflw(sets, measured):
    results, out = measured["aflw"]
    chosen = {
        (face.image, tuple(face.box))
        for face in record.read(str(sets / "data" / "aflw" / "records.jsonl"))
        if face.split == aflw.SPLIT
    }
    annotated = [
        face
        for _, faces in predictions.records_in(str(sets / "data" / "aflw" / "records.jsonl"))
        if any(face.split == aflw.SPLIT for face in faces)
        for face in faces
    ]
    pairs = said(sets, measured, "aflw")
    bins = {}
    for (face, found), known in zip(pairs, annotated):
        if (known.image, tuple(known.box)) in chosen:
            width, height = face.box[2] - face.box[0], face.box[3] - face.box[1]
            low = min(int(abs(face.pose[2]) // 30) * 30, 60)
            bins.setdefault(low, []).append(
                100 * landmark_error(face, found, range(21), np.sqrt(width * height))
            )
    assert sum(map(len, bins.values())) == results["counts"]["faces"] > 5
    for low, errors in bins.items():
        assert results["figures"][f"nme_{low}_{low + 30}"] == pytest.approx(
            np.nanmean(errors), rel=0.02
        )


def test_verification_of_lfw(sets, measured):
    _, out = measured["lfw"]
    lines = [
        json.loads(line) for line in (out / "faces" / predictions.LINES).read_text().splitlines()
    ]
    rows = dict(
        zip((line["image"] for line in lines), predictions.read_descriptors(str(out / "faces")))
    )
    pairs = [
        json.loads(line)
        for line in (sets / "data" / "lfw" / "pairs.jsonl").read_text().splitlines()
    ]
    cosine = [
        np.dot(*(rows[picture] / np.linalg.norm(rows[picture]) for picture in pair["pictures"]))
        for pair in pairs
    ]
    assert measured["lfw"][0]["figures"]["auc"] == pytest.approx(
        100 * roc_auc_score([pair["same"] for pair in pairs], cosine), abs=0.01
    )
    assert measured["lfw"][0]["counts"]["pairs"] == 20


def test_templates_of_ijba(sets, measured):
    """Rank 1 of every split by a naive search: mean within media, mean over media, cosine."""
    results, out = measured["ijba"]
    faces = {
        (face.image, *face.box): number
        for number, face in enumerate(record.read(str(sets / "data" / "ijba" / "records.jsonl")))
    }
    rows = predictions.read_descriptors(str(out / "faces"))
    assert len(rows) == len(faces)
    unit = lambda vector: vector / np.linalg.norm(vector)
    ranks = []
    templates = [
        json.loads(line)
        for line in (sets / "data" / "ijba" / "templates.jsonl").read_text().splitlines()
    ]
    for split in range(1, 11):
        parts = {part: [] for part in ("gallery", "probe")}
        for one in templates:
            if one["split"] == split and one["part"] in parts:
                media = {}
                for image, box, medium in one["faces"]:
                    media.setdefault(medium, []).append(rows[faces[(image, *box)]])
                parts[one["part"]].append(
                    (
                        one["subject"],
                        unit(np.mean([np.mean(some, axis=0) for some in media.values()], axis=0)),
                    )
                )
        enrolled = {subject for subject, _ in parts["gallery"]}
        parts["probe"] = [
            (subject, vector) for subject, vector in parts["probe"] if subject in enrolled
        ]
        first = [
            max(parts["gallery"], key=lambda entry: entry[1] @ vector)[0] == subject
            for subject, vector in parts["probe"]
        ]
        ranks.append(np.mean(first))
    assert results["figures"]["cosine_rank_1"] == pytest.approx(np.mean(ranks)) and results[
        "deviations"
    ]["cosine_rank_1"] == pytest.approx(np.std(ranks, ddof=1))
    assert (
        (out / "scores" / "cosine" / "verify_1.csv")
        .read_text()
        .startswith("TEMPLATE_ID_1,TEMPLATE_ID_2,SIMILARITY\n")
    )
    assert not any(name.startswith("tpe") for name in results["figures"])


def test_tpe_is_learnt_once_and_found_again(sets, measured, chain, monkeypatch, capsys):
    from evaluate import tpe

    monkeypatch.setattr(
        tpe,
        "train",
        lambda descriptors, people, seed, quick=tpe.train: quick(
            descriptors, people, seed, iterations=30
        ),
    )
    command = [
        "--data",
        str(sets / "data" / "ijba"),
        "--model",
        str(chain / "model"),
        "--out",
        str(measured["ijba"][1]),
    ]
    assert ijba.main([*command, "--train-tpe"]) == 0
    figures = json.loads((measured["ijba"][1] / benchmark.RESULTS).read_text())["figures"]
    monkeypatch.setattr(tpe, "train", None)
    assert ijba.main(command) == 0
    assert (
        json.loads((measured["ijba"][1] / benchmark.RESULTS).read_text())["figures"] == figures
        and 0 <= figures["tpe_rank_1"] <= 1
    )
    os.remove(measured["ijba"][1] / "tpe.h5")


def test_detections_are_written_for_the_official_programs(sets, measured, capsys):
    """What a model finds, scored as a file of results, gives the figures that were measured directly."""
    results, out = measured["fddb"]
    assert sorted(os.listdir(out / "results")) == [
        f"fold-{fold:02d}-out.txt" for fold in range(1, 11)
    ]
    curve = np.loadtxt(out / "DiscROC.txt", ndmin=2)
    assert (
        fddb.main(
            [
                "--folds",
                str(sets / "data" / "fddb" / "FDDB-folds"),
                "--detections",
                str(out / "results"),
                "--out",
                str(out / "again"),
                "--json",
            ]
        )
        == 0
    )
    assert json.loads(capsys.readouterr().out)["disc_end"] == pytest.approx(curve[0, :2], abs=1e-5)
    results, out = measured["pascal"]
    command = [
        "--annotations",
        str(sets / "data" / "pascal" / "Annotations_Face_PASCALLayout_large_fixed.mat"),
        "--detections",
        str(out / "detections.txt"),
        "--json",
    ]
    assert pascal.main(command) == 0
    assert json.loads(capsys.readouterr().out)["ap_plain"] == pytest.approx(
        results["figures"]["ap_plain"], abs=0.5
    )  # its boxes are whole numbers


def test_true_boxes_as_detections_are_all_found(sets, chain, tmp_path, capsys):
    """Predictions that are the drawn truth, put where a model's stand: every figure of detection is full."""
    for name, figures in (
        ("pascal", ("ap_plain", "ap_refined")),
        ("afw", ("ap_plain", "ap_refined")),
        ("fddb", ("disc_at_500",)),
    ):
        out = tmp_path / name
        command = [
            "--data",
            str(sets / "data" / name),
            "--model",
            str(chain / "model"),
            "--out",
            str(out),
        ]
        shutil.copytree(sets / "eval" / name, out)
        truth, lines = drawn_faces(sets, name), []
        for line in map(json.loads, (out / "detect" / predictions.LINES).read_text().splitlines()):
            known = truth[files.sha256(str(sets / "data" / name / line["image"]))]
            lines.append(
                dict(
                    image=line["image"],
                    faces=[
                        dict(box=face.box, score=0.9, landmarks=[], visibility=[], pose=[])
                        for face in known
                        if face.box
                    ],
                )
            )
        (out / "detect" / predictions.LINES).write_text(
            "".join(json.dumps(line) + "\n" for line in lines)
        )
        assert MODULES[name].main(command) == 0
        results = json.loads((out / benchmark.RESULTS).read_text())
        assert [results["figures"][figure] for figure in figures] == [100] * len(figures)


def test_nothing_is_computed_twice_and_a_stopped_run_goes_on(
    sets, measured, chain, tmp_path, capsys
):
    out = tmp_path / "lfw"
    shutil.copytree(measured["lfw"][1], out)
    faces, command = (
        out / "faces",
        ["--data", str(sets / "data" / "lfw"), "--model", str(chain / "model"), "--out", str(out)],
    )
    lines = (faces / predictions.LINES).read_text().splitlines(keepends=True)
    rows = predictions.read_descriptors(str(faces))
    # As a kill leaves it: a line of which half is written, a descriptor more than whole lines, the last one cut.
    os.remove(faces / predictions.LINES)
    os.remove(faces / predictions.DESCRIPTORS)
    marked = lines[0].replace('"regions": 0', '"regions": -7')
    (faces / f"{predictions.LINES}.partial").write_text(
        marked + "".join(lines[1:9]) + lines[9][:40]
    )
    (faces / "descriptors.partial").write_bytes(rows[:10].tobytes() + rows[10].tobytes()[:100])
    assert lfw.main(command) == 0
    assert (faces / predictions.LINES).read_text().splitlines(keepends=True) == [marked, *lines[1:]]
    np.testing.assert_array_equal(predictions.read_descriptors(str(faces)), rows)
    before = os.stat(faces / predictions.LINES).st_mtime_ns
    assert lfw.main(command) == 0 and os.stat(faces / predictions.LINES).st_mtime_ns == before
    assert (
        lfw.main([*command, "--engine", "opencv"]) == 0
        and os.stat(faces / predictions.LINES).st_mtime_ns == before
    )  # engines agree
    assert (
        lfw.main([*command, "--proposals", "selective-search"]) == 0
        and os.stat(faces / predictions.LINES).st_mtime_ns != before
    )


def test_a_model_for_each_fold_looks_at_its_fold_alone(sets, measured, chain, tmp_path, capsys):
    """Folds 1 and 4 have a model of their own: only their pictures are measured, and that is said."""
    for fold in (1, 4):
        (tmp_path / f"fold_{fold:02d}").mkdir()
        os.symlink(chain / "model", tmp_path / f"fold_{fold:02d}" / "model")
    out = tmp_path / "out"
    assert (
        fddb.main(
            ["--data", str(sets / "data" / "fddb"), "--model", str(tmp_path), "--out", str(out)]
        )
        == 0
    )
    results = json.loads((out / benchmark.RESULTS).read_text())
    seen = {
        json.loads(line)["image"]
        for line in (out / "detect" / predictions.LINES).read_text().splitlines()
    }
    splits = {
        face.split
        for face in record.read(str(sets / "data" / "fddb" / "records.jsonl"))
        if face.image in seen
    }
    assert splits == {"fold_01", "fold_04"} and len(results["model"]["folders"]) == 2
    others = measured["fddb"][0]["counts"]["pictures"] - len(seen)
    assert (
        any(
            f"{others} pictures are of parts without a model" in what
            for what in results["incomplete"]
        )
        and f"incomplete: {others} pictures" in capsys.readouterr().out
    )


def test_a_set_that_is_not_whole_is_measured_as_far_as_it_goes(sets, chain, tmp_path, capsys):
    """FDDB without two folds and one picture, IJB-A with three splits of one protocol, FotW's validation part alone."""
    shutil.copytree(sets / "data" / "fddb", tmp_path / "fddb")
    for fold in (2, 3):
        os.remove(tmp_path / "fddb" / "FDDB-folds" / f"FDDB-fold-{fold:02d}-ellipseList.txt")
    gone = sorted((tmp_path / "fddb" / "originalPics").rglob("*.jpg"))[0]
    gone.unlink()
    shutil.copytree(sets / "data" / "ijba", tmp_path / "ijba")
    shutil.rmtree(tmp_path / "ijba" / "IJB-A_1N_sets")
    for split in range(4, 11):
        shutil.rmtree(tmp_path / "ijba" / "IJB-A_11_sets" / f"split{split}")
    shutil.copytree(sets / "data" / "fotw", tmp_path / "fotw")
    shutil.rmtree(tmp_path / "fotw" / "smiles_trset")
    for name, missing, figures in (
        ("fddb", "FDDB-folds/FDDB-fold-02-ellipseList.txt is not there", {"disc_at_500"}),
        ("ijba", "IJB-A_1N_sets/split1/train_1.csv", {"cosine_tar_at_far_0.01"}),
        ("fotw", "smiles_trset/gender_fex_trset.csv is not there", {"gender", "smile"}),
    ):
        (tmp_path / name / "records.jsonl").unlink()
        assert (
            MODULES[name].main(
                [
                    "--data",
                    str(tmp_path / name),
                    "--model",
                    str(chain / "model"),
                    "--out",
                    str(tmp_path / "out" / name),
                ]
            )
            == 0
        )
        results = json.loads((tmp_path / "out" / name / benchmark.RESULTS).read_text())
        assert any(missing in what for what in results["incomplete"]) and figures <= set(
            results["figures"]
        )
        assert f"incomplete: {missing.split()[0]}" in capsys.readouterr().out
        assert not any("rank" in figure for figure in results["figures"])
    assert any(
        "missing picture" in what
        for what in json.loads((tmp_path / "out" / "fddb" / benchmark.RESULTS).read_text())[
            "incomplete"
        ]
    )


def test_a_picture_that_cannot_be_read_is_said_and_stops_nothing(sets, chain, tmp_path):
    """A picture whose head is whole and whose rest is missing, as the reader cannot see."""
    shutil.copytree(sets / "data" / "fgnet", tmp_path / "fgnet")
    path = sorted((tmp_path / "fgnet" / "images").glob("*.JPG"))[3]
    path.write_bytes(path.read_bytes()[:1500])
    assert (
        fgnet.main(
            [
                "--data",
                str(tmp_path / "fgnet"),
                "--model",
                str(chain / "model"),
                "--out",
                str(tmp_path / "out"),
            ]
        )
        == 0
    )
    results = json.loads((tmp_path / "out" / benchmark.RESULTS).read_text())
    assert (
        results["counts"]["pictures"] == COUNTS["fgnet"] - 1
        and "1 pictures cannot be read" in results["incomplete"]
    )


def test_what_cannot_be_measured_is_said(sets, chain, tmp_path, expect_refusal):
    expect_refusal(
        afw.main,
        ["--data", tmp_path / "afw", "--model", chain / "model"],
        "afw",
        "data_prep/README.md",
    )
    expect_refusal(afw.main, ["--data", sets / "data" / "afw"], "--model")
    expect_refusal(
        afw.main, ["--data", sets / "data" / "afw", "--model", tmp_path], str(tmp_path), "make fuse"
    )
    shutil.copytree(sets / "data" / "lap2015", tmp_path / "lap2015")
    os.remove(tmp_path / "lap2015" / "Validation.csv")
    os.remove(tmp_path / "lap2015" / "records.jsonl")
    expect_refusal(
        lap2015.main,
        ["--data", tmp_path / "lap2015", "--model", chain / "model"],
        "no picture of val",
    )
