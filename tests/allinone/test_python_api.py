"""FaceAnalyzer as a program uses it: what it takes, what it refuses, what a face is."""

import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT
from PIL import Image
from skimage import data

from allinone import Face, FaceAnalyzer, InputError, boxes, record, verify

PHOTO = np.ascontiguousarray(data.astronaut()[:130, 100:260, ::-1])  # BGR
BOX = [[20, 10, 110, 120]]


@pytest.fixture(scope="module")
def analyzer(chain):
    return FaceAnalyzer(str(chain / "model"), engine="opencv")


def test_answers_are_plain_numbers_and_go_into_json(analyzer):
    (face,) = analyzer.analyze(PHOTO, boxes=BOX)
    answers = dict(age=face.age, score=face.score, smile=face.smile, gender=face.gender)
    assert {type(value) for value in answers.values()} == {float}
    assert json.loads(json.dumps(answers)) == answers


def test_faces_are_compared_found_and_removed(analyzer):
    faces = analyzer.analyze(PHOTO, boxes=[*BOX, [0, 0, 90, 90]])
    one, other = faces
    assert one == one and one != other and (one == other) is False and one is not None
    assert other in faces and Face(box=one.box) not in faces and faces.index(other) == 1
    faces.remove(one)
    assert faces == [other] and len({one, other}) == 2


def test_a_face_without_a_descriptor_is_compared_with_nothing():
    """As where the model has no tower id."""
    face = Face(box=np.float32([1, 2, 30, 40]), score=0.9)
    for use in (
        lambda: verify(face, face),
        lambda: face.to_record("a.jpg", "raw"),
        lambda: face.to_record("a.jpg", "unit"),
    ):
        with pytest.raises(InputError, match="gives no descriptor of a face; use one with tower"):
            use()


