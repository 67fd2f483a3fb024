"""Commands started on folders of somebody else: they refuse, and nothing of them changes."""

import os
import shutil

import pytest
from conftest import run, run_well

from allinone import folders, store
from allinone.profiles import TINY
from data_prep import aligned_db, drawing

BUILD, FUSE, TRAIN = "data_prep.build_db", "tools.fuse", "tools.train"


def contents(folder):
    """Return {path: bytes} of all files in a folder."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def documents(tmp_path):
    """A folder of somebody else's, in a folder of its own."""
    place = tmp_path / "home" / "documents"
    place.mkdir(parents=True)
    (place / "letter.txt").write_text("dear")
    (place / "model.json").write_text('{"format": "of another program"}')
    return place


def test_a_model_is_not_fused_over_documents(chain, documents, expect_refusal):
    before = contents(documents.parent)
    given = ["--run", chain / "run", "--out", documents]
    expect_refusal(FUSE, given, documents, "'letter.txt'", "nothing was touched")
    assert contents(documents.parent) == before
    expect_refusal(FUSE, ["--run", chain / "run", "--out", "."], "working directory")


def test_a_model_from_before_is_replaced_and_one_with_notes_is_not(chain, tmp_path, expect_refusal):
    out = tmp_path / "model"
    shutil.copytree(chain / "model", out)
    (out / "model.json").unlink()  # as the kit wrote models before they had it
    run_well(FUSE, "--run", chain / "run", "--out", out)
    assert (out / "model.json").is_file() and (out / "provenance.json").is_file()
    (out / "notes.txt").write_text("mine")
    before = contents(out)
    expect_refusal(FUSE, ["--run", chain / "run", "--out", out], "'notes.txt'")
    assert contents(out) == before


def test_databases_of_several_sets_are_not_replaced_by_one(chain, tmp_path, expect_refusal):
    given = ["aligned", "--records", chain / "faces/records.jsonl", "--out", tmp_path / "db"]
    given += ["--towers", "age", "--workers", 1]
    shutil.copytree(chain / "db" / "age", tmp_path / "db" / "age" / "a")
    before = contents(tmp_path)
    expect_refusal(BUILD, given, tmp_path / "db" / "age", "'a'")
    for name in ("..", "../x", "a/b", str(tmp_path / "else"), "."):
        expect_refusal(BUILD, [*given, "--set", name], "--set", "plain name")
    assert contents(tmp_path) == before
    run_well(BUILD, *given, "--set", "a")
    assert store.manifest(str(tmp_path / "db" / "age" / "a"))["tower"] == "age"


def test_records_that_are_read_are_not_replaced(chain, tmp_path, expect_refusal):
    place = tmp_path / "db" / "det"
    shutil.copytree(chain / "db" / "det", place)
    shutil.copy(chain / "scenes" / "records.jsonl", place / "manifest.jsonl")
    given = ["scenes", "--without-search", place / "manifest.jsonl", "--out", tmp_path / "db"]
    expect_refusal(BUILD, given, place)
    assert (place / "manifest.jsonl").is_file() and (place / store.MANIFEST).is_file()


def test_a_run_starts_in_no_folder_with_files_of_its_names(chain, tmp_path, expect_refusal):
    (tmp_path / "log.jsonl").write_text("mine\n")
    given = ["--profile", "tiny", "--db", chain / "db", "--out", tmp_path, "--iterations", 1]
    expect_refusal(TRAIN, [*given, "--resume"], tmp_path / "log.jsonl", "no training run")
    assert contents(tmp_path) == {tmp_path / "log.jsonl": b"mine\n"}


def test_records_of_somebody_else_are_not_converted_over(tmp_path, expect_refusal):
    (tmp_path / "faces.jsonl").write_text('{"image": "a.jpg", "box": [1, 1, 9, 9]}\n')
    (tmp_path / "a.jpg").write_bytes(b"x")
    (tmp_path / "records.jsonl").write_text('{"image": "by hand"}\n')
    before = contents(tmp_path)
    convert = ["custom", "--folder", tmp_path]
    expect_refusal("data_prep.convert", convert, tmp_path / "records.jsonl", "converted set")
    assert contents(tmp_path) == before


