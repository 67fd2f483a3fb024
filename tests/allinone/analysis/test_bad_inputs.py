"""tools.analyze on what is hostile, each among good pictures; names of files that are not UTF-8."""

import csv
import json
import os
import shutil
from unittest.mock import MagicMock

import numpy as np
import picture_files
import pytest
from analysis_runs import COMMAND, faces_in, with_model
from conftest import run, run_well

from allinone.analysis import crew, given_boxes, inputs, work
from allinone.analysis import run as analysis
from allinone.errors import InputError
from allinone.pictures import write_image
from allinone.progress import Progress

LATIN = b"caf\xe9"  # no UTF-8


@pytest.fixture
def hostile(album, tmp_path):
    """A folder of two good pictures, one between bad ones, the last with a long name."""
    folder, good = tmp_path / "in", sorted(album.glob("*.jpg"))[1]
    folder.mkdir()
    (folder / "a.png").write_bytes(picture_files.png_claiming(36000, 34000))
    os.mkfifo(folder / "b.jpg")
    shutil.copy(good, folder / "c.jpg")
    (folder / "d.jpg").symlink_to("/dev/zero")
    with open(folder / "e.jpg", "wb") as stream:
        stream.truncate(1 << 40)  # takes no room
    (folder / "f.jpg").mkdir()
    (folder / "g.jpg").symlink_to(folder / "g.jpg")
    shutil.copy(good, folder / f"{'h' * 240}.jpg")
    return folder


def test_nothing_hostile_stops_the_rest(chain, hostile, tmp_path):
    done = run(COMMAND, hostile, *with_model(chain, tmp_path / "out", "--csv"))
    assert done.returncode == 2 and "Traceback" not in done.stderr, done.stderr
    errors = {os.path.basename(face.image): face.error for face in faces_in(tmp_path / "out")}
    for name, says in (
        ("a.png", "more than 178 million pixels"),
        ("b.jpg", "no plain file"),
        ("d.jpg", "no plain file"),
        ("e.jpg", "larger than 512 MiB"),
        ("f.jpg", "no plain file"),
        ("g.jpg", "levels of symbolic links"),
    ):
        path = str(hostile / name)
        assert errors.pop(name).startswith(f"{path}: ") and says in done.stderr
        assert done.stderr.count(f"error: {path}: ") == 1
    assert set(errors.values()) == {None} and len(errors) == 2
    assert "2 analyzed, 6 could not be read" in done.stdout


def test_a_name_that_is_not_utf_8_is_kept_everywhere(chain, album, tmp_path):
    """In the lines escaped, in the table as its bytes, on the disk as it is; and read again."""
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    path = os.path.join(os.fsencode(folder), LATIN + b".jpg")
    shutil.copy(sorted(album.glob("*.jpg"))[1], path)
    run_well(COMMAND, folder, *with_model(chain, out, "--csv", "--score", "0.3"))
    text = (out / "faces.jsonl").read_bytes()
    assert rb"caf\udce9.jpg" in text and json.loads(text.splitlines()[0])
    assert LATIN + b".jpg" in (out / "faces.csv").read_bytes()
    assert LATIN + b".png" in os.listdir(os.fsencode(out))
    with open(out / "faces.csv", encoding="utf-8", errors="surrogateescape") as stream:
        assert {row["image"] for row in csv.DictReader(stream)} == {os.fsdecode(path)}
    for name in ("faces.jsonl", "faces.csv"):
        assert set(given_boxes.read(str(out / name))) == {os.fsdecode(path)}


class Finder:
    """Finds one thing in each picture, and refuses a batch with a dark one."""

    boxes = None

    def __call__(self, paths, images):
        if any(image.max() == 0 for image in images):
            raise InputError("no light")
        return [[path] for path in paths]


def test_a_picture_that_cannot_be_analyzed_stops_no_other_of_its_batch(capsys):
    images = {str(number): np.full((4, 4, 3), number, np.uint8) for number in range(3)}
    refused = {}
    assert work._found(Finder(), images, refused) == {"1": ["1"], "2": ["2"]}
    assert refused == {"0": "0: no light"}
    done = [work.Done("", refused.get(path, "")) for path in images]
    crew.write_down([done], MagicMock(), Progress("pictures", 3))
    said = capsys.readouterr().err
    assert "error: 0: no light" in said and said.count("error: ") == 1


def test_a_box_beside_its_picture_is_a_line_and_what_fits_nothing_is_said(chain, album, tmp_path):
    one, other, third, *_ = sorted(album.glob("*.jpg"))
    boxes = tmp_path / "boxes.csv"
    rows = [f"{one},5,5,60,60", f"{other},5000,5,5060,60", "elsewhere.jpg,1,2,30,40"]
    boxes.write_text("\n".join(["image,x1,y1,x2,y2", *rows]) + "\n")
    given = with_model(chain, tmp_path / "out", "--boxes", boxes, "--without-pictures")
    done = run(COMMAND, one, other, third, *given)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    faces = {face.image: face for face in faces_in(tmp_path / "out")}
    assert faces[str(one)].box == [5, 5, 60, 60] and faces[str(third)].box is None
    assert f"{other}: boxes: [5000, 5, 5060, 60] has no part in" in faces[str(other)].error
    assert "names 1 pictures that are not analyzed, such as " in done.stderr
    assert f"has no line of 1 pictures, such as {third}" in done.stderr


def test_a_long_name_can_be_analyzed_again(chain, album, tmp_path):
    long = tmp_path / f"{'n' * 250}.jpg"
    shutil.copy(sorted(album.glob("*.jpg"))[0], long)
    again = [COMMAND, long, *with_model(chain, tmp_path / "out")]
    run_well(*again)
    lines = (tmp_path / "out" / analysis.LINES).read_bytes()
    run_well(*again)
    assert (tmp_path / "out" / analysis.LINES).read_bytes() == lines


def test_no_number_of_a_camera_stops_the_rest(chain, album, tmp_path):
    good = sorted(album.glob("*.jpg"))[0]
    done = run(COMMAND, "9" * 20, good, *with_model(chain, tmp_path / "out"))
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert f"error: {'9' * 20}: no such file" in done.stderr
    assert "1 analyzed, 1 could not be read" in done.stdout


def test_a_picture_that_is_given_twice_is_analyzed_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_image(str(tmp_path / "b.png"), np.zeros((3, 3, 3), np.uint8))
    write_image(str(tmp_path / "a.png"), np.zeros((3, 3, 3), np.uint8))
    given = ["./b.png", "b.png", str(tmp_path / "b.png"), ".", "a.png"]
    assert inputs.expand(given) == (["./b.png", "./a.png"], [])
