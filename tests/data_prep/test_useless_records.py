"""Records of which no database, or none of all, can be built: what is said and what is left."""

import json
import resource
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT, run_well
from small_records import Records, aligned, manifest_of, scenes

from allinone import store
from allinone.errors import InputError
from data_prep import conversion
from data_prep.region_search import Selective

BUILD = "data_prep.build_db"


def lines_of(path):
    """Return the lines of a JSON lines file."""
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def small(tmp_path):
    """Two faces in one picture; small(number, **fields) changes one, and returns the path."""
    return Records(tmp_path)


@pytest.fixture
def cut(small, tmp_path):
    """A records file of two faces, the first of them in a picture that is cut off."""
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "a.jpg").read_bytes()[:1500])
    return small(0, image="cut.jpg")


def test_a_missing_label_names_field_tower_and_mend(small, tmp_path, expect_refusal):
    small(0, smile=None)
    path, db = small(1, smile=None), tmp_path / "db"
    expect_refusal(BUILD, ["aligned", "--records", path, "--out", db], path, "'smile'", "--towers")
    assert not [entry for entry in db.rglob("*") if entry.is_dir()]
    run_well(BUILD, "aligned", "--records", path, "--towers", "gender", "--out", db)
    assert manifest_of(db, "gender")["labels"] == {"0": 1, "1": 1}


def test_labels_of_faces_without_landmarks_or_of_other_splits_teach_nothing(small, tmp_path):
    small(0, landmarks=None)
    path = small(1, split="test")
    for splits in (["train"], ["moon"]):
        with pytest.raises(InputError, match="no face with landmarks and the field 'age'"):
            aligned(path, tmp_path / "db", ["age"], splits=splits)
    aligned(path, tmp_path / "db", ["age"])
    assert manifest_of(tmp_path, "db", "age")["dropped"] == {"no landmarks": 1}


def test_a_set_of_no_faces_is_refused_before_anything_is_searched(small, tmp_path, expect_refusal):
    empty = tmp_path / "empty.jsonl"
    empty.write_text('{"image": "a.jpg"}\n')
    command = ["scenes", "--records", empty, "--out", tmp_path / "db"]
    expect_refusal(BUILD, command, empty, "0 faces")
    assert not (tmp_path / Selective.folder).exists() and not (tmp_path / "db").exists()
    expect_refusal(BUILD, ["scenes", "--out", tmp_path / "db"], "--records")
    expect_refusal(BUILD, ["aligned", "--out", tmp_path / "db"], "--records")


def test_a_picture_without_a_face_is_stored_where_others_have_one(small, tmp_path):
    path = small()
    path.write_text('{"image": "b.jpg"}\n' + path.read_text())
    shutil.copyfile(tmp_path / "a.jpg", tmp_path / "b.jpg")
    scenes([], [path], tmp_path / "db")
    manifest = manifest_of(tmp_path, "db", "det")
    assert (manifest["count"], manifest["faces"]) == (2, 2)
    assert manifest["labels"]["faces_per_image"] == {"0": 1, "2": 1}


def test_lines_of_a_picture_that_do_not_stand_together_are_refused(small, tmp_path, expect_refusal):
    """Its second face would be background where the first one is read."""
    shutil.copyfile(tmp_path / "a.jpg", tmp_path / "b.jpg")
    path = small()
    first, second = path.read_text().splitlines(keepends=True)
    path.write_text(f'{first}{{"image": "b.jpg"}}\n{second}')
    for option in ("--records", "--without-search"):
        command = ["scenes", option, path, "--out", tmp_path / "new"]
        expect_refusal(BUILD, command, path, "lines of a.jpg do not stand together; sort the file")
    assert not (tmp_path / "new" / "det").exists()


