"""Databases of records: their contents, and that records are read once."""

import builtins
import json
import os
import shutil
import subprocess
import sys

import cv2
import h5py
import numpy as np
import pytest
from conftest import ROOT, run_well
from small_records import Records, aligned, manifest_of, scenes

from allinone import align, files, record, store, tasks
from data_prep import aligned_db, region_cache, sources
from data_prep.region_search import Selective

BUILD = "data_prep.build_db"


@pytest.fixture
def small(tmp_path):
    """Two faces in one picture; small(number, **fields) changes one, and returns the path."""
    return Records(tmp_path)


@pytest.fixture
def opened(monkeypatch):
    """Count how often each file is opened in this process."""
    counts, open_ = {}, builtins.open

    def counting(file, *arguments, **options):
        name = os.path.realpath(file) if isinstance(file, (str, os.PathLike)) else file
        counts[name] = counts.get(name, 0) + 1
        return open_(file, *arguments, **options)

    monkeypatch.setattr(builtins, "open", counting)
    return counts


# ---- Contents.
def test_aligned_databases_hold_the_labels_of_the_records(chain):
    annotations = list(record.read(str(chain / "faces" / "records.jsonl")))
    gender, age, identity = [
        store.Reader(str(chain / "db" / tower)) for tower in ("gender", "age", "id")
    ]
    assert len(gender) == len(age) == len(identity) == 30
    assert identity.manifest["identities"] == 6
    assert identity.manifest["origin"][0]["seed"] == 5
    assert sum(gender.manifest["labels"].values()) == 30
    for index, known in enumerate(annotations):
        assert gender.datum(index).label == known.gender
        assert list(age.datum(index).float_data) == pytest.approx([known.age, 0])
        assert identity.datum(index).label == known.identity
    assert gender.image(gender.datum(0)).shape == (131, 131, 3)


def test_the_stored_face_is_aligned(chain):
    """The eye centres of the record, taken through the transform, are where they should be."""
    faces = record.read(str(chain / "faces" / "records.jsonl"))
    known = next(face for face in faces if abs(face.pose[2]) < 15)
    points = known.landmark_array()
    matrix = align.similarity(points, known.visibility_array())
    eyes = points[[7, 10]] @ matrix[:, :2].T + matrix[:, 2]
    np.testing.assert_allclose(eyes, align.CANONICAL[[7, 10]], atol=0.06)


def test_scenes_hold_faces_and_proposals_by_picture(chain):
    reader, pictures = store.Reader(str(chain / "db" / "det")), []
    for name in ("scenes", "faces"):
        faces = record.read(str(chain / name / "records.jsonl"))
        pictures.extend(record.faces_by_picture(faces))
    counts, known = [len(faces) for _, faces in pictures], []
    for _, faces in pictures:
        known.extend(face.box for face in faces)
    with h5py.File(chain / "db" / "det" / store.REGIONS) as data:
        assert len(reader) == len(pictures)
        assert len(data["face_start"]) == len(data["proposal_start"]) == len(pictures) + 1
        assert np.diff(data["face_start"][...]).tolist() == counts
        np.testing.assert_allclose(data["box"][...], known, rtol=1e-6)
        searched = np.diff(data["proposal_start"][...])
        assert (searched[:6] > 20).all() and (searched[6:] == 0).all()
    picture = cv2.imread(str(chain / "scenes" / pictures[2][0]))
    np.testing.assert_array_equal(reader.image(reader.datum(2)), picture)


def test_the_same_records_give_the_same_database(chain, tmp_path):
    aligned(chain / "faces" / "records.jsonl", tmp_path, workers=1)
    for tower in ("smile", "id"):
        assert manifest_of(tmp_path, tower)["hash"] == manifest_of(chain, "db", tower)["hash"]


def test_another_label_gives_another_hash(small, tmp_path):
    """Training goes on only with the data that it began with, and knows them by these hashes."""
    hashes, db = set(), tmp_path / "db"
    for change in ({}, dict(box=[41, 30, 100, 90]), dict(pose=[1, 2, 3]), dict(age=31)):
        path = small(0, **change)
        scenes([path], [], db)
        aligned(path, db)
        hashes.add((manifest_of(db, "det")["hash"], manifest_of(db, "age")["hash"]))
    assert len(hashes) == 4


