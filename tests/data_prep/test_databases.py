"""From original files to a fused model: every tower fed by the sets that Table I gives it."""

import json
import os
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from conftest import run_well
from reader_folders import draw, manifest_of, records_of

from allinone import landmarks, record, store, tasks
from allinone.analyzer import FaceAnalyzer
from allinone.errors import InputError
from data_prep import conversion, landmark_finder, reader, set_databases, trial_sets

DATABASES, LOCATE = "data_prep.databases", "data_prep.locate"
TINY = ["--profile", "tiny"]


@pytest.fixture(scope="session")
def mixture(tmp_path_factory):
    """A folder with all sets, drawn small, their databases, HyperFace, the joint run, the model."""
    root = tmp_path_factory.mktemp("mixture")
    data, db, hyperface = root / "data", root / "db", root / "hyperface"
    run_well("data_prep.drawn_sets", "--out", data, "--scale", "0.04")
    command = [DATABASES, "--data", data, "--out", db, *TINY]
    run_well(*command)
    waiting = (db / set_databases.WAITING).read_text().split()
    train = ["tools.train", *TINY, "--db", db, "--iterations", 3, "--out"]
    run_well(*train, hyperface, "--job", "hyperface")
    fuse = ["tools.fuse", "--run", hyperface, "--tower", "hyperface"]
    run_well(*fuse, "--out", hyperface / "model")
    again = run_well(*command, "--landmarks-from", hyperface / "model").stdout
    run_well(*train, root / "run")
    run_well("tools.fuse", "--run", root / "run", "--out", root / "model")
    return root, waiting, again


def test_every_tower_learns_from_its_own_sets(mixture):
    root, waiting, again = mixture
    known = {}
    for name in trial_sets.SIZES:
        if (root / "data" / name / "records.jsonl").is_file():  # the others are benchmarks alone
            known[name] = records_of(root / "data" / name)
    for tower, sets in reader.training_sets().items():
        if tower == tasks.REGION_TOWER:
            continue
        folders = store.databases(str(root / "db" / tower))
        found = {os.path.basename(folder): manifest_of(folder) for folder in folders}
        assert set(found) == set(sets)
        for name, splits in sets.items():
            there = [face for face in known[name] if splits is None or face.split in splits]
            assert found[name]["count"] == len(there)
    learnt = {face.image for face in known["aflw"] if face.split == "train"}
    assert manifest_of(root, "db", "det")["count"] == len(learnt)
    assert waiting == ["adience", "casia", "imdb", "lfw", "morph", "wiki"]
    assert not (root / "db" / set_databases.WAITING).read_text()
    assert "aflw: det in" in again and "is there" in again


def test_the_joint_run_trained_on_the_mixture_and_fuses(mixture):
    root, _, _ = mixture
    data, learnt = json.loads((root / "run" / "data.json").read_text()), {}
    for tower, manifests in data.items():
        learnt[tower] = [manifest["origin"][0]["summary"]["set"] for manifest in manifests]
    assert learnt == {tower: sorted(sets) for tower, sets in reader.training_sets().items()}
    log = [json.loads(line) for line in (root / "run" / "log.jsonl").read_text().splitlines()]
    assert set(log[-1]["validation"]) == {task.name for task in tasks.TASKS}
    assert json.loads((root / "model" / "provenance.json").read_text())["parameters"] > 0


def test_validation_looks_at_what_nobody_learns_from(mixture):
    root, _, _ = mixture
    training = reader.training_sets()
    for tower, sets in reader.validation_sets().items():
        manifest = manifest_of(root, "db", "val", tower)
        ((name, splits),) = sets.items()
        assert manifest["origin"][0]["summary"]["set"] == name
        assert manifest["splits"] == (list(splits) if splits else None)
        learnt = training[tower].get(name, ())
        assert not set(learnt or ()) & set(splits or ())


