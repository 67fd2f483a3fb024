"""The database of faces with a teacher's descriptors: what it holds, which files are refused."""

import json

import numpy as np
import pytest
from conftest import run_well
from small_records import Records, manifest_of

from allinone import store
from allinone.errors import InputError
from allinone.profiles import TINY
from data_prep.taught_db import build_taught
from data_prep.teacher import Teacher

BUILD = "data_prep.build_db"


def save(path, names, rows, **more):
    """Write a file of descriptors; return its path."""
    np.savez(path, image=np.array(names), descriptor=np.array(rows), **more)
    return path


def build(records, teacher, out, **options):
    """Build the database in this process."""
    build_taught(str(records), Teacher(str(teacher)), str(out), TINY, workers=1, **options)


def stored(folder):
    """Return the descriptors that a database holds."""
    reader = store.Reader(str(folder))
    return [list(reader.datum(place).float_data) for place in range(len(reader))]


@pytest.fixture
def four(tmp_path):
    """Records of four faces: two of a.jpg, one of b.jpg, one of c.jpg; without any label."""
    small = Records(tmp_path)
    faces = []
    for image in ("a.jpg", "a.jpg", "b.jpg", "c.jpg"):
        faces.append(dict(image=image, landmarks=small.faces[0]["landmarks"], split="train"))
    faces[3]["split"] = "val"
    for name in ("b.jpg", "c.jpg"):
        (tmp_path / name).write_bytes((tmp_path / "a.jpg").read_bytes())
    small.path.write_text("".join(json.dumps(face) + "\n" for face in faces))
    return small.path


@pytest.mark.parametrize("kind", [np.float16, np.float64])
def test_each_face_has_the_row_of_its_name_without_any_label(four, tmp_path, kind):
    """Whatever the order of the file; `#1` is the second face of a picture of two."""
    rows = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9.5]], kind)
    teacher = save(tmp_path / "t.npz", ["c.jpg", "a.jpg#1", "b.jpg"], rows)
    build(four, teacher, tmp_path / "db")
    assert stored(tmp_path / "db/distill") == [[4, 5, 6], [7, 8, 9.5], [1, 2, 3]]
    manifest = manifest_of(tmp_path, "db/distill")
    assert (manifest["descriptor"], manifest["count"], manifest["size"]) == (3, 3, 131)


def test_lines_of_a_picture_that_do_not_stand_together_are_refused(four, tmp_path):
    """Nobody could tell which of two faces is #0."""
    lines = four.read_text().splitlines(keepends=True)
    four.write_text("".join(lines[1:] + lines[:1]))
    teacher = save(tmp_path / "t.npz", ["a.jpg#0", "a.jpg#1"], np.eye(2))
    with pytest.raises(InputError, match="lines of a.jpg do not stand together"):
        build(four, teacher, tmp_path / "db")


def test_the_parts_that_are_wanted_are_taken_and_what_does_not_fit_is_counted(
    four, tmp_path, capsys
):
    names = ["b.jpg", "c.jpg", "a.jpg", "elsewhere.jpg"]  # a.jpg has two faces: which one?
    teacher = save(tmp_path / "t.npz", names, np.eye(4))
    build(four, teacher, tmp_path / "db", splits=["train"], training_set="mine")
    assert stored(tmp_path / "db/distill/mine") == [[1, 0, 0, 0]]
    said = capsys.readouterr().out
    assert "1 faces with a descriptor of 4 numbers; 2 faces have none, 2 of 4 names" in said


def test_the_command_builds_it_and_faces_that_cannot_be_aligned_are_named(four, tmp_path):
    lines = [json.loads(line) for line in four.read_text().splitlines()]
    del lines[2]["landmarks"]
    lines[2]["smile"] = 1
    four.write_text("".join(json.dumps(line) + "\n" for line in lines))
    teacher = save(tmp_path / "t.npz", ["a.jpg#0", "b.jpg"], np.eye(2))
    given = ["distill", "--records", four, "--teacher", teacher, "--out", tmp_path / "db"]
    done = run_well(BUILD, *given)
    assert "1 faces with a descriptor" in done.stdout
    assert manifest_of(tmp_path, "db/distill")["dropped"] == {"no landmarks": 1}


