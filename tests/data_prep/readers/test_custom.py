"""Sets of one's own: every label that the table of tasks has, in columns or in JSON lines."""

import shutil

import numpy as np
import pytest
from reader_folders import reasons_of, records_of, summary_of

from allinone import record
from allinone.errors import InputError
from data_prep import conversion
from data_prep.readers import custom


def test_every_label_of_the_table(portraits):
    people = {}
    for face, truth in portraits("custom"):
        assert (face.gender, face.smile) == (truth.gender, truth.smile)
        assert people.setdefault(truth.identity, face.identity) == face.identity
        assert face.visibility == truth.visibility
        for name in ("box", "pose", "age", "landmarks"):
            np.testing.assert_allclose(getattr(face, name), getattr(truth, name), atol=1e-6)
    assert len(set(people.values())) == len(people)


def changed(folder, number, **fields):
    """Set fields of a line of faces.csv, counted from 1 after the header."""
    path = folder / "faces.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    place, row = lines[0].split(",").index, lines[number].split(",")
    for column, text in fields.items():
        row[place(column)] = text
    lines[number] = ",".join(row)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def field(folder, number, column):
    lines = (folder / "faces.csv").read_text(encoding="utf-8").splitlines()
    return lines[number].split(",")[lines[0].split(",").index(column)]


def test_bad_rows_are_named_and_the_rest_is_kept(laid_out):
    folder = laid_out("custom")
    images = folder / "images"
    shutil.copy(images / "000011.jpg", images / "fäce ü.jpg")
    (images / "000010.jpg").write_bytes(b"no picture")  # of line 11
    changed(folder, 1, age="nan")
    changed(folder, 2, age="-3")
    changed(folder, 3, age="111")
    changed(folder, 4, x2=field(folder, 4, "x1"))
    changed(folder, 5, gender="x")
    changed(folder, 6, x1="9000", x2="9100")
    changed(folder, 7, yaw="inf")
    changed(folder, 8, image="images/none.jpg")
    changed(folder, 12, image="images/fäce ü.jpg")
    changed(folder, 13, nosecenter_x="nan")
    changed(folder, 14, nosecenter_x="")
    lines = (folder / "faces.csv").read_text(encoding="utf-8").splitlines()
    lines += [lines[10], "images/000001.jpg,1"]  # there twice; cut short
    (folder / "faces.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    conversion.convert_set("custom", str(folder))
    assert reasons_of(folder) == [
        "bad age",
        "bad age",
        "bad age",
        "bad box",
        "a field does not fit",
        "box outside",
        "bad pose",
        "missing picture",
        "unreadable picture",
        "bad landmarks",
        "a field does not fit",
        "there twice",
        "wrong number of fields",
    ]
    summary = summary_of(folder)
    assert (summary["rows"], summary["kept"]) == (32, 19)
    assert sum(summary["dropped"].values()) == 13
    assert "images/fäce ü.jpg" in {face.image for face in records_of(folder)}


def test_a_class_may_be_a_number_or_a_word():
    def gender(text):
        return custom.face({"image": "a.jpg", "gender": text}, {}).gender

    assert [gender(text) for text in ("0", "m", "Male", "")] == [0, 0, 0, None]
    assert [gender(text) for text in ("1", "F", "female")] == [1, 1, 1]
    assert custom.face({"image": "a.jpg", "smile": "no smile"}, {}).smile == 0
    with pytest.raises(ValueError, match="gender must be one of 0, 1, male, female, m, f, is '2'"):
        gender("2")


def test_some_labels_alone():
    row = {"image": "a.jpg", "age": "31.5", "age_sigma": "2", "identity": "Zoë", "split": "val"}
    expected = record.FaceRecord("a.jpg", age=31.5, age_sigma=2.0, identity=1, split="val")
    assert custom.face(row, {"Max": 0}) == expected
    row = {"image": "a.jpg", "nosecenter_visibility": "0", "chincenter_visibility": "1"}
    face = custom.face(row, {})
    assert [place for place, seen in enumerate(face.visibility) if seen is not None] == [14, 20]
    assert (face.visibility[14], face.visibility[20], face.landmarks) == (0, 1, None)


def test_a_column_that_is_no_label_is_refused(laid_out):
    folder = laid_out("custom")
    text = (folder / "faces.csv").read_text()
    (folder / "faces.csv").write_text(text.replace("smile", "smlie", 1))
    words = (
        "unknown column smlie; known are image, split, x1, y1, x2, y2, roll, pitch, yaw, smile, "
        "gender, age, age_sigma, identity and <landmark>_x, <landmark>_y, <landmark>_visibility"
    )
    with pytest.raises(InputError, match=words):
        conversion.convert_set("custom", str(folder))


def test_lines_of_json(drawn, tmp_path):
    source, truth = drawn["portraits"]
    folder = tmp_path / "mine"
    shutil.copytree(source, folder)
    (folder / "records.jsonl").rename(folder / "faces.jsonl")
    conversion.convert_set("custom", str(folder))
    assert records_of(folder) == truth


def test_a_row_in_another_encoding_is_named_too(laid_out):
    folder = laid_out("custom")
    with open(folder / "faces.csv", "ab") as stream:
        stream.write("images/f\u00e4ce.jpg,1\n".encode("latin-1"))
    conversion.convert_set("custom", str(folder))
    assert reasons_of(folder) == ["wrong number of fields"]
    commas = (folder / "faces.csv").read_bytes().split(b"\n")[0].count(b",")
    with open(folder / "faces.csv", "ab") as stream:
        stream.write(("images/f\u00e4ce.jpg" + "," * commas + "\n").encode("latin-1"))
    conversion.convert_set("custom", str(folder))
    assert reasons_of(folder) == ["wrong number of fields", "missing picture"]