# ---- Landmarks.
def test_located_landmarks_are_those_of_the_model(mixture):
    """Twice the net's own word: in the box, then in the rectangle of what it has found there."""
    root, _, _ = mixture
    model, morph = str(root / "hyperface" / "model"), root / "data" / "morph"
    path = landmark_finder.path_of(str(morph / "records.jsonl"), model)
    before, after = records_of(morph), list(record.read(path))
    for face, other in zip(before, after):
        assert (face.image, face.box, face.age) == (other.image, other.box, other.age)
    assert len(before) == len(after)
    analyzer, face = FaceAnalyzer(model, "caffe"), after[3]
    image = cv2.imread(str(morph / face.image))
    first = analyzer.look(image, np.float32([face.box]))
    second = analyzer.look(image, landmarks.face_rectangle(first["landmarks"]))
    np.testing.assert_allclose(face.landmark_array(), second["landmarks"][0], atol=0.02)


class Stopped(BaseException):
    """Stands for a kill."""


@pytest.fixture
def unlocated(mixture, tmp_path):
    """(records of MORPH without what was found for them, the model that looks for it)."""
    morph = mixture[0] / "data" / "morph"
    os.symlink(morph / "Album2", tmp_path / "Album2")
    shutil.copy(morph / "records.jsonl", tmp_path)
    return str(tmp_path / "records.jsonl"), str(mixture[0] / "hyperface" / "model")


def test_a_search_for_landmarks_that_was_stopped_goes_on(unlocated, tmp_path, monkeypatch):
    """Behind the last whole batch, whatever stands there, with the same bytes at its end."""
    monkeypatch.setattr(landmark_finder, "BATCH", 5)
    path, located = Path(landmark_finder.locate(*unlocated)), landmark_finder.located
    whole, names, seen = path.read_text(), sorted(os.listdir(tmp_path)), []
    path.unlink()

    def counted(analyzer, faces, records):
        if len(seen) == 2:
            seen.append([])
            raise Stopped
        seen.append(faces)
        return located(analyzer, faces, records)

    monkeypatch.setattr(landmark_finder, "located", counted)
    with pytest.raises(Stopped):
        landmark_finder.locate(*unlocated)
    with open(f"{path}.partial", "a") as stream:
        stream.write(whole.splitlines()[10][:50])
    assert landmark_finder.locate(*unlocated) == str(path)
    assert sum(map(len, seen)) == len(whole.splitlines()) > 10
    assert path.read_text() == whole and sorted(os.listdir(tmp_path)) == names


def test_the_command_looks_for_landmarks(mixture, unlocated, tmp_path, expect_refusal):
    """Lines of which nothing tells that they are whole are not taken."""
    records, model = unlocated
    name = os.path.basename(landmark_finder.path_of(records, model))
    whole = (mixture[0] / "data" / "morph" / name).read_text()
    (tmp_path / f"{name}.partial").write_text(whole.replace("Album2/", "Album2/./")[:900])
    said = run_well(LOCATE, "--records", records, "--model", model).stdout
    count = len(whole.splitlines())
    assert f"{count} of {count} records have landmarks" in said
    assert (tmp_path / name).read_text() == whole
    command = ["--records", tmp_path / "none.jsonl", "--model", model]
    expect_refusal(LOCATE, command, tmp_path / "none.jsonl", "no such")
    command = ["--records", records, "--model", tmp_path]
    expect_refusal(LOCATE, command, tmp_path, "model.json")


def test_faces_without_a_box_are_looked_for(mixture, tmp_path, monkeypatch):
    """LAP 2015 says of no picture where the face is. The net has hardly learnt: it is told."""
    root, _, _ = mixture
    draw(tmp_path / "lap2015", "lap2015", "portraits", 6, 3)
    conversion.convert_set("lap2015", str(tmp_path / "lap2015"))
    nothing = dict(boxes=np.zeros((0, 4), np.float32))
    one = dict(boxes=np.float32([[40, 40, 130, 140], [0, 0, 9, 9]]))
    answers = iter([one, nothing] * 3)
    monkeypatch.setattr(FaceAnalyzer, "find_many", lambda *_: [next(answers)])
    records = str(tmp_path / "lap2015" / "records.jsonl")
    path = landmark_finder.locate(records, str(root / "hyperface" / "model"))
    found = [face.landmarks is not None and face.box is not None for face in record.read(path)]
    assert found == [True, False] * 3


