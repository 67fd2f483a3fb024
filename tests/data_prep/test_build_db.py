import json
import os
import resource
import subprocess
import sys

import cv2
import h5py
import numpy as np
import pytest
from conftest import ROOT

from allinone import align, record, store
from data_prep import build_db


@pytest.fixture
def small(tmp_path):
    """A records file of two faces in one picture; change(line number, **fields) edits it."""
    rng = np.random.default_rng(0)
    cv2.imwrite(
        str(tmp_path / "a.jpg"),
        cv2.resize(rng.integers(0, 255, (12, 16, 3)).astype(np.uint8), (160, 120)),
    )
    path = tmp_path / "records.jsonl"
    points = (align.CANONICAL * 60 + [40, 30]).round(2).tolist()
    records = [
        dict(
            image="a.jpg",
            box=[40, 30, 100, 90],
            landmarks=points,
            gender=g,
            age=30,
            smile=g,
            identity=g,
        )
        for g in (0, 1)
    ]

    def change(number=None, **values):
        if number is not None:
            records[number].update(values)
        path.write_text("".join(json.dumps(r) + "\n" for r in records))
        return path

    change()
    return change


def test_aligned_databases_hold_the_labels_of_the_records(chain):
    annotations = list(record.read(str(chain / "faces" / "records.jsonl")))
    gender, age, identity = [
        store.Reader(str(chain / "db" / tower)) for tower in ("gender", "age", "id")
    ]
    assert len(gender) == len(age) == len(identity) == 30 and identity.manifest["identities"] == 6
    assert (
        identity.manifest["origin"][0]["seed"] == 5
        and sum(gender.manifest["labels"].values()) == 30
    )
    for index, known in enumerate(annotations):
        assert gender.datum(index).label == known.gender
        assert list(age.datum(index).float_data) == pytest.approx([known.age, 0])
        assert identity.datum(index).label == known.identity
    assert gender.image(gender.datum(0)).shape == (131, 131, 3)


def test_the_stored_face_is_aligned(chain):
    """The eye centres of the record, taken through the transform, are where the canonical face has them."""
    known = next(
        a for a in record.read(str(chain / "faces" / "records.jsonl")) if abs(a.pose[2]) < 15
    )
    points = known.landmark_array()
    matrix = align.similarity(points, known.visibility_array())
    eyes = points[[7, 10]] @ matrix[:, :2].T + matrix[:, 2]
    np.testing.assert_allclose(eyes, align.CANONICAL[[7, 10]], atol=0.06)


def test_scenes_hold_faces_and_proposals_by_picture(chain):
    reader = store.Reader(str(chain / "db" / "det"))
    pictures = [
        picture
        for name in ("scenes", "faces")
        for picture in record.faces_by_picture(record.read(str(chain / name / "records.jsonl")))
    ]
    with h5py.File(chain / "db" / "det" / store.REGIONS) as data:
        assert (
            len(reader)
            == len(pictures)
            == len(data["face_start"]) - 1
            == len(data["proposal_start"]) - 1
        )
        assert np.diff(data["face_start"][...]).tolist() == [len(faces) for _, faces in pictures]
        np.testing.assert_allclose(
            data["box"][...], [face.box for _, faces in pictures for face in faces], rtol=1e-6
        )
        searched = np.diff(data["proposal_start"][...])
        assert (searched[:6] > 20).all() and (searched[6:] == 0).all()
    name = pictures[2][0]
    np.testing.assert_array_equal(
        reader.image(reader.datum(2)), cv2.imread(str(chain / "scenes" / name))
    )


def test_the_same_records_give_the_same_database(chain, tmp_path):
    assert (
        build_db.main(
            [
                "aligned",
                "--records",
                str(chain / "faces" / "records.jsonl"),
                "--out",
                str(tmp_path),
                "--workers",
                "1",
            ]
        )
        == 0
    )
    for tower in ("smile", "id"):
        assert (
            store.manifest(str(tmp_path / tower))["hash"]
            == store.manifest(str(chain / "db" / tower))["hash"]
        )


