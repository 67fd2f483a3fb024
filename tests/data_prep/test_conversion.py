"""Converting: checks, counts, and that either all files are replaced or none."""

import json
import os

import picture_files
import pytest
from PIL import Image
from reader_folders import json_lines, reasons_of, records_of, summary_of

from allinone.errors import InputError
from allinone.record import FaceRecord
from data_prep import conversion
from data_prep.reader import Dropped, Reader

POINTS = [[float(place), 2.0] for place in range(21)]


@pytest.fixture
def folder(tmp_path):
    """A folder with three pictures of 100x80."""
    for name in ("a.jpg", "b.jpg", "d.jpg"):
        Image.new("RGB", (100, 80)).save(tmp_path / name)
    return tmp_path


def test_a_summary_by_hand(folder):
    """Classes by value, numbers by decade, yaw by 30 degrees, points and people by presence."""
    some = [None] * 20 + [[1.0, 2.0]]
    rows = [
        FaceRecord("a.jpg", box=[0, 0, 9, 9], gender=0, smile=1, age=9.9, pose=[0, 0, -29.9]),
        FaceRecord("a.jpg", box=[0, 0, 9, 8], gender=1, age=10, age_sigma=3, identity=4),
        FaceRecord("a.jpg", box=[0, 0, 9, 7], gender=1, age=110, pose=[5, 5, 30], landmarks=some),
        FaceRecord("b.jpg", age=30, split="val"),
        FaceRecord("a.jpg", landmarks=POINTS, visibility=[1] * 21, pose=[0, 0, 179], split="val"),
        FaceRecord("d.jpg", split="test"),
        FaceRecord("c.jpg", box=[0, 0, 9, 9], smile=0),
        Dropped("list, line 3", "no label"),
        Dropped("list, line 4", "no label", "x"),
    ]
    expected = {
        "set": "mine",
        "rows": 9,
        "kept": 6,
        "pictures": 4,  # a, b, d, and a again, which does not stand with the others
        "dropped": {"missing picture": 1, "no label": 2},
        "missing": ["list.txt"],
        "labels": {
            "faces": {
                "none in the picture": 1,
                "with a box": 3,
                "with labels and no box": 2,
            },
            "gender": {"0": 1, "1": 2},
            "smile": {"1": 1},
            "age": {"0-9": 1, "10-19": 1, "110-119": 1, "30-39": 1},
            "|yaw|": {"0-30": 1, "30-60": 1, "90-120": 1},
            "identity": {"faces with one": 1},
            "landmarks": {"faces with some": 2},
            "split": {"test": 1, "val": 2},
        },
    }
    summary = conversion.convert(rows, str(folder), "mine", ["list.txt"])
    assert summary == expected == summary_of(folder)
    assert records_of(folder) == rows[:6]
    assert json_lines(folder / "dropped.jsonl")[1] == {
        "where": "list, line 3",
        "reason": "no label",
        "detail": "",
    }


@pytest.mark.parametrize(
    "labels, reason",
    [
        (dict(box=[0, 0, 0, 9]), "bad box"),
        (dict(box=[0, float("nan"), 5, 9]), "bad box"),
        (dict(box=[200, 0, 300, 9]), "box outside"),
        (dict(box=[0, 0, 9, 9], age=110.5), "bad age"),
        (dict(box=[0, 0, 9, 9], age=-1), "bad age"),
        (dict(box=[0, 0, 9, 9], age=float("nan")), "bad age"),
        (dict(box=[0, 0, 9, 9], age=30, age_sigma=111), "bad age sigma"),
        (dict(box=[0, 0, 9, 9], gender=2), "bad gender"),
        (dict(box=[0, 0, 9, 9], pose=[0, 0, float("inf")]), "bad pose"),
        (dict(box=[0, 0, 9, 9], landmarks=[[0, float("nan")]] + [None] * 20), "bad landmarks"),
        (dict(box=[0, 0, 9, 9], landmarks=[None] * 21, visibility=[None] * 21), None),
        (dict(box=[0, 0, 9, 9], age=110, age_sigma=0.5, gender=0), None),
        (dict(box=[-50, -50, 1, 1]), None),  # reaches into the picture
    ],
)
def test_labels_that_are_none(folder, labels, reason):
    rows = [FaceRecord("b.jpg", box=[0, 0, 5, 5]), FaceRecord("a.jpg", **labels)]
    conversion.convert(rows, str(folder), "mine")
    assert reasons_of(folder) == ([reason] if reason else [])


def side_file(*items):
    """Return a function that yields some lines of a side file."""

    def lines(folder):
        yield from items

    return lines


@pytest.mark.parametrize("kind", ["jpg", "webp", "png", "tif"])
def test_boxes_are_those_of_the_picture_as_it_is_shown(tmp_path, kind):
    """Stored 100 wide and 80 high, shown 80 wide and 100 high."""
    exif = Image.Exif()
    exif[0x0112] = 8
    Image.new("RGB", (100, 80)).save(tmp_path / f"a.{kind}", exif=exif)
    boxes = [[10, 85, 60, 98], [85, 10, 98, 60]]
    rows = [FaceRecord(f"a.{kind}", box=box) for box in boxes]
    conversion.convert(rows, str(tmp_path), "mine", [])
    assert [face.box for face in records_of(tmp_path)] == boxes[:1]
    assert reasons_of(tmp_path) == ["box outside"]