# ---- Fine-tuning.
def test_folds_leave_out_one_part_each(mixture, tmp_path):
    root, _, _ = mixture
    run_well(DATABASES, "fgnet", "--data", root / "data", "--out", tmp_path / "db", *TINY)
    faces = records_of(root / "data" / "fgnet")
    people = sorted({face.split for face in faces})
    for number, person in enumerate(people, 1):
        fold = tmp_path / "db" / "finetune" / "fgnet" / f"fold_{number:02d}"
        manifest = manifest_of(fold, "age")
        assert manifest["splits"] == [other for other in people if other != person]
        assert manifest["count"] == sum(face.split != person for face in faces)


def test_fddb_folds_share_one_search(tmp_path):
    fddb = tmp_path / "data" / "fddb"
    draw(fddb, "fddb", "scenes", 4, 6)
    run_well(DATABASES, "fddb", "--data", tmp_path / "data", "--out", tmp_path / "db", *TINY)
    pictures = {face.image: face.split for face in records_of(fddb)}
    parts = sorted(set(pictures.values()))
    folders = sorted((tmp_path / "db" / "finetune" / "fddb").iterdir())
    whole, *folders = [folder for folder in folders if folder.is_dir()]
    assert whole.name == "all" and manifest_of(whole, "det")["count"] == len(pictures)
    assert len(folders) == len(parts)
    for folder, fold in zip(folders, parts):
        others = [split for split in pictures.values() if split != fold]
        assert manifest_of(folder, "det")["count"] == len(others)
    assert len(list((fddb / "proposals").iterdir())) == 1


# ---- What is missing.
def test_missing_sets_are_named_with_their_towers(mixture, tmp_path, expect_refusal):
    root, _, _ = mixture
    words = ("tower det has none", "aflw", f"{tmp_path}/casia for gender, id")
    more = ("data_prep/README.md", "SETS=")
    expect_refusal(DATABASES, ["--data", tmp_path], *words, *more)
    for name in set(trial_sets.SIZES) - {"wiki", "lfw"}:
        os.symlink(root / "data" / name, tmp_path / name)
    said = run_well(DATABASES, "--data", tmp_path, "--out", tmp_path / "db", *TINY).stdout
    assert f"not there, and done without: {tmp_path}/wiki for gender, age" in said
    expect_refusal(DATABASES, ["afl"], "no reader for afl", "aflw")
    expect_refusal(DATABASES, ["morph", "wiki", "--folder", tmp_path], "--folder goes with one")
    expect_refusal(DATABASES, ["morph", "--data", tmp_path / "none"], tmp_path / "none" / "morph")


def test_a_set_without_a_label_is_said_and_done_without(mixture, tmp_path):
    root, _, _ = mixture
    folder, model = tmp_path / "casia", root / "hyperface" / "model"
    folder.mkdir()
    for entry in (root / "data" / "casia").iterdir():
        if entry.is_dir() and entry.name.isdigit():
            os.symlink(entry, folder / entry.name)
    base = ["casia", "--folder", folder, "--out", tmp_path / "db", *TINY]
    said = run_well(DATABASES, *base, "--landmarks-from", model).stdout
    assert "casia has no label 'gender': tower gender does without it" in said
    names = [os.path.basename(place) for place in store.databases(str(tmp_path / "db" / "id"))]
    assert names == ["casia"] and not (tmp_path / "db" / "gender").exists()


def test_a_set_for_evaluation_alone_has_no_databases(tmp_path):
    draw(tmp_path / "afw", "afw", "scenes", 4, 4)
    said = run_well(DATABASES, "afw", "--data", tmp_path, "--out", tmp_path / "db").stdout
    assert "for evaluation alone" in said


def test_a_net_of_one_tower_says_that_it_has_no_second_stage(mixture):
    analyzer = FaceAnalyzer(str(mixture[0] / "hyperface" / "model"), "caffe")
    with pytest.raises(InputError, match="stage 2 needs"):
        analyzer.analyze(np.zeros((60, 60, 3), np.uint8), boxes=[[5, 5, 50, 50]])
