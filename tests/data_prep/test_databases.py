"""From original files to a fused model: every tower fed by the sets that Table I gives it."""

import json
import os

import cv2
import numpy as np
import pytest
from conftest import run_well

from allinone import landmarks, record, store, tasks
from allinone.analyzer import FaceAnalyzer
from allinone.errors import InputError
from data_prep import conversion, databases, layouts, locate, synthetic, trial_sets

TINY = ["--profile", "tiny"]


@pytest.fixture(scope="session")
def mixture(tmp_path_factory):
    """A folder with all sets, drawn small, their databases, HyperFace, the joint run and the fused model."""
    root = tmp_path_factory.mktemp("mixture")
    data, db, hyperface = [str(root / name) for name in ("data", "db", "hyperface")]
    trial_sets.draw(data, 0.04)
    command = ["data_prep.databases", "--data", data, "--out", db, *TINY]
    run_well(*command)
    waiting = (root / "db" / databases.WAITING).read_text().split()
    run_well(
        "tools.train",
        *TINY,
        "--job",
        "hyperface",
        "--db",
        db,
        "--out",
        hyperface,
        "--iterations",
        "3",
    )
    run_well(
        "tools.fuse",
        *TINY,
        "--run",
        hyperface,
        "--tower",
        "hyperface",
        "--out",
        f"{hyperface}/model",
    )
    again = run_well(*command, "--landmarks-from", f"{hyperface}/model").stdout
    run_well("tools.train", *TINY, "--db", db, "--out", str(root / "run"), "--iterations", "3")
    run_well("tools.fuse", *TINY, "--run", str(root / "run"), "--out", str(root / "model"))
    return root, waiting, again


def test_every_tower_learns_from_its_own_sets(mixture):
    root, waiting, again = mixture
    there = [
        name for name in trial_sets.SIZES if (root / "data" / name / "records.jsonl").is_file()
    ]  # the others are benchmarks alone
    known = {name: list(record.read(str(root / "data" / name / "records.jsonl"))) for name in there}
    for tower, sets in tasks.TRAINING_SETS.items():
        if tower == "det":
            continue
        found = {
            os.path.basename(folder): store.manifest(folder)
            for folder in store.databases(str(root / "db" / tower))
        }
        assert set(found) == set(sets)
        for name, splits in sets.items():
            assert found[name]["count"] == sum(
                splits is None or face.split in splits for face in known[name]
            )
    learnt = store.manifest(str(root / "db" / "det"))
    assert learnt["count"] == len({face.image for face in known["aflw"] if face.split == "train"})
    assert waiting == ["adience", "casia", "imdb", "lfw", "morph", "wiki"]
    assert (
        not (root / "db" / databases.WAITING).read_text()
        and "aflw: det in" in again
        and "is there" in again
    )


def test_the_joint_run_trained_on_the_mixture_and_fuses(mixture):
    root, _, _ = mixture
    data = json.loads((root / "run" / "data.json").read_text())
    assert {
        tower: [manifest["origin"][0]["summary"]["set"] for manifest in found]
        for tower, found in data.items()
    } == {tower: sorted(sets) for tower, sets in tasks.TRAINING_SETS.items()}
    log = [json.loads(line) for line in (root / "run" / "log.jsonl").read_text().splitlines()]
    assert set(log[-1]["validation"]) == {task.name for task in tasks.TASKS}
    assert json.loads((root / "model" / "provenance.json").read_text())["parameters"] > 0


def test_validation_looks_at_what_nobody_learns_from(mixture):
    root, _, _ = mixture
    for tower, sets in tasks.VALIDATION_SETS.items():
        manifest = store.manifest(str(root / "db" / "val" / tower))
        ((name, splits),) = sets.items()
        assert manifest["origin"][0]["summary"]["set"] == name and manifest["splits"] == (
            list(splits) if splits else None
        )
        learnt = tasks.TRAINING_SETS[tower].get(name, ())
        assert not set(learnt or ()) & set(splits or ())


