"""tools.analyze, started as a user does; what a stopped run leaves, in the process."""

import csv
import dataclasses
import json
import shutil

import cv2
import numpy as np
import pytest
from conftest import run, run_well
from skimage import data

from allinone import FaceAnalyzer, files, landmarks, record
from allinone.errors import InputError
from tools.analysis import given_boxes, inputs, outputs, table
from tools.analysis import run as analysis

COMMAND = "tools.analyze"


@pytest.fixture(scope="module")
def astronaut(tmp_path_factory):
    """Head and shoulders: quicker than the whole photograph."""
    path = tmp_path_factory.mktemp("photo") / "astronaut.png"
    cv2.imwrite(str(path), cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR)[:220, 90:330])
    return path


@pytest.fixture(scope="module")
def album(chain, tmp_path_factory):
    """A folder of four drawn scenes; with a least score of 0.3 something is found in some."""
    folder = tmp_path_factory.mktemp("album")
    for number in range(4):
        shutil.copy(chain / "scenes" / "images" / f"{number:06d}.jpg", folder)
    return folder


def with_model(chain, out, *more):
    return ["--model", chain / "model", "--out", out, *more]


def faces_in(folder):
    return list(record.read_results(str(folder / "faces.jsonl")))


def test_a_real_photograph_runs_through(chain, tmp_path, astronaut):
    run_well(COMMAND, astronaut, *with_model(chain, tmp_path / "out", "--score", "0"))
    assert cv2.imread(str(tmp_path / "out" / "astronaut.png")).shape == (220, 240, 3)
    found = [face for face in faces_in(tmp_path / "out") if face.box]
    assert found
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
    taken = set()
    names = [outputs.drawn_name(path, taken) for path in ("a/x.jpg", "b/x.png", "b/y.png")]
    assert names == ["x.png", "x-2.png", "y.png"]


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
    expect_refusal(COMMAND, [empty, *with_model(chain, tmp_path / "out")], empty, "no picture")
    gpu = with_model(chain, tmp_path / "out", "--gpu", "99")
    expect_refusal(COMMAND, [astronaut, *gpu], "GPU=99")
    nothing = with_model(chain, tmp_path / "out", "--boxes", tmp_path / "no.jsonl")
    expect_refusal(COMMAND, [astronaut, *nothing], "no.jsonl", "no such file of boxes")


def test_a_model_whose_weights_belong_to_another_net_is_refused(chain, tmp_path):
    from allinone import model

    broken = tmp_path / "broken"
    shutil.copytree(chain / "model", broken)
    shutil.copy("prototxt/paper/deploy.prototxt", broken)
    model.add_file(str(broken), "deploy.prototxt")
    with pytest.raises(InputError, match="allinone.caffemodel.*another net or profile"):
        FaceAnalyzer(str(broken))


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
    read, seen = files.read_image, []

    def interrupted(path):
        if len(seen) == 2:
            raise KeyboardInterrupt
        seen.append(path)
        return read(path)

    def counted(path):
        seen.append(path)
        return read(path)

    monkeypatch.setattr(files, "read_image", interrupted)
    with pytest.raises(KeyboardInterrupt):
        analysis.run(settings)
    out = tmp_path / "out"
    assert not (out / "faces.jsonl").exists()
    with open(out / "faces.jsonl.partial", "a", encoding="utf-8") as stream:
        stream.write('{"image": "torn')  # as if it had been killed while it wrote
    monkeypatch.setattr(files, "read_image", counted)
    analysis.run(settings)
    assert len(seen) == 2 + 3  # the last one again: lines of it may be missing
    assert (out / "faces.jsonl").read_bytes() == (tmp_path / "whole/faces.jsonl").read_bytes()


def test_a_stopped_run_of_another_model_starts_anew(settings):
    files_of_one, files_of_other = {"allinone.caffemodel": "1"}, {"allinone.caffemodel": "2"}
    partial = analysis.prepare(settings, files_of_one)
    open(partial, "w").close()
    assert analysis.prepare(settings, files_of_one) == partial
    assert len(outputs.done_before(partial)) == 0 and open(partial).read() == ""
    analysis.prepare(settings, files_of_other)
    with pytest.raises(FileNotFoundError):
        open(partial)


BOXES = ([10, 10, 60, 70], [50, 40, 90, 90])


def boxes_as(form, album, name):
    """Write BOXES of a picture of the album in one of the forms that --boxes takes."""
    path = album / ("boxes.csv" if form == "csv" else "boxes.jsonl")
    if form == "csv":
        rows = [f"{name},{','.join(map(str, box))},0.9\n" for box in BOXES]
        path.write_text("image,x1,y1,x2,y2,confidence\n" + "".join(rows))
    else:
        extra = {"score": 0.9, "detector": "mine"} if form == "foreign" else {}
        rows = [json.dumps(dict(image=name, box=box, **extra)) + "\n" for box in BOXES]
        path.write_text("".join(rows))
    return path


@pytest.mark.parametrize("form", ["plain", "foreign", "csv"])
def test_given_boxes_are_described_in_their_pictures(chain, album, tmp_path, form):
    name = sorted(path.name for path in album.glob("*.jpg"))[1]
    path = boxes_as(form, album, name)
    run_well(COMMAND, album, *with_model(chain, tmp_path, "--boxes", path))
    path.unlink()
    described = [face for face in faces_in(tmp_path) if face.box]
    assert [face.box for face in described] == list(map(list, BOXES))
    assert all(face.image.endswith(name) and face.age is not None for face in described)