def test_classes_of_people_are_the_ranks_of_their_numbers(small, tmp_path):
    """Whatever the order in which they come, and whether their pictures can be read or not."""
    face = json.loads(small().read_text().splitlines()[0])
    people = [9, 2, 70, 2, 9, 4]
    images = ["a.jpg"] * 5 + ["gone.jpg"]
    lines = [dict(face, identity=who, image=name) for who, name in zip(people, images)]
    path = tmp_path / "records.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    aligned(path, tmp_path / "db", ["id"])
    reader = store.Reader(str(tmp_path / "db" / "id"))
    assert [reader.datum(place).label for place in range(len(reader))] == [2, 0, 3, 0, 2]
    assert reader.manifest["identities"] == 4
    assert reader.manifest["labels"] == {"2": 2, "9": 2, "70": 1}
    assert not (tmp_path / "db" / "id" / aligned_db.WAITING).exists()


def test_a_sigma_of_the_age_is_kept(small, tmp_path):
    aligned(small(0, age=30.6, age_sigma=4.5), tmp_path / "db", ["age"])
    datum = store.Reader(str(tmp_path / "db" / "age")).datum(0)
    assert datum.label == 31 and list(datum.float_data) == pytest.approx([30.6, 4.5])


# ---- Once.
def test_the_records_of_aligned_faces_are_read_once(small, tmp_path, opened):
    path = small()
    path.write_text(path.read_text() + "\n\n")
    aligned(path, tmp_path / "db")
    assert opened[os.path.realpath(path)] == 1
    assert manifest_of(tmp_path, "db", "id")["origin"][0]["sha256"] == files.sha256(str(path))


def test_the_records_of_scenes_are_read_once(small, tmp_path, opened):
    """Searched or not, and where the search was done before, too."""
    path = small(1, image="b.jpg")
    shutil.copyfile(tmp_path / "a.jpg", tmp_path / "b.jpg")
    for searched, unsearched in (([path], []), ([path], []), ([], [path])):
        opened.clear()
        scenes(searched, unsearched, tmp_path / "db", workers=1)
        assert opened[os.path.realpath(path)] == 1
    assert os.path.isfile(region_cache.path_of(str(path), 0, Selective))
    assert manifest_of(tmp_path, "db", "det")["origin"][0]["sha256"] == files.sha256(str(path))


def test_a_survey_reads_records_once_as_long_as_they_do_not_change(small, opened):
    path = small(1, split="val", landmarks=None)
    for _ in range(2):
        found = sources.survey(str(path))
    assert opened[os.path.realpath(path)] == 1
    assert found.splits == {None, "val"} and found.sha256 == files.sha256(str(path))
    assert found.has_landmarks(None) and found.lacks_landmarks(["val"])
    assert not found.has_landmarks(["val"]) and not found.lacks_landmarks(["train"])
    assert sources.survey(str(small(1, split="test"))).splits == {None, "test"}


# ---- The table of tasks.
GLASSES = """TASKS: tuple[Task, ...] = (
    Task(
        name="glasses",
        tower="glasses",
        stage=2,
        head=INDEPENDENT,
        kind=PROBABILITY,
        size=2,
        loss="softmax",
        weight=1.0,
        figure=ACCURACY,
        words=("no glasses", "glasses"),
    ),
"""


