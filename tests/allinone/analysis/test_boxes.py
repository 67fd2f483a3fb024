"""tools.analyze --boxes: faces in the boxes of another detector."""

import json

import pytest
from analysis_runs import COMMAND, faces_in, with_model
from conftest import run_well

from allinone.analysis import given_boxes
from allinone.errors import InputError

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
        ("b.csv", "image,x1,y1,x2,y2\na.jpg,1,2,inf,4\n", "line 2: x1, y1, x2, y2 must be"),
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


@pytest.mark.parametrize(
    "name, text",
    [
        ("b.csv", "image,frame,x1,y1,x2,y2\na.jpg,3,1,2,3,4\nfilm.mp4,3,1,2,3,4\n"),
        (
            "b.jsonl",
            '{"image":"a.jpg","frame":"3","box":[1,2,3,4]}\n'
            '{"image":"film.mp4","frame":0,"box":[1,2,3,4]}\n',
        ),
    ],
)
def test_boxes_of_frames_are_not_taken_for_those_of_all_frames(tmp_path, name, text):
    """Else the kit's own lines of a video would bring every face of it into every frame."""
    path, film = tmp_path / name, str(tmp_path / "film.mp4")
    path.write_text(text)
    (tmp_path / "film.mp4").touch()
    with pytest.raises(InputError, match=f"{name}: has a box of frame . of film.mp4, but"):
        given_boxes.read(str(path), [film])
    assert given_boxes.read(str(path), [str(tmp_path / "a.mp4")])[film] == [[1, 2, 3, 4]]
    path.write_text(text.replace("frame", "shot"))
    assert given_boxes.read(str(path), [film])[film] == [[1, 2, 3, 4]]


def test_boxes_that_fit_no_picture_are_refused(chain, album, tmp_path, expect_refusal):
    (tmp_path / "boxes.jsonl").write_text('{"image": "elsewhere.jpg", "box": [1, 2, 30, 40]}\n')
    given = with_model(chain, tmp_path / "out", "--boxes", tmp_path / "boxes.jsonl")
    expect_refusal(COMMAND, [album, *given], "boxes.jsonl", "names one of these pictures")


@pytest.mark.parametrize(
    "option", [("--score", "0.5"), ("--smallest", "40"), ("--proposals", "dense")], ids=str
)
def test_options_of_the_search_are_refused_beside_boxes(tmp_path, expect_refusal, option):
    given = ["a.jpg", "--out", tmp_path, "--boxes", "boxes.csv", *option]
    expect_refusal(COMMAND, given, f"{option[0]}: no face is searched for with --boxes")
