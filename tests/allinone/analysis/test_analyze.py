"""tools.analyze, started as a user does; what a stopped run leaves, in the process."""

import csv
import dataclasses
import json
import os
import shutil

import cv2
import numpy as np
import pytest
from analysis_runs import COMMAND, faces_in, with_model
from conftest import run, run_well
from model_copies import seal
from skimage import data

from allinone import FaceAnalyzer, landmarks
from allinone.analysis import crew, inputs, outputs, table, work
from allinone.analysis import run as analysis
from allinone.errors import InputError


@pytest.fixture(scope="module")
def astronaut(tmp_path_factory):
    """Head and shoulders: quicker than the whole photograph."""
    path = tmp_path_factory.mktemp("photo") / "astronaut.png"
    cv2.imwrite(str(path), cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR)[:220, 90:330])
    return path


def test_a_real_photograph_runs_through(chain, tmp_path, astronaut):
    run_well(COMMAND, astronaut, *with_model(chain, tmp_path / "out", "--score", "0"))
    drawn = cv2.imread(str(tmp_path / "out" / "astronaut.png"))
    assert drawn.shape[0] >= 220 and drawn.shape[1] >= 240  # captions may stand beside it
    found = [face for face in faces_in(tmp_path / "out") if face.box]
    assert found and [face.number for face in found] == list(range(1, len(found) + 1))
    for face in found:
        assert face.image == str(astronaut) and len(face.landmarks) == len(landmarks.NAMES)
        assert 0 <= face.score <= 1 and 0 <= face.smile <= 1 and 0 <= face.gender <= 1


def test_one_bad_picture_does_not_stop_the_others(chain, tmp_path, astronaut):
    folder = tmp_path / "pictures"
    folder.mkdir()
    shutil.copy(astronaut, folder / "b.png")
    (folder / "a.jpg").write_text("no picture")
    (folder / "notes.txt").write_text("not looked at")
    done = run(COMMAND, folder, *with_model(chain, tmp_path / "out"))
    assert done.returncode == 2 and "Traceback" not in done.stderr
    first = faces_in(tmp_path / "out")[0]
    assert first.image.endswith("a.jpg") and "no picture" in first.error
    assert (tmp_path / "out" / "b.png").exists()
    assert "1 analyzed, 1 could not be read" in done.stdout


def test_pictures_of_the_same_name_do_not_overwrite_each_other():
    paths = ["a/x.jpg", "b/x.png", "b/y.png"]
    names = outputs.drawn_names(paths, [], "no/such/folder")
    assert names == dict(zip(paths, ("x.png", "x-2.png", "y.png")))


def test_what_is_missing_is_named(chain, tmp_path, astronaut, expect_refusal):
    base = [astronaut, "--out", tmp_path / "out", "--model"]
    none = tmp_path / "none"
    expect_refusal(COMMAND, [*base, none], none / "model.json", "give the folder of a fused model")
    broken = tmp_path / "broken"
    shutil.copytree(chain / "model", broken)
    (broken / "allinone.caffemodel").write_bytes(b"\x0a\xff")
    expect_refusal(COMMAND, [*base, broken], "allinone.caffemodel", "sha256 differs")
    empty = tmp_path / "empty"
    empty.mkdir()
    nothing = f"{empty}: no picture in this folder (looked for .jpg, .jpeg, .png,"
    expect_refusal(COMMAND, [empty, *with_model(chain, tmp_path / "out")], nothing)
    sizes = ["--proposals", "selective-search", "--smallest", "40"]
    expect_refusal(COMMAND, [*base, none, *sizes], "--smallest: --proposals selective-search")
    gpu = with_model(chain, tmp_path / "out", "--gpu", "99")
    expect_refusal(COMMAND, [astronaut, *gpu], "GPU=99")
    nothing = with_model(chain, tmp_path / "out", "--boxes", tmp_path / "no.jsonl")
    expect_refusal(COMMAND, [astronaut, *nothing], "no.jsonl", "no such file of boxes")