BAD = {
    "not the names of the records": (["x/b.jpg"], np.eye(1), "'image'.*'x/b.jpg'.*'a.jpg'"),
    "rows for other names": (["b.jpg", "c.jpg"], np.eye(3), "'image' has 2 names.*3 rows"),
    "a name twice": (["b.jpg", "b.jpg"], np.eye(2), "'image'.*'b.jpg' 2 times"),
    "a row of NaN": (["b.jpg", "c.jpg"], [[1, 2], [3, np.nan]], "'descriptor' has 1 rows.*row 1"),
    "too large for a float": (["b.jpg", "c.jpg"], [[1], [1e300]], "finite.*row 1"),
    "one list": (["b.jpg"], [1.0], "'descriptor' must be rows"),
    "texts": (["b.jpg"], [["x"]], "'descriptor' must be rows"),
    "no numbers": (["b.jpg"], np.zeros((1, 0)), "'descriptor' must be rows"),
    "all the same": (["b.jpg", "c.jpg"], np.ones((2, 4)), "all rows of 'descriptor' are the same"),
    "numbers for names": ([1], np.eye(1), "'image' is no list of names"),
    "nothing": (np.array([], str), np.zeros((0, 4)), "'image' is no list of names"),
}


@pytest.mark.parametrize("names, rows, sentence", BAD.values(), ids=BAD)
def test_a_file_that_cannot_teach_is_refused_with_the_array(four, tmp_path, names, rows, sentence):
    teacher = save(tmp_path / "t.npz", names, rows)
    with pytest.raises(InputError, match=rf"t\.npz.*{sentence}"):
        build(four, teacher, tmp_path / "db")
    assert not (tmp_path / "db/distill").exists()


def test_files_of_another_kind_are_refused(four, tmp_path, expect_refusal):
    given = ["distill", "--records", four, "--out", tmp_path / "db"]
    expect_refusal(BUILD, given, "--teacher FILE")
    expect_refusal(BUILD, ["aligned", *given[1:], "--teacher", four], "--teacher", "leave it out")
    strange = ["--teacher", four, "--towers", "gender"]
    expect_refusal(BUILD, [*given, *strange], "distill: --towers", "leave it out")
    expect_refusal(BUILD, ["scenes", *given[1:], "--set", "x"], "scenes: --set", "leave it out")
    path = tmp_path / "t.npz"
    for content in (b"", b"PK\x03\x04 cut", four.read_bytes()):
        path.write_bytes(content)
        with pytest.raises(InputError, match="t.npz: 'image' cannot be read"):
            Teacher(str(path))
    np.savez(path, descriptor=np.eye(2))
    with pytest.raises(InputError, match="no array 'image' in it"):
        Teacher(str(path))
    np.savez(path, image=np.array(["b.jpg", None], object), descriptor=np.eye(2))
    with pytest.raises(InputError, match="'image' cannot be read"):
        Teacher(str(path))
    with open(path, "wb") as stream:
        np.save(stream, np.eye(2))
    with pytest.raises(InputError, match="t.npz: 'image' cannot be read"):
        Teacher(str(path))
    with pytest.raises(InputError, match="no such file"):
        Teacher(str(tmp_path / "gone.npz"))


def test_files_that_were_damaged_on_the_way_are_refused(tmp_path, rng):
    """Compressed or not, at any byte; those whose damage is in what is not read may be taken."""
    path, names = tmp_path / "t.npz", [f"{number}.jpg" for number in range(30)]
    refused = 0
    for save_ in (np.savez, np.savez_compressed):
        save_(path, image=names, descriptor=rng.normal(size=(30, 8)))
        whole = path.read_bytes()
        for _ in range(200):
            place = rng.integers(len(whole))
            path.write_bytes(whole[:place] + rng.bytes(1) + whole[place + 1 :])
            try:
                Teacher(str(path))
            except InputError as error:
                assert str(path) in str(error)
                refused += 1
    assert refused > 200


def test_faces_without_landmarks_ask_for_a_model_that_finds_them(four, tmp_path):
    lines = [json.loads(line) for line in four.read_text().splitlines()]
    four.write_text("".join(json.dumps(dict(image=one["image"], age=3)) + "\n" for one in lines))
    teacher = save(tmp_path / "t.npz", ["b.jpg", "c.jpg"], np.eye(2))
    with pytest.raises(InputError, match="--landmarks-from MODEL"):
        build(four, teacher, tmp_path / "db")


def test_a_part_that_is_not_there_and_records_of_nothing_are_named(four, tmp_path):
    teacher = save(tmp_path / "t.npz", ["b.jpg", "c.jpg"], np.eye(2))
    with pytest.raises(InputError, match="of the parts tests has .* its parts are train, val"):
        build(four, teacher, tmp_path / "db", splits=["tests"])
    four.write_text("")
    with pytest.raises(InputError, match=rf"{four}: is empty"):
        build(four, teacher, tmp_path / "db")