def test_a_malformed_line_is_named(small, tmp_path, expect_refusal):
    path = small(1, box=[5, 5, 1, 1])
    for kind in ("aligned", "scenes"):
        command = [kind, "--records", path, "--out", tmp_path / "db"]
        expect_refusal(BUILD, command, f"{path}, line 2", "'box'")


def test_records_that_are_not_there_are_named(tmp_path, expect_refusal):
    for kind in ("aligned", "scenes"):
        command = [kind, "--records", tmp_path / "none.jsonl", "--out", tmp_path / "db"]
        expect_refusal(BUILD, command, tmp_path / "none.jsonl", "no such records file")


@pytest.mark.parametrize("option", ["--records", "--without-search"])
def test_a_scene_that_cannot_be_read_is_named_and_the_others_are_kept(cut, tmp_path, option):
    out = tmp_path / "db"
    run_well(BUILD, "scenes", option, cut, "--out", out)
    manifest = manifest_of(out, "det")
    assert manifest["count"] == manifest["faces"] == 1
    assert manifest["dropped"] == {"unreadable picture": 1}
    (row,) = lines_of(out / "det" / conversion.DROPPED)
    assert row["where"] == str(tmp_path / "cut.jpg") and "cut off" in row["detail"]


def test_where_every_scene_is_dropped_the_old_database_stays(small, tmp_path, expect_refusal):
    path, out = small(), tmp_path / "db"
    path.write_text(path.read_text() + '{"image": "b.jpg"}\n')  # one that can be read
    shutil.copyfile(tmp_path / "a.jpg", tmp_path / "b.jpg")
    scenes([path], [], out)
    before = manifest_of(out, "det")
    (tmp_path / "a.jpg").unlink()
    words = ("every picture with a face was dropped", tmp_path / "a.jpg", "no such file")
    expect_refusal(BUILD, ["scenes", "--records", path, "--out", out], *words)
    assert manifest_of(out, "det") == before
    assert len(store.Reader(str(out / "det"))) == before["count"]


def test_a_face_that_cannot_be_aligned_is_named_and_the_others_are_kept(cut, tmp_path):
    out = tmp_path / "db"
    aligned(cut, out)
    for tower in ("smile", "gender", "age", "id"):
        manifest = manifest_of(out, tower)
        assert manifest["count"] == 1 and manifest["dropped"] == {"unreadable picture": 1}
        (row,) = lines_of(out / tower / conversion.DROPPED)
        assert row["where"] == "cut.jpg" and "cut off" in row["detail"]


def test_where_every_face_is_dropped_the_old_database_stays(small, tmp_path, expect_refusal):
    path, out = small(), tmp_path / "db"
    aligned(path, out)
    before = manifest_of(out, "gender")
    (tmp_path / "a.jpg").unlink()
    words = (tmp_path / "a.jpg", "every face was dropped", "no such file")
    expect_refusal(BUILD, ["aligned", "--records", path, "--out", out], *words)
    assert manifest_of(out, "gender") == before
    assert len(store.Reader(str(out / "gender"))) == before["count"]


@pytest.mark.parametrize("kind, limit", [("aligned", 20000), ("scenes", 20000)])
def test_a_full_disk_is_a_sentence(small, tmp_path, kind, limit):
    path, out = small(), tmp_path / "db"

    def keep_files_small():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = subprocess.run(
        [sys.executable, "-m", BUILD, kind, "--records", str(path), "--out", str(out)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        preexec_fn=keep_files_small,
    )
    assert done.returncode == 2, done.stderr
    assert "cannot be written" in done.stderr and "free space" in done.stderr
    assert "Traceback" not in done.stderr and not list(out.glob("*/manifest.json"))


def test_a_set_cannot_stand_in_a_database(small, tmp_path, expect_refusal):
    path, db = small(), tmp_path / "db"
    aligned(path, db, ["age"])
    command = ["aligned", "--records", path, "--towers", "age", "--out", db, "--set", "morph"]
    expect_refusal(BUILD, command, db / "age", "remove it, or build without --set")