def test_its_own_results_are_boxes_again(chain, album, tmp_path):
    """What the kit writes, the kit takes: the same faces in the same boxes."""
    run_well(COMMAND, album, *with_model(chain, tmp_path / "one", "--score", "0.3"))
    lines = tmp_path / "one" / "faces.jsonl"
    run_well(COMMAND, album, *with_model(chain, tmp_path / "two", "--boxes", lines))
    one, two = faces_in(tmp_path / "one"), faces_in(tmp_path / "two")
    assert [(face.image, face.box) for face in two] == [(face.image, face.box) for face in one]
    assert any(face.box for face in one)


@pytest.mark.parametrize(
    "name, text, says",
    [
        ("b.csv", "image,x1,y1,x2\n", "no column y2"),
        ("b.csv", "image,x1,y1,x2,y2\na.jpg,1,2,3,four\n", "line 2: x1, y1, x2, y2 must be"),
        ("b.csv", "image,x1,y1,x2,y2\na.jpg,9,2,3,4\n", "line 2: x1, y1, x2, y2 must be"),
        ("b.jsonl", '{"box": [1, 2, 3, 4]}\n', "line 1: Object missing required field image"),
        ("b.jsonl", '{"image": "a", "box": [1, 2, 3]}\n', "line 1: 'box'"),
        ("b.txt", "a.jpg 1 2 3 4\n", "line 1: not JSON"),
    ],
)
def test_a_file_that_holds_no_boxes_is_refused(tmp_path, name, text, says):
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError) as error:
        given_boxes.read(str(tmp_path / name))
    assert str(tmp_path / name) in str(error.value) and says in str(error.value)


def test_a_picture_without_faces_has_no_boxes_in_a_csv(tmp_path):
    (tmp_path / "b.csv").write_text("image,x1,y1,x2,y2\na.jpg,,,,\n")
    assert list(given_boxes.read(str(tmp_path / "b.csv")).values()) == [[]]


def film(path, album):
    code = cv2.VideoWriter_fourcc(*"MJPG")
    writer = cv2.VideoWriter(str(path), code, 10, (240, 200))
    for picture in sorted(album.glob("*.jpg")):
        writer.write(cv2.resize(cv2.imread(str(picture)), (240, 200)))
    writer.release()


def test_a_video_is_analyzed_frame_by_frame(chain, album, tmp_path):
    film(tmp_path / "film.avi", album)
    run_well(COMMAND, tmp_path / "film.avi", *with_model(chain, tmp_path / "out", "--every", "2"))
    lines = faces_in(tmp_path / "out")
    assert {line.frame for line in lines} == {0, 2}
    assert {line.time for line in lines} == {0.0, 0.2}
    drawn = cv2.VideoCapture(str(tmp_path / "out" / "film.mp4"))
    assert drawn.get(cv2.CAP_PROP_FRAME_COUNT) == 2 and drawn.get(cv2.CAP_PROP_FRAME_WIDTH) == 240


def test_a_torn_video_does_not_stop_the_others(chain, album, tmp_path):
    film(tmp_path / "film.avi", album)
    (tmp_path / "a_torn.mp4").write_bytes(b"no video")
    given = [tmp_path / "a_torn.mp4", tmp_path / "film.avi", "--every", "4"]
    done = run(COMMAND, *given, *with_model(chain, tmp_path / "out"))
    assert done.returncode == 2 and "Traceback" not in done.stderr
    torn, *others = faces_in(tmp_path / "out")
    assert "no video" in torn.error and {face.frame for face in others} == {0}


def test_no_drawing_takes_the_place_of_an_input(chain, album, tmp_path):
    """Results beside the pictures: a PNG and a video keep their bytes, two of a name both stay."""
    picture, video = tmp_path / "one.png", tmp_path / "film.mp4"
    cv2.imwrite(str(picture), cv2.imread(str(next(album.glob("*.jpg")))))
    film(tmp_path / "film.avi", album)
    (tmp_path / "film.avi").rename(video)
    before = picture.read_bytes(), video.read_bytes()
    run_well(COMMAND, picture, video, "--every", "4", *with_model(chain, tmp_path))
    assert (picture.read_bytes(), video.read_bytes()) == before
    assert (tmp_path / "one-2.png").is_file() and (tmp_path / "film-2.mp4").is_file()


def test_boxes_that_fit_no_picture_are_refused(chain, album, tmp_path, expect_refusal):
    (tmp_path / "boxes.jsonl").write_text('{"image": "elsewhere.jpg", "box": [1, 2, 30, 40]}\n')
    given = with_model(chain, tmp_path / "out", "--boxes", tmp_path / "boxes.jsonl")
    expect_refusal(COMMAND, [album, *given], "boxes.jsonl", "names one of these pictures")


def test_inputs_are_sorted_into_pictures_and_videos(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("b.jpg", "a.PNG", "c.mp4", "7"):
        (tmp_path / name).write_text("")
    assert inputs.expand(["."]) == (["./a.PNG", "./b.jpg"], [])
    assert inputs.expand(["*.mp4", "0", "7"]) == (["7"], ["c.mp4", "0"])  # 7 is a file here
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