def test_a_model_whose_weights_belong_to_another_net_is_refused(chain, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(chain / "model", broken)
    shutil.copy("prototxt/paper/deploy.prototxt", broken)
    seal(broken)
    with pytest.raises(InputError, match="allinone.caffemodel.*another net or profile"):
        FaceAnalyzer(str(broken), "caffe")


def test_pictures_together_are_as_pictures_alone(chain, album, tmp_path):
    more = ["--score", "0.3", "--descriptor", "--csv"]
    for batch in ("1", "4"):
        given = with_model(chain, tmp_path / batch, *more, "--batch", batch)
        run_well(COMMAND, album / "*.jpg", *given)
    one, many = faces_in(tmp_path / "1"), faces_in(tmp_path / "4")
    assert len(one) == len(many)
    assert {face.image for face in one} == {str(path) for path in album.iterdir()}
    assert any(face.box for face in one)
    for first, second in zip(one, many):
        assert first.image == second.image and (first.box is None) == (second.box is None)
        if first.box:
            np.testing.assert_allclose(second.box, first.box, atol=0.1)
            np.testing.assert_allclose(second.descriptor, first.descriptor, atol=0.01)


def test_the_table_says_what_the_lines_say(chain, album, tmp_path):
    run_well(COMMAND, album, *with_model(chain, tmp_path, "--score", "0.3", "--csv"))
    with open(tmp_path / "faces.csv", newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    lines = faces_in(tmp_path)
    assert len(rows) == len(lines) and any(face.box for face in lines)
    for row, face in zip(rows, lines):
        assert row["image"] == face.image
        assert row["number"] == ("" if face.number is None else str(face.number))
        if face.box is None:
            assert row["x1"] == row["age"] == row["NoseCenter_x"] == ""
            continue
        assert [float(row[edge]) for edge in table.EDGES] == face.box
        assert [float(row[angle]) for angle in ("roll", "pitch", "yaw")] == face.pose
        nose = landmarks.NAMES.index("NoseCenter")
        assert [float(row["NoseCenter_x"]), float(row["NoseCenter_y"])] == face.landmarks[nose]
        assert float(row["NoseCenter_visibility"]) == face.visibility[nose]
        assert float(row["gender"]) == face.gender and float(row["age"]) == face.age


@pytest.fixture
def settings(chain, album, tmp_path):
    return analysis.Settings(
        [str(album)], str(tmp_path / "out"), str(chain / "model"), score=0.3, batch=1
    )


def test_a_run_that_was_stopped_goes_on_where_it_was(settings, tmp_path, monkeypatch):
    whole = dataclasses.replace(settings, out=str(tmp_path / "whole"))
    analysis.run(whole)
    monkeypatch.setattr(crew, "elsewhere", lambda do, items, *_: zip(items, do(items)))
    read, seen = work.read_image, []

    def interrupted(path):
        if len(seen) == 2:
            raise KeyboardInterrupt
        seen.append(path)
        return read(path)

    def counted(path):
        seen.append(path)
        return read(path)

    monkeypatch.setattr(work, "read_image", interrupted)
    with pytest.raises(KeyboardInterrupt):
        analysis.run(settings)
    out = tmp_path / "out"
    assert not (out / "faces.jsonl").exists()
    with open(out / "faces.jsonl.partial", "a", encoding="utf-8") as stream:
        stream.write('{"image": "torn')  # as if it had been killed while it wrote
    monkeypatch.setattr(work, "read_image", counted)
    analysis.run(settings)
    assert len(seen) == 2 + 2  # the torn one again
    assert (out / "faces.jsonl").read_bytes() == (tmp_path / "whole/faces.jsonl").read_bytes()


@pytest.fixture
def unfinished(settings):
    """What a stopped run has left of two pictures, and all that its bytes depend on."""
    pictures, videos = inputs.expand(settings.inputs)
    about = analysis.begun_with(settings, [{"allinone.caffemodel": "1"}], [*pictures, *videos])
    with analysis.go_on(settings, about, 4) as growing:
        for name in ("a", "b"):
            growing.write(f'{{"image": "{name}"}}\n')
            growing.end_item()
    return about


def test_a_stopped_run_of_other_files_or_options_starts_anew(settings, unfinished, tmp_path):
    assert analysis.go_on(settings, unfinished, 4).done == 2
    (tmp_path / "boxes.jsonl").write_text("")
    pictures, _ = inputs.expand(settings.inputs)
    one = [{"allinone.caffemodel": "1"}]
    begun = analysis.begun_with
    others = [
        begun(settings, [{"allinone.caffemodel": "2"}], pictures),
        begun(settings, one, pictures[:-1]),
        begun(settings, one, pictures[::-1]),
        begun(dataclasses.replace(settings, engine="opencv"), one, pictures),
        begun(dataclasses.replace(settings, boxes=str(tmp_path / "boxes.jsonl")), one, pictures),
        begun(dataclasses.replace(settings, batch=2), one, pictures),
        begun(dataclasses.replace(settings, start=1.0), one, pictures),
    ]
    for same in (dict(csv=True), dict(workers=7), dict(workers="tcp://host:1")):
        assert begun(dataclasses.replace(settings, **same), one, pictures) == unfinished
    os.utime(pictures[0], (1, 1))
    others.append(begun(settings, one, pictures))
    for other in others:
        left = dict(unfinished)
        assert other != left
        shutil.rmtree(settings.out)
        with analysis.go_on(settings, left, 4) as growing:
            growing.write("x\n")
            growing.end_item()
        assert analysis.go_on(settings, other, 4).done == 0


def test_pictures_that_share_a_call_are_done_again_together(settings, unfinished):
    three = dataclasses.replace(settings, batch=3)
    for done, pictures, kept in ((4, 7, 3), (3, 7, 3), (2, 7, 0), (4, 4, 4)):
        shutil.rmtree(three.out)
        with analysis.go_on(three, unfinished, pictures) as growing:
            for number in range(done):
                growing.write(f"{number}\n")
                growing.end_item()
        assert analysis.go_on(three, unfinished, pictures).done == kept
        with open(os.path.join(three.out, analysis.PARTIAL)) as stream:
            assert stream.read() == "".join(f"{number}\n" for number in range(kept))


@pytest.mark.parametrize("name", [analysis.PARTIAL, f"{analysis.PARTIAL}.items"])
def test_a_damaged_rest_of_a_stopped_run_is_done_again(settings, unfinished, name):
    path = os.path.join(settings.out, name)
    with open(path, "rb") as stream:
        data = stream.read()
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 4
        with open(path, "wb") as stream:
            stream.write(changed)
        assert analysis.go_on(settings, unfinished, 4).done < 2
        shutil.rmtree(settings.out)
        with analysis.go_on(settings, unfinished, 4) as growing:
            for one in ("a", "b"):
                growing.write(f'{{"image": "{one}"}}\n')
                growing.end_item()


def test_inputs_are_sorted_into_pictures_and_videos(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("b.jpg", "a.PNG", "c.mp4", "7"):
        (tmp_path / name).write_text("")
    assert inputs.expand(["."]) == (["./a.PNG", "./b.jpg"], [])
    assert inputs.expand(["*.mp4", "0", "7"]) == (["7"], ["c.mp4", "0"])  # 7 is a file here
    assert inputs.expand(["b.jpg", "*.jpg", "b.jpg"]) == (["b.jpg"], [])
    assert inputs.expand(["9" * 20]) == (["9" * 20], [])  # larger than the number of any camera
    with pytest.raises(InputError, match="no file fits this pattern"):
        inputs.expand(["*.gif"])


def test_descriptors_come_as_they_are_or_at_length_one(chain, album, tmp_path):
    path, norms = sorted(album.glob("*.jpg"))[1], {}
    boxes = tmp_path / "boxes.jsonl"
    boxes.write_text(json.dumps(dict(image=str(path), box=[10, 10, 60, 70])) + "\n")
    for form in ("raw", "unit"):
        more = ["--boxes", boxes, "--descriptor", form, "--without-pictures"]
        run_well(COMMAND, path, *with_model(chain, tmp_path / form, *more))
        norms[form] = np.linalg.norm(faces_in(tmp_path / form)[0].descriptor)
    assert norms["unit"] == pytest.approx(1, abs=1e-4) and abs(norms["raw"] - 1) > 0.01
    assert sorted(path.name for path in (tmp_path / "raw").iterdir()) == [
        "faces.jsonl",
        "settings.json",
    ]