def test_another_label_gives_another_hash(small, tmp_path):
    """Training goes on only with the data that it began with, and knows them by these hashes."""
    hashes = set()
    for change in ({}, dict(box=[41, 30, 100, 90]), dict(pose=[1, 2, 3]), dict(age=31)):
        path = small(0, **change)
        for kind in ("scenes", "aligned"):
            assert (
                build_db.main(
                    [kind, "--records", str(path), "--out", str(tmp_path / "db"), "--workers", "1"]
                )
                == 0
            )
        hashes.add(
            tuple(store.manifest(str(tmp_path / "db" / tower))["hash"] for tower in ("det", "age"))
        )
    assert len(hashes) == 4


def test_a_missing_label_names_field_tower_and_mend(small, tmp_path, expect_refusal):
    small(0, smile=None)
    path = small(1, smile=None)
    expect_refusal(
        build_db.main,
        ["aligned", "--records", path, "--out", tmp_path / "db"],
        path,
        "'smile'",
        "--towers",
    )
    assert not (tmp_path / "db" / "smile").exists()
    assert (
        build_db.main(
            ["aligned", "--records", str(path), "--towers", "gender", "--out", str(tmp_path / "db")]
        )
        == 0
    )
    assert store.manifest(str(tmp_path / "db" / "gender"))["labels"] == {"0": 1, "1": 1}


def test_a_set_of_no_faces_is_refused(small, tmp_path, expect_refusal):
    empty = tmp_path / "empty.jsonl"
    empty.write_text('{"image": "a.jpg"}\n')
    expect_refusal(
        build_db.main, ["scenes", "--records", empty, "--out", tmp_path / "db"], empty, "0 faces"
    )
    expect_refusal(build_db.main, ["scenes", "--out", tmp_path / "db"], "--records")


def test_a_malformed_line_is_named(small, tmp_path, expect_refusal):
    path = small(1, box=[5, 5, 1, 1])
    expect_refusal(
        build_db.main,
        ["aligned", "--records", path, "--out", tmp_path / "db"],
        f"{path}, line 2",
        "'box'",
    )


@pytest.mark.parametrize("option", ["--records", "--without-search"])
def test_a_scene_that_cannot_be_read_is_named_and_the_others_are_kept(small, tmp_path, option):
    path, out = small(0, image="cut.jpg"), tmp_path / "db"
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "a.jpg").read_bytes()[:1500])
    assert build_db.main(["scenes", option, str(path), "--out", str(out)]) == 0
    manifest = store.manifest(str(out / "det"))
    assert manifest["count"] == manifest["faces"] == 1 and manifest["dropped"] == {
        "unreadable picture": 1
    }
    (row,) = map(json.loads, (out / "det" / "dropped.jsonl").read_text().splitlines())
    assert row["where"] == str(tmp_path / "cut.jpg") and "cut off" in row["detail"]


def test_where_every_scene_is_dropped_the_old_database_stays(small, tmp_path, expect_refusal):
    path, out = small(), tmp_path / "db"
    assert build_db.main(["scenes", "--records", str(path), "--out", str(out)]) == 0
    before = store.manifest(str(out / "det"))
    (tmp_path / "a.jpg").unlink()
    expect_refusal(
        build_db.main,
        ["scenes", "--records", path, "--out", out],
        "every picture with a face was dropped",
        tmp_path / "a.jpg",
        "cannot be read",
    )
    assert (
        store.manifest(str(out / "det")) == before
        and len(store.Reader(str(out / "det"))) == before["count"]
    )


def test_a_face_that_cannot_be_aligned_is_named_and_the_others_are_kept(small, tmp_path):
    path, out = small(0, image="cut.jpg"), tmp_path / "db"
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "a.jpg").read_bytes()[:1500])
    assert build_db.main(["aligned", "--records", str(path), "--out", str(out)]) == 0
    for tower in ("smile", "gender", "age", "id"):
        manifest = store.manifest(str(out / tower))
        assert manifest["count"] == 1 and manifest["dropped"] == {"unreadable picture": 1}
        (row,) = map(json.loads, (out / tower / "dropped.jsonl").read_text().splitlines())
        assert row["where"] == "cut.jpg" and "cut off" in row["detail"]