def test_a_picture_that_is_no_file_or_too_large_is_dropped(folder):
    (folder / "huge.png").write_bytes(picture_files.png_claiming(50000, 40000))
    os.mkfifo(folder / "pipe.jpg")
    names = ("huge.png", "a.jpg", "pipe.jpg", f"{'n' * 300}.jpg")
    rows = [FaceRecord(name, box=[0, 0, 9, 9]) for name in names]
    conversion.convert(rows, str(folder), "mine", [])
    assert [face.image for face in records_of(folder)] == ["a.jpg"]
    assert reasons_of(folder) == ["unreadable picture"] * 2 + ["missing picture"]


def test_side_files_are_json_lines_or_text(folder):
    sides = {"pairs.jsonl": side_file({"same": 1}, {"same": 0}), "names.txt": side_file("ä", "b")}
    conversion.convert([FaceRecord("a.jpg")], str(folder), "mine", side_files=sides)
    assert json_lines(folder / "pairs.jsonl") == [{"same": 1}, {"same": 0}]
    assert (folder / "names.txt").read_text(encoding="utf-8") == "ä\nb\n"


def broken(folder):
    """Yield a line, then find that a file is malformed."""
    yield {"same": 1}
    raise InputError("list.txt, line 2: malformed")


def test_where_a_side_file_fails_nothing_is_replaced(folder):
    conversion.convert(
        [FaceRecord("a.jpg")], str(folder), "mine", side_files={"one.jsonl": side_file({"a": 1})}
    )
    before = {path: path.read_bytes() for path in folder.iterdir()}
    sides = {"one.jsonl": side_file({"b": 2}), "two.jsonl": broken}
    with pytest.raises(InputError, match="line 2: malformed"):
        conversion.convert([FaceRecord("b.jpg")], str(folder), "mine", side_files=sides)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_rows_of_which_none_is_kept_are_an_error(folder):
    rows = [FaceRecord("c.jpg"), Dropped("d.jpg", "no label")]
    words = "none of 2 rows gives a record \\(1 missing picture, 1 no label\\); check that it holds"
    with pytest.raises(InputError, match=words):
        conversion.convert(rows, str(folder), "mine")
    with pytest.raises(InputError, match="there is no row"):
        conversion.convert([], str(folder), "mine")
    assert sorted(path.name for path in folder.iterdir()) == ["a.jpg", "b.jpg", "d.jpg"]


def test_a_file_that_cannot_be_read_is_named(folder):
    def rows(folder):
        with open(folder / "list.txt", encoding="utf-8") as lines:
            yield from lines

    with pytest.raises(InputError, match="list.txt: cannot be read"):
        conversion.convert(rows(folder), str(folder), "mine")


def test_files_that_are_needed_and_files_of_which_some_will_do(folder):
    which = Reader("mine", "Mine", ("*.jpg",), iter, any_of=("1.txt", "2.txt"))
    with pytest.raises(InputError, match="files of Mine are missing: 1.txt, 2.txt; "):
        conversion.missing_files(str(folder), which)
    (folder / "2.txt").touch()
    assert conversion.missing_files(str(folder), which) == ["1.txt"]
    for path in folder.glob("*.jpg"):
        path.unlink()
    with pytest.raises(InputError, match=r"files of Mine are missing: \*.jpg, 1.txt; "):
        conversion.missing_files(str(folder), which)


def test_a_folder_whose_name_is_a_pattern_is_read(tmp_path):
    folder = tmp_path / "set [1]*"
    folder.mkdir()
    Image.new("RGB", (100, 80)).save(folder / "25_0_1_20170116001652468.jpg")
    conversion.convert_set("utkface", str(folder))
    assert json.loads((folder / "records.jsonl").read_text())["age"] == 25


# ---- The command, as a user starts it.
def test_the_command_lists_the_sets(command):
    done = command("data_prep.convert", "--list")
    names = done.stdout.splitlines()
    assert done.returncode == 0 and names == sorted(names) and {"aflw", "wiki"} <= set(names)


def test_the_command_refuses_what_it_cannot_do(tmp_path, expect_refusal):
    expect_refusal("data_prep.convert", ["celebb"], "no reader for 'celebb'; there are adience")
    expect_refusal("data_prep.convert", [], "name a set: one of adience")
    missing = tmp_path / "nowhere"
    expect_refusal(
        "data_prep.convert", ["lfw", "--folder", missing], missing, "pairs.txt", "README.md"
    )


def test_a_table_that_was_moved_in_place_of_the_other_is_read_again(folder):
    """It is older than what was read before."""
    for name, age in (("faces.csv", 30), ("older.csv", 40)):
        (folder / name).write_text(f"image,age\na.jpg,{age}\n")
    os.utime(folder / "older.csv", (1, 1))
    conversion.convert_set("custom", str(folder))
    assert not conversion.is_outdated("custom", str(folder))
    (folder / "older.csv").replace(folder / "faces.csv")
    assert conversion.is_outdated("custom", str(folder))
    conversion.convert_set("custom", str(folder))
    assert [face.age for face in records_of(folder)] == [40]
    assert not conversion.is_outdated("custom", str(folder))
    summary = json.loads((folder / "summary.json").read_text())
    del summary["sources"]  # as of a set that was converted before there were any
    (folder / "summary.json").write_text(json.dumps(summary))
    assert not conversion.is_outdated("custom", str(folder))
