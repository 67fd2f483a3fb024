"""Sets of one's own: every label that the table of tasks has, in columns or in JSON lines."""

import shutil

import numpy as np
import pytest
from PIL import Image
from reader_folders import json_lines, reasons_of, records_of, summary_of

from allinone import record
from allinone.errors import InputError
from data_prep import conversion, parts
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
    changed(folder, 1, age="inf")
    changed(folder, 2, age="-3")
    changed(folder, 3, age="111")
    changed(folder, 4, x2=field(folder, 4, "x1"))
    changed(folder, 5, gender="x")
    changed(folder, 6, x1="9000", x2="9100")
    changed(folder, 7, yaw="inf")
    changed(folder, 8, image="images/none.jpg")
    changed(folder, 12, image="images/fäce ü.jpg")
    changed(folder, 13, nosecenter_x="inf")
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
        "there twice",  # beside the other row of its picture
        "unreadable picture",
        "bad landmarks",
        "a field does not fit",
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
    labels = dict(age=31.5, age_sigma=2.0, identity=1, name="Zoë")
    expected = record.FaceRecord("a.jpg", **labels, split="val")
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
    found = records_of(folder)
    assert {face.split for face in found} <= {"train", "val", "test"}
    for face in found:
        face.split = None  # which the drawn set does not name
    assert found == truth


def written(tmp_path, text):
    """Convert a faces.csv of eight pictures; return (its records, by picture; its summary)."""
    for name in "abcdefgh":
        Image.new("RGB", (40, 40)).save(tmp_path / f"{name}.jpg")
    (tmp_path / "faces.csv").write_text(text, encoding="utf-8")
    conversion.convert_set("custom", str(tmp_path))
    return {face.image: face for face in records_of(tmp_path)}, summary_of(tmp_path)


def test_a_table_as_pandas_writes_it(tmp_path):
    """Its index, numbers with .0, words for yes and no, and what it writes for no value."""
    rows = (
        "0,a.jpg,1.0,male,31.0,12.0,train",
        "1,b.jpg,0.0,female,nan,12.0,train",
        "2,c.jpg,yes,,None,None,val",
        "3,d.jpg,no,1.0,NaN,nan,test",
        "4,e.jpg,True,0.0,<NA>,Nan Goldin,train",
        "5,f.jpg,False,F,,,train",
        "6,g.jpg,nan,NaN,,,train",
        "7,h.jpg,maybe,NaN,,,train",
    )
    head = ",image,smile,gender,age,identity,split"
    found, summary = written(tmp_path, "\n".join([head, *rows]) + "\n")
    labels = {name[0]: (one.smile, one.gender, one.age, one.name) for name, one in found.items()}
    assert labels == dict(
        a=(1, 0, 31.0, "12"),
        b=(0, 1, None, "12"),
        c=(1, None, None, None),
        d=(0, 1, None, None),
        e=(1, 0, None, "Nan Goldin"),
        f=(0, 1, None, None),
        g=(None, None, None, None),
    )
    assert found["a.jpg"].identity == found["b.jpg"].identity != found["e.jpg"].identity
    assert summary["dropped"] == {"a field does not fit": 1}
    assert summary["labels"]["faces"] == {"none in the picture": 1, "with labels and no box": 6}


def test_what_other_programs_write_for_no_value_is_none(tmp_path):
    """R and Excel: a label that is not there, no person of that name, and no lost row."""
    words = ("NA", "#N/A", "null", "n/a", "NULL")
    rows = [
        f"{name}.jpg,{word},{word},{30 + n}" for n, (name, word) in enumerate(zip("abcde", words))
    ]
    found, summary = written(tmp_path, "\n".join(["image,identity,gender,age", *rows]) + "\n")
    assert [(one.identity, one.name, one.gender) for one in found.values()] == (
        [(None, None, None)] * len(words)
    )
    assert [one.age for one in found.values()] == [30, 31, 32, 33, 34]
    assert summary["dropped"] == {}