def test_located_landmarks_are_those_of_the_model(mixture):
    """Twice the net's own word: in the box, then in the rectangle of what it has found there."""
    root, _, _ = mixture
    model = str(root / "hyperface" / "model")
    path = locate.path_of(str(root / "data" / "morph" / "records.jsonl"), model)
    before, after = [
        list(record.read(str(name))) for name in (root / "data" / "morph" / "records.jsonl", path)
    ]
    assert [(face.image, face.box, face.age) for face in before] == [
        (face.image, face.box, face.age) for face in after
    ]
    analyzer, face = FaceAnalyzer(model), after[3]
    image = cv2.imread(str(root / "data" / "morph" / face.image))
    first = analyzer.look(image, np.float32([face.box]))
    second = analyzer.look(image, landmarks.face_rectangle(first["landmarks"]))
    np.testing.assert_allclose(face.landmark_array(), second["landmarks"][0], atol=0.02)


def test_a_search_for_landmarks_that_was_stopped_goes_on(mixture, tmp_path):
    root, _, _ = mixture
    model = str(root / "hyperface" / "model")
    os.symlink(root / "data" / "morph" / "Album2", tmp_path / "Album2")
    records = tmp_path / "records.jsonl"
    records.write_text((root / "data" / "morph" / "records.jsonl").read_text())
    whole = (
        (root / "data" / "morph" / os.path.basename(locate.path_of(str(records), model)))
        .read_text()
        .splitlines(keepends=True)
    )
    marked = whole[0].replace("Album2/", "Album2/./")  # tells whether what is there is kept
    (tmp_path / (os.path.basename(locate.path_of(str(records), model)) + ".partial")).write_text(
        marked + whole[1] + whole[2][:50]
    )
    path = locate.locate(str(records), model)
    assert open(path).readlines()[:2] == [marked, whole[1]] and len(open(path).readlines()) == len(
        whole
    )
    assert [json.loads(line)["image"] for line in open(path)][1:] == [
        json.loads(line)["image"] for line in whole
    ][1:]


def test_faces_without_a_box_are_looked_for(mixture, tmp_path, monkeypatch):
    """LAP 2015 says of no picture where the face is. The net here has hardly learnt: what it finds is given to it."""
    root, _, _ = mixture
    synthetic.draw_set(str(tmp_path / "drawn"), "portraits", 6, 3, 9)
    layouts.write("lap2015", str(tmp_path / "drawn"), str(tmp_path / "lap2015"))
    conversion.convert_set("lap2015", str(tmp_path / "lap2015"))
    nothing, one = (
        dict(boxes=np.zeros((0, 4), np.float32)),
        dict(boxes=np.float32([[40, 40, 130, 140], [0, 0, 9, 9]])),
    )
    answers = iter([one, nothing] * 3)
    monkeypatch.setattr(FaceAnalyzer, "detect", lambda *_: next(answers))
    path = locate.locate(
        str(tmp_path / "lap2015" / "records.jsonl"), str(root / "hyperface" / "model")
    )
    found = [face.landmarks is not None and face.box is not None for face in record.read(path)]
    assert found == [True, False] * 3


def test_folds_leave_out_one_part_each(mixture, tmp_path):
    root, _, _ = mixture
    fgnet = root / "data" / "fgnet"
    assert (
        databases.main(
            ["fgnet", "--data", str(root / "data"), "--out", str(tmp_path / "db"), *TINY]
        )
        == 0
    )
    faces = list(record.read(str(fgnet / "records.jsonl")))
    people = sorted({face.split for face in faces})
    for number, person in enumerate(people, 1):
        manifest = store.manifest(
            str(tmp_path / "db" / "finetune" / "fgnet" / f"fold_{number:02d}" / "age")
        )
        assert manifest["splits"] == [other for other in people if other != person]
        assert manifest["count"] == sum(face.split != person for face in faces)