def test_a_ninth_task_has_a_database_without_another_edit(small, tmp_path):
    """In a copy of the kit whose table of tasks has one row more."""
    kit = tmp_path / "kit"
    for folder in ("allinone", "data_prep"):
        shutil.copytree(os.path.join(ROOT, folder), kit / folder)
    table = kit / "allinone" / "tasks.py"
    text = table.read_text()
    head = "\n" + GLASSES.splitlines()[0] + "\n"
    assert text.count(head) == 1
    table.write_text(text.replace(head, "\n" + GLASSES))
    small(0, glasses=1)
    path = small(1, glasses=0)
    command = [sys.executable, "-m", BUILD, "aligned", "--records", str(path)]
    done = subprocess.run(
        [*command, "--out", str(tmp_path / "db")], cwd=kit, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    reader = store.Reader(str(tmp_path / "db" / "glasses"))
    assert [reader.datum(place).label for place in range(2)] == [1, 0]
    assert reader.manifest["labels"] == {"0": 1, "1": 1}
    towers = {entry.name for entry in (tmp_path / "db").iterdir() if entry.is_dir()}
    assert towers == {*tasks.ALIGNED_TOWERS, "glasses"}


# ---- Options.
def test_landmarks_come_from_a_model_where_a_set_has_none(chain, tmp_path):
    """The chain's model has hardly learnt: its points are rough, but they make databases."""
    faces = list(record.read(str(chain / "faces" / "records.jsonl")))
    for face in faces[:10]:
        face.landmarks = face.visibility = None
    os.symlink(chain / "faces" / "images", tmp_path / "images")
    (tmp_path / "records.jsonl").write_text("".join(map(record.to_line, faces)))
    base = ["aligned", "--records", tmp_path / "records.jsonl", "--towers", "age", "--out"]
    run_well(BUILD, *base, tmp_path / "without")
    run_well(BUILD, *base, tmp_path / "with", "--landmarks-from", chain / "model")
    without, with_ = [store.Reader(str(tmp_path / name / "age")) for name in ("without", "with")]
    assert len(without) == 20 and without.manifest["dropped"] == {"no landmarks": 10}
    assert len(with_) == 30 and not with_.manifest["dropped"]
    ages = [with_.datum(index).float_data[0] for index in range(30)]
    assert ages == pytest.approx([face.age for face in faces])
    np.testing.assert_array_equal(with_.image(with_.datum(15)), without.image(without.datum(5)))


def test_a_split_alone_is_taken_and_a_training_set_gets_a_folder_of_its_own(small, tmp_path):
    records, db = small(1, split="train"), tmp_path / "db"
    base = ["aligned", "--records", records, "--towers", "age", "--out", db]
    run_well(BUILD, *base, "--split", "train", "--set", "morph")
    (folder,) = store.databases(str(db / "age"))
    assert manifest_of(folder)["count"] == 1 and manifest_of(folder)["splits"] == ["train"]
    assert (db / "age" / "morph" / "manifest.json").is_file()
    aligned(records, db, ["age"], training_set="adience")
    names = [os.path.basename(folder) for folder in store.databases(str(db / "age"))]
    assert names == ["adience", "morph"]


def test_a_part_of_scenes_is_taken_with_all_that_is_of_no_part(small, tmp_path):
    """Composed scenes name none; whole photographs do."""
    for name in "bcd":
        shutil.copyfile(tmp_path / "a.jpg", tmp_path / f"{name}.jpg")
    parts = dict(a={}, b=dict(split="train"), c=dict(split="val"))
    lines = [dict(image=f"{name}.jpg", box=[9, 9, 60, 70], **part) for name, part in parts.items()]
    path = tmp_path / "scenes.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    scenes([], [path], tmp_path / "db", splits=["train"])
    assert manifest_of(tmp_path, "db", "det")["count"] == 2
    boxes = [[9, 9, 60, 70], [80, 20, 120, 70]]
    mixed = [dict(image="d.jpg", box=box) for box in boxes]
    path.write_text(
        "".join(json.dumps(line) + "\n" for line in [*lines, dict(mixed[0], split="val"), mixed[1]])
    )
    scenes([], [path], tmp_path / "db", splits=["train"])
    assert manifest_of(tmp_path, "db", "det")["count"] == 2  # a face of d is of another part


def test_a_picture_with_a_face_to_ignore_teaches_no_detection(small, tmp_path):
    path = small(1, ignore=1, image="b.jpg")
    shutil.copyfile(tmp_path / "a.jpg", tmp_path / "b.jpg")
    scenes([], [path], tmp_path / "db")
    manifest = manifest_of(tmp_path, "db", "det")
    assert manifest["count"] == manifest["faces"] == 1