def test_a_picture_spelt_otherwise_is_the_same_and_in_one_part(tmp_path, capsys):
    """What is tested on is not learnt from under another name; separators of Windows are some."""
    text = (
        "image,x1,y1,x2,y2,split\n"
        "in/a.jpg,1,1,9,9,train\n./in//a.jpg,10,10,20,20,test\nin\\b.jpg,1,1,9,9,train\n"
    )
    (tmp_path / "in").mkdir()
    for name in "ab":
        Image.new("RGB", (64, 64)).save(tmp_path / "in" / f"{name}.jpg")
    (tmp_path / "faces.csv").write_text(text)
    conversion.convert_set("custom", str(tmp_path))
    found = [(face.image, face.split) for face in records_of(tmp_path)]
    assert found[:2] == [("in/a.jpg", "test")] * 2 and found[2][0] == "in/b.jpg"
    assert "with faces of several parts, now in the last of them: 1" in capsys.readouterr().out


@pytest.mark.parametrize(
    "header, said",
    [
        ("image,gender,age,Gender", "several columns are called 'gender'"),
        ("image;gender;age", "parted by ';', not by ','"),
        ("image\tgender", r"parted by '\\t', not by ','"),
    ],
)
def test_a_header_that_would_lose_labels_is_refused(tmp_path, header, said):
    (tmp_path / "faces.csv").write_text(header + "\na.jpg,m,3,f\n")
    with pytest.raises(InputError, match=said):
        conversion.convert_set("custom", str(tmp_path))


def test_parts_are_honoured_and_the_validation_part_is_made_of_what_is_learnt_from(tmp_path):
    people = [
        f"{name}.jpg,{1 + 9 * number},{'test' if name < 'c' else 'train'}"
        for number, name in enumerate("abcdefgh")
    ]
    found, _ = written(tmp_path, "image,age,split\n" + "\n".join(people) + "\n")
    assert {found[f"{name}.jpg"].split for name in "ab"} == {"test"}
    assert {found[f"{name}.jpg"].split for name in "cdefgh"} <= {"train", "val"}


def test_a_word_that_is_no_part_is_named(tmp_path):
    found, summary = written(tmp_path, "image,age,split\na.jpg,1,Training\nb.jpg,2,fold_1\n")
    assert [face.split for face in found.values()] in (["train"], ["val"])
    (line,) = json_lines(tmp_path / "dropped.jsonl")
    assert line["detail"] == "split must be one of train, val, test, is 'fold_1'"


def test_without_parts_whole_people_are_chosen_by_a_seed():
    def parted(count, people):
        faces = []
        for number in range(count):
            who = dict(identity=number // 3, name=f"p{number // 3}") if people else {}
            faces.append(record.FaceRecord(f"{number}.jpg", **who))
        return parts.fill([[face] for face in faces]), faces

    for people in (True, False):
        made, faces = parted(90, people)
        assert made == "no part is named; pictures chosen by a seed: 18 test, 9 val"
        assert faces == parted(90, people)[1]  # the same again
    splits = {}
    for face in parted(90, True)[1]:
        splits.setdefault(face.name, set()).add(face.split)
    assert all(len(some) == 1 for some in splits.values())
    made, faces = parted(20, True)  # seven people are too few
    assert made.endswith("4 test, 2 val")


def test_rows_of_a_picture_are_brought_together(tmp_path, capsys):
    """Two faces without a box are two faces; one in train and test is told."""
    text = (
        "image,x1,y1,x2,y2,age,identity,split\n"
        "a.jpg,1,1,9,9,10,Ann,train\nb.jpg,,,,,20,Ann,test\na.jpg,20,20,30,30,30,Bob,train\n"
        "b.jpg,,,,,40,Cid,test\n"
    )
    written(tmp_path, text)
    assert [face.image[0] for face in records_of(tmp_path)] == ["a", "a", "b", "b"]
    assert "people in train and in test, whom the figure of identity flatters: 1" in (
        capsys.readouterr().out
    )


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