def test_fddb_folds_share_one_search(tmp_path):
    synthetic.draw_set(str(tmp_path / "drawn"), "scenes", 4, 6, 9)
    layouts.write("fddb", str(tmp_path / "drawn"), str(tmp_path / "data" / "fddb"))
    assert (
        databases.main(
            ["fddb", "--data", str(tmp_path / "data"), "--out", str(tmp_path / "db"), *TINY]
        )
        == 0
    )
    pictures = {
        face.image: face.split
        for face in record.read(str(tmp_path / "data" / "fddb" / "records.jsonl"))
    }
    folders = sorted((tmp_path / "db" / "finetune" / "fddb").iterdir())
    assert len(folders) == len(set(pictures.values()))
    for folder, fold in zip(folders, sorted(set(pictures.values()))):
        assert store.manifest(str(folder / "det"))["count"] == sum(
            split != fold for split in pictures.values()
        )
    assert len(list((tmp_path / "data" / "fddb" / "proposals").iterdir())) == 1


def test_missing_sets_are_named_with_their_towers(mixture, tmp_path, expect_refusal, capsys):
    root, _, _ = mixture
    expect_refusal(
        databases.main,
        ["--data", tmp_path],
        "tower det has none",
        "aflw",
        f"{tmp_path}/casia for gender, id",
        "data_prep/README.md",
        "SETS=",
    )
    for name in set(trial_sets.SIZES) - {"wiki", "lfw"}:
        os.symlink(root / "data" / name, tmp_path / name)
    assert databases.main(["--data", str(tmp_path), "--out", str(tmp_path / "db"), *TINY]) == 0
    assert (
        f"not there, and done without: {tmp_path}/wiki for gender, age" in capsys.readouterr().out
    )
    expect_refusal(databases.main, ["afl"], "no reader for afl", "aflw")


def test_a_set_without_a_label_is_said_and_done_without(mixture, tmp_path, capsys):
    root, _, _ = mixture
    folder = tmp_path / "casia"
    folder.mkdir()
    for entry in (root / "data" / "casia").iterdir():
        if entry.is_dir() and entry.name.isdigit():
            os.symlink(entry, folder / entry.name)
    assert (
        databases.main(
            [
                "casia",
                "--folder",
                str(folder),
                "--out",
                str(tmp_path / "db"),
                "--landmarks-from",
                str(root / "hyperface" / "model"),
                *TINY,
            ]
        )
        == 0
    )
    assert "casia has no label 'gender': tower gender does without it" in capsys.readouterr().out
    assert [os.path.basename(place) for place in store.databases(str(tmp_path / "db" / "id"))] == [
        "casia"
    ] and not (tmp_path / "db" / "gender").exists()


def test_sets_of_ones_own_feed_every_tower_whose_label_they_have(tmp_path):
    synthetic.draw_set(str(tmp_path / "drawn"), "portraits", 8, 4, 9)
    layouts.write("custom", str(tmp_path / "drawn"), str(tmp_path / "custom"))
    lines = (tmp_path / "custom" / "faces.csv").read_text().splitlines()
    place = lines[0].split(",").index("smile")
    (tmp_path / "custom" / "faces.csv").write_text(
        "\n".join(
            ",".join(w for n, w in enumerate(line.split(",")) if n != place) for line in lines
        )
        + "\n"
    )
    assert (
        databases.main(["custom", "--data", str(tmp_path), "--out", str(tmp_path / "db"), *TINY])
        == 0
    )
    assert sorted(entry.name for entry in (tmp_path / "db").iterdir() if entry.is_dir()) == [
        "age",
        "det",
        "gender",
        "id",
    ]


def test_a_set_for_evaluation_alone_has_no_databases(tmp_path, capsys):
    synthetic.draw_set(str(tmp_path / "drawn"), "scenes", 4, 4, 9)
    layouts.write("afw", str(tmp_path / "drawn"), str(tmp_path / "afw"))
    assert databases.main(["afw", "--data", str(tmp_path), "--out", str(tmp_path / "db")]) == 0
    assert "for evaluation alone" in capsys.readouterr().out


def test_a_net_of_one_tower_says_that_it_has_no_second_stage(mixture):
    analyzer = FaceAnalyzer(str(mixture[0] / "hyperface" / "model"))
    with pytest.raises(InputError, match="stage 2 needs"):
        analyzer.analyze(np.zeros((60, 60, 3), np.uint8), boxes=[[5, 5, 50, 50]])