WRONG = {
    "a row of three": [[1, 2, 3]],
    "one box without its row": [1, 2, 30, 40],
    "eight numbers": [1, 2, 30, 40, 1, 2, 30, 40],
    "three dimensions": [[[1, 2, 30, 40]]],
    "rows of different lengths": [[1, 2, 30, 40], [1, 2]],
    "empty rows": [[]],
    "five columns and no row": np.zeros((0, 5)),
    "texts": [["1", "2", "30", "40"]],
    "None": [[None, 2, 30, 40]],
    "truth": [[True, False, True, True]],
    "complex": [[1, 2, 30, 40j]],
    "a dict": {"box": [1, 2, 30, 40]},
    "a number": 7,
    "a text": "1 2 30 40",
    "not a number": [[float("nan"), 2, 30, 40]],
    "infinite": [[1, 2, float("inf"), 40]],
    "huge": [[1, 2, 1e30, 40]],
    "of 400 digits": [[1, 2, 10**400, 40]],
    "the least whole number": np.array([[-(2**63), 2, 30, 40]]),
    "turned inside out": [[30, 2, 1, 40]],
    "empty": [[1, 2, 1, 40]],
    "right of the picture": [[160, 2, 200, 40]],
    "above the picture": [[1, -50, 30, 0]],
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_wrong_boxes_are_refused(analyzer, wrong):
    with pytest.raises(InputError, match="^boxes: "):
        analyzer.analyze(PHOTO, boxes=wrong)


@pytest.mark.parametrize(
    "kind", [list, tuple, np.array, np.float64, np.int16, np.uint8, np.float16, np.asfortranarray]
)
def test_boxes_of_any_kind_of_numbers_are_the_same(analyzer, kind):
    (wanted,), (face,) = (analyzer.analyze(PHOTO, boxes=some) for some in (BOX, kind(BOX)))
    assert face.box.tolist() == BOX[0] and face.box.dtype == np.float32
    np.testing.assert_allclose(face.descriptor, wanted.descriptor, atol=1e-4)


@pytest.mark.parametrize("none", [[], (), np.zeros((0, 4)), np.zeros((0, 4), int)], ids=str)
def test_no_box_is_no_face(analyzer, none):
    assert analyzer.analyze(PHOTO, boxes=none) == []


def test_a_box_may_leave_the_picture_and_is_clipped_on_request(analyzer):
    given = [[-20, -10, 90, 140], [100, 60, 200, 200]]
    faces = analyzer.analyze(PHOTO, boxes=given)
    assert [face.box.tolist() for face in faces] == given
    clipped = analyzer.analyze(PHOTO, boxes=given, clip=True)
    assert [face.box.tolist() for face in clipped] == [[0, 0, 90, 130], [100, 60, 160, 130]]
    for one, other in zip(faces, clipped):  # the box alone
        np.testing.assert_array_equal(one.landmarks, other.landmarks)
        assert one.age == other.age


def test_found_boxes_are_clipped_on_request(analyzer):
    """With a least score of 0 an untrained net finds much, at the borders too."""
    found, clipped = (analyzer.analyze(PHOTO, score=0, clip=clip) for clip in (False, True))
    together = np.float32([face.box for face in found])
    assert len(found) and (together != boxes.clip(together, 160, 130)).any()
    np.testing.assert_array_equal(
        boxes.clip(together, 160, 130), np.float32([face.box for face in clipped])
    )
    (many,) = analyzer.analyze_many([PHOTO], score=0, clip=True)
    assert [face.box.tolist() for face in many] == [face.box.tolist() for face in clipped]


def of_kinds(folder):
    """Yield (kind, the photograph as one of the kinds of pictures that are taken)."""
    path = folder / "photo.png"
    picture = Image.fromarray(PHOTO[..., ::-1])
    picture.save(path)
    yield "array", PHOTO
    yield "reversed view", PHOTO[..., ::-1].copy()[..., ::-1]
    yield "columns first", np.asfortranarray(PHOTO)
    frozen = PHOTO.copy()
    frozen.flags.writeable = False
    yield "read-only", frozen
    yield "text", str(path)
    yield "path", pathlib.Path(path)
    yield "of Pillow", picture
    yield "opened by Pillow", Image.open(path)


def test_paths_arrays_and_pictures_of_pillow_are_the_same_picture(analyzer, tmp_path):
    (wanted,) = analyzer.analyze(PHOTO, boxes=BOX)
    for kind, picture in of_kinds(tmp_path):
        (face,) = analyzer.analyze(picture, boxes=BOX)
        np.testing.assert_array_equal(face.descriptor, wanted.descriptor, err_msg=kind)


def test_a_folder_and_a_picture_may_be_paths(analyzer):
    folder = pathlib.Path(analyzer.backend.folder)
    for settings in (dict(model_dir=folder), dict(stage1=folder)):
        opened = FaceAnalyzer(engine="opencv", **settings)
        assert str(folder) in str(opened)
    face = opened.analyze(PHOTO, boxes=BOX)[0]
    line = record.to_line(face.to_record(pathlib.Path("a.jpg")))
    assert line == record.to_line(face.to_record("a.jpg"))


def test_a_list_an_array_and_an_iterator_are_many_pictures(analyzer):
    for many in ([PHOTO] * 2, (PHOTO, PHOTO), iter([PHOTO] * 2), np.stack([PHOTO] * 2)):
        assert len(analyzer.analyze_many(many)) == 2
    with pytest.raises(InputError, match="give a list of pictures, .'a.jpg'., or use analyze"):
        analyzer.analyze_many("a.jpg")


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        7,
        [PHOTO],
        PHOTO.tolist(),
        PHOTO[..., 0],
        PHOTO.astype(np.float32),
        np.dstack([PHOTO, PHOTO[..., :1]]),
        np.zeros((0, 5, 3), np.uint8),
        np.zeros((2, 5, 5, 3), np.uint8),
        np.zeros((1, 40000, 3), np.uint8),
        Image.new("F", (9, 9)),
        Image.new("RGB", (0, 9)),
    ],
    ids=lambda wrong: type(wrong).__name__,
)
def test_what_is_no_picture_is_refused(analyzer, wrong):
    for more in ({}, dict(boxes=BOX)):
        with pytest.raises(InputError, match="image: |a picture of mode F"):
            analyzer.analyze(wrong, **more)


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (2, 30000), (30000, 1), (5, 3)], ids=str)
def test_pictures_as_thin_as_a_line_have_no_face_and_end_nothing(analyzer, rng, size):
    image = rng.integers(0, 255, (*size, 3)).astype(np.uint8)
    assert analyzer.analyze(image, score=0.999) == []
    assert len(analyzer.analyze(image, boxes=[[0, 0, size[1], size[0]]])) == 1


@pytest.mark.parametrize("score", ["high", float("nan"), [0.5]], ids=str)
def test_a_score_that_is_no_number_is_refused(analyzer, score):
    with pytest.raises(InputError, match="score .*: must be a number"):
        analyzer.analyze(PHOTO, score=score)
    with pytest.raises(InputError, match="score .*: must be a number"):
        analyzer.analyze(PHOTO, boxes=BOX, score=score)


@pytest.mark.parametrize("smallest", ["small", float("inf"), float("nan"), 7], ids=str)
def test_a_smallest_face_that_is_no_size_is_refused(chain, smallest):
    with pytest.raises(InputError, match=f"smallest {smallest}: must be at least 8 pixels"):
        FaceAnalyzer(str(chain / "model"), engine="opencv", smallest=smallest)


def test_a_gpu_is_tried_from_any_folder_and_nothing_there_is_imported(tmp_path):
    """A module of the working directory must not take the place of a library."""
    (tmp_path / "numpy.py").write_text("raise SystemExit('imported from the working directory')")
    code = f"""
import sys
sys.path[:] = [{ROOT!r}, *(path for path in sys.path if path)]
from allinone import device
print(device.probe_gpu(0))
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        text=True,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": ""},
    )
    assert done.returncode == 0, done.stderr
    assert "No module" not in done.stdout and "working directory" not in done.stdout
