"""Where an analysis writes: never over an input or a file of somebody else, one at a time."""

import csv
import json
import os
import subprocess
import sys

import cv2
import pytest
from analysis_runs import COMMAND, faces_in
from conftest import ROOT, run_well
from skimage import data

from allinone import folders
from allinone.analysis import outputs, run
from allinone.analysis.videos import partial_of
from allinone.errors import InputError

QUICK = ["--engine", "opencv", "--smallest", "60"]


@pytest.fixture
def photos(tmp_path):
    """A folder of two pictures of one name."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("me.jpg", "me.png"):
        cv2.imwrite(str(folder / name), data.astronaut()[:220, 90:330, ::-1])
    return folder


def contents(folder):
    """Return {name: bytes} of the files in a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_originals_in_the_folder_of_the_results_stay_as_they_are(photos, tmp_path):
    before = contents(photos)
    (tmp_path / "link").symlink_to(photos)
    run_well(COMMAND, tmp_path / "link", "--out", photos, *QUICK)
    after = contents(photos)
    assert {name: after[name] for name in before} == before
    drawn = {"me-2.png", "me-3.png"}
    assert set(after) == {*before, *drawn, "faces.jsonl", "settings.json"}
    run_well(COMMAND, photos, "--out", photos, *QUICK)  # drawings are not analyzed in their turn
    assert {os.path.basename(face.image) for face in faces_in(photos)} == set(before)
    assert set(contents(photos)) == set(after)


def test_a_file_of_somebody_else_is_not_drawn_over(photos, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "me.png").write_text("mine")
    run_well(COMMAND, photos / "me.jpg", "--out", out, *QUICK)
    assert (out / "me.png").read_text() == "mine" and (out / "me-2.png").is_file()


@pytest.mark.parametrize("name", ["settings.json", "faces.jsonl", "faces.csv"])
def test_a_folder_with_other_results_is_refused(photos, tmp_path, expect_refusal, name):
    out = tmp_path / "out"
    out.mkdir()
    (out / name).write_text(json.dumps({"inputs": "of another program"}))
    before = contents(out)
    expect_refusal(COMMAND, [photos, "--out", out, *QUICK], out / name, "give another folder")
    assert contents(out) == before


def test_after_another_analysis_lines_and_table_are_its_own_and_drawings_stay(photos, tmp_path):
    out = tmp_path / "out"
    cv2.imwrite(str(photos / "you.png"), data.astronaut()[:220, 90:330, ::-1])
    run_well(COMMAND, photos / "me.jpg", "--out", out, "--csv", *QUICK)
    run_well(COMMAND, photos / "you.png", "--out", out, *QUICK)
    with open(out / "faces.csv", newline="", encoding="utf-8") as stream:
        rows = {row["image"] for row in csv.DictReader(stream)}
    assert rows == {face.image for face in faces_in(out)} == {str(photos / "you.png")}
    assert json.loads((out / "settings.json").read_text())["drawn"] == ["me.png", "you.png"]
    assert (out / "me.png").is_file() and (out / "you.png").is_file()


def test_two_analyses_of_one_folder_do_not_mix(photos, tmp_path):
    """The second waits, says so, and then gives its own results."""
    out = tmp_path / "out"
    given = [sys.executable, "-m", COMMAND, str(photos), "--out", str(out), *QUICK]
    with folders.only_one(str(out)):
        second = subprocess.Popen(given, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert f"{out}: another process is still at work" in second.stdout.readline()
        assert not out.exists()
    assert second.wait() == 0
    assert {os.path.basename(face.image) for face in faces_in(out)} == {"me.jpg", "me.png"}


class Counting(set):
    """A set that counts how often it is asked."""

    asked = 0

    def __contains__(self, item):
        self.asked += 1
        return super().__contains__(item)


def test_thousands_of_pictures_of_one_name_are_named_at_once():
    taken, numbers = Counting(), {}
    names = [outputs.drawn_name(f"{n}/x.jpg", taken, ".png", numbers) for n in range(4000)]
    assert len(set(names)) == 4000 and names[:2] == ["x.png", "x-2.png"]
    assert taken.asked < 3 * 4000


def test_a_number_finds_room_behind_a_long_name(tmp_path):
    long = "ö" * 120 + "x" * 11  # 251 bytes and its ending: as long as a name may be
    paths = [f"{number}/{long}.jpg" for number in range(3)]
    names = outputs.drawn_names(paths, [], str(tmp_path))
    assert len(set(names.values())) == 3
    for name in names.values():
        (tmp_path / name).write_text("x")
        (tmp_path / partial_of(name)).write_text("x")


@pytest.mark.parametrize("drawn", [0, {"a": 1}, [1], "a.png", None])
def test_a_list_of_drawings_that_is_none_is_refused(tmp_path, drawn):
    proof = dict(inputs=[], model_files=[], without_pictures=False)
    (tmp_path / run.SETTINGS).write_text(json.dumps({**proof, "drawn": drawn}))
    with pytest.raises(InputError, match="settings.json: 'drawn.*delete it"):
        run.drawn_before(str(tmp_path))