def test_pictures_that_somebody_put_into_a_drawn_set_stay(tmp_path):
    settings = dict(kind="portraits", count=1, identities=1, workers=1)
    drawing.draw_set(str(tmp_path), seed=1, **settings)
    first = (tmp_path / "images" / "000000.jpg").read_bytes()
    (tmp_path / "images" / "holiday.jpg").write_bytes(b"mine")
    drawing.draw_set(str(tmp_path), seed=2, **settings)
    assert (tmp_path / "images" / "holiday.jpg").read_bytes() == b"mine"
    assert (tmp_path / "images" / "000000.jpg").read_bytes() != first


@pytest.mark.parametrize("out", ["file", "file/x", "x" * 300], ids=["file", "below", "long"])
def test_an_output_path_that_cannot_be_used_is_named_with_the_mend(tmp_path, out, expect_refusal):
    (tmp_path / "file").write_text("mine")
    place = tmp_path / out
    given = ["--kind", "portraits", "--count", 1, "--identities", 1, "--workers", 1]
    done = expect_refusal("data_prep.synthetic", [*given, "--out", place], place)
    assert ";" in done.stderr and (tmp_path / "file").read_text() == "mine"


def test_a_device_is_no_place_for_a_file():
    done = run("tools.draw_pose", "--out", "/dev/null")
    assert done.returncode == 2 and "Traceback" not in done.stderr and "/dev/null" in done.stderr
    with open("/dev/null", "rb") as stream:
        assert not stream.read(1)


def test_two_builds_of_one_database_do_not_mix(chain, tmp_path):
    """The second waits until the first has ended; its database is whole."""
    with folders.only_one(str(tmp_path / "db" / "age")):
        pass  # the lock's file is no part of a database
    given = ["aligned", "--records", chain / "faces/records.jsonl", "--out", tmp_path / "db"]
    run_well(BUILD, *given, "--towers", "age", "--workers", 1)
    assert store.manifest(str(tmp_path / "db" / "age"))["count"] == 30


def test_locks_are_taken_in_one_order_whatever_is_asked_for_first(chain, tmp_path, monkeypatch):
    """Two builds that each hold what the other one wants would wait for ever."""
    taken, only_one = [], folders.only_one

    def noted(path):
        taken.append(os.path.basename(path))
        return only_one(path)

    monkeypatch.setattr(folders, "only_one", noted)
    records = str(chain / "faces" / "records.jsonl")
    aligned_db.build_aligned(records, str(tmp_path), ("smile", "age", "gender"), TINY, workers=1)
    assert taken == ["age", "gender", "smile"]


def test_an_output_never_has_the_name_of_an_input(tmp_path, expect_refusal):
    log, photo = tmp_path / "log.jsonl", tmp_path / "me.png"
    log.write_text('{"iteration": 1, "loss": {"smile": 1.0}}\n')
    photo.write_bytes(b"mine")
    (tmp_path / "link").symlink_to(tmp_path)
    before = contents(tmp_path)
    expect_refusal("tools.plot_log", [log, tmp_path / "link" / "log.jsonl"], "is read")
    expect_refusal("examples.analyze_photograph", [photo, "--out", photo], "is read")
    gallery = ["enroll", tmp_path, "--gallery", photo, "--engine", "opencv"]
    expect_refusal("tools.identify", gallery, photo, "no gallery")
    faces = tmp_path / "faces.jsonl"
    faces.write_text('{"image": "me.png", "box": [0, 0, 9, 9]}\n')
    given = [photo, "--out", tmp_path, "--boxes", faces, "--engine", "opencv"]
    expect_refusal("tools.analyze", given, faces, "is read")
    faces.unlink()
    assert contents(tmp_path) == before