def test_where_every_face_is_dropped_the_old_database_stays(small, tmp_path, expect_refusal):
    path, out = small(), tmp_path / "db"
    assert build_db.main(["aligned", "--records", str(path), "--out", str(out)]) == 0
    before = store.manifest(str(out / "gender"))
    (tmp_path / "a.jpg").unlink()
    expect_refusal(
        build_db.main,
        ["aligned", "--records", path, "--out", out],
        tmp_path / "a.jpg",
        "every face was dropped",
        "cannot be read",
    )
    assert (
        store.manifest(str(out / "gender")) == before
        and len(store.Reader(str(out / "gender"))) == before["count"]
    )


def test_landmarks_come_from_a_model_where_a_set_has_none(chain, tmp_path):
    """The chain's model has learnt for 20 iterations: its points are rough, but they make databases of the faces that have none."""
    faces = [face for face in record.read(str(chain / "faces" / "records.jsonl"))]
    for face in faces[:10]:
        face.landmarks = face.visibility = None
    os.symlink(chain / "faces" / "images", tmp_path / "images")
    (tmp_path / "records.jsonl").write_text("".join(map(record.to_line, faces)))
    base = ["aligned", "--records", str(tmp_path / "records.jsonl"), "--towers", "age", "--out"]
    assert (
        build_db.main([*base, str(tmp_path / "without")]) == 0
        and build_db.main([*base, str(tmp_path / "with"), "--landmarks-from", str(chain / "model")])
        == 0
    )
    without, with_ = [store.Reader(str(tmp_path / name / "age")) for name in ("without", "with")]
    assert (
        (len(without), without.manifest["dropped"]) == (20, {"no landmarks": 10})
        and len(with_) == 30
        and not with_.manifest["dropped"]
    )
    assert [with_.datum(index).float_data[0] for index in range(30)] == pytest.approx(
        [face.age for face in faces]
    )
    np.testing.assert_array_equal(with_.image(with_.datum(15)), without.image(without.datum(5)))


@pytest.mark.parametrize("kind, limit", [("aligned", 20000), ("scenes", 20000)])
def test_a_full_disk_is_a_sentence(small, tmp_path, kind, limit):
    path, out = small(), tmp_path / "db"
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "data_prep.build_db",
            kind,
            "--records",
            str(path),
            "--out",
            str(out),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )  # files cannot grow
    assert done.returncode == 2, done.stderr
    assert (
        "cannot be written" in done.stderr
        and "free space" in done.stderr
        and "Traceback" not in done.stderr
    )
    assert not list(out.glob("*/manifest.json"))


def test_a_split_alone_is_taken_and_a_training_set_gets_a_folder_of_its_own(small, tmp_path):
    records = small(1, split="train")
    assert (
        build_db.main(
            [
                "aligned",
                "--records",
                str(records),
                "--towers",
                "age",
                "--split",
                "train",
                "--set",
                "morph",
                "--out",
                str(tmp_path / "db"),
            ]
        )
        == 0
    )
    assert [
        store.manifest(folder)["count"] for folder in store.databases(str(tmp_path / "db" / "age"))
    ] == [1]
    assert (tmp_path / "db" / "age" / "morph" / "manifest.json").is_file()
    build_db.main(
        [
            "aligned",
            "--records",
            str(records),
            "--towers",
            "age",
            "--set",
            "adience",
            "--out",
            str(tmp_path / "db"),
        ]
    )
    assert [
        folder.rsplit("/", 1)[1] for folder in store.databases(str(tmp_path / "db" / "age"))
    ] == ["adience", "morph"]


def test_a_set_cannot_stand_in_a_database(small, tmp_path, expect_refusal):
    base = ["aligned", "--records", str(small()), "--towers", "age", "--out", str(tmp_path / "db")]
    build_db.main(base)
    expect_refusal(
        build_db.main,
        [*base, "--set", "morph"],
        tmp_path / "db" / "age",
        "remove it, or build without --set",
    )


def test_a_picture_with_a_face_to_ignore_teaches_no_detection(small, tmp_path):
    path = small(1, ignore=1, image="b.jpg")
    (tmp_path / "b.jpg").write_bytes((tmp_path / "a.jpg").read_bytes())
    assert (
        build_db.main(["scenes", "--without-search", str(path), "--out", str(tmp_path / "db")]) == 0
    )
    manifest = store.manifest(str(tmp_path / "db" / "det"))
    assert manifest["count"] == manifest["faces"] == 1
