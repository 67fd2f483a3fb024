import json
import shutil

import cv2
import numpy as np
import pytest
from skimage import data

from allinone import FaceAnalyzer, landmarks
from allinone.errors import InputError
from tools import analyze


@pytest.fixture(scope="module")
def astronaut(tmp_path_factory):
    path = tmp_path_factory.mktemp("photo") / "astronaut.png"
    cv2.imwrite(str(path), cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR)[:220, 90:330])     # head and shoulders: quicker
    return path


def test_a_real_photograph_runs_through(chain, tmp_path, astronaut):
    out = tmp_path / "out"
    assert analyze.main([str(astronaut), "--model", str(chain / "model"), "--out", str(out), "--score", "0"]) == 0
    assert cv2.imread(str(out / "astronaut.png")).shape == (220, 240, 3)
    with open(out / "faces.jsonl", encoding="utf-8") as lines:
        faces = [json.loads(line) for line in lines]
    for face in faces:
        assert face["image"] == str(astronaut) and set(face["landmarks"]) == set(landmarks.NAMES)
        assert 0 <= face["score"] <= 1 and 0 <= face["smile"] <= 1 and 0 <= face["gender"] <= 1


def test_one_bad_picture_does_not_stop_the_others(chain, tmp_path, astronaut, capsys):
    folder = tmp_path / "pictures"
    folder.mkdir()
    shutil.copy(astronaut, folder / "b.png")
    (folder / "a.jpg").write_text("no picture")
    (folder / "notes.txt").write_text("not looked at")
    assert analyze.main([str(folder), "--model", str(chain / "model"), "--out", str(tmp_path / "out")]) == 2
    with open(tmp_path / "out" / "faces.jsonl", encoding="utf-8") as lines:
        first = json.loads(lines.readline())
    assert first["image"].endswith("a.jpg") and "no picture" in first["error"]
    assert (tmp_path / "out" / "b.png").exists()
    assert "1 picture(s) analyzed, 1 could not be read" in capsys.readouterr().out


def test_pictures_of_the_same_name_do_not_overwrite_each_other():
    taken = set()
    assert [analyze.drawn_name(path, taken) for path in ("a/x.jpg", "b/x.png", "b/y.png")] == ["x.png", "x-2.png", "y.png"]


def test_what_is_missing_is_named(chain, tmp_path, astronaut, expect_refusal):
    base = [astronaut, "--out", tmp_path / "out", "--model"]
    expect_refusal(analyze.main, [*base, tmp_path / "none"], tmp_path / "none" / "deploy.prototxt")
    broken = tmp_path / "broken"
    shutil.copytree(chain / "model", broken)
    (broken / "allinone.caffemodel").write_bytes(b"\x0a\xff")
    expect_refusal(analyze.main, [*base, broken], "allinone.caffemodel", "cut off")
    shutil.copy("prototxt/paper/deploy.prototxt", broken)
    shutil.copy(chain / "model" / "allinone.caffemodel", broken)
    expect_refusal(analyze.main, [*base, broken], "allinone.caffemodel", "another net or profile")
    empty = tmp_path / "empty"
    empty.mkdir()
    expect_refusal(analyze.main, [empty, "--model", chain / "model", "--out", tmp_path / "out"], empty, "no picture")
    expect_refusal(analyze.main, [astronaut, "--model", chain / "model", "--out", tmp_path / "out", "--gpu", "99"], "GPU=99")


def test_given_boxes_give_one_face_each_in_their_order(chain, rng):
    image = rng.integers(0, 255, (90, 120, 3)).astype(np.uint8)
    boxes = [[10, 10, 60, 60], [50, 20, 110, 80]]
    faces = FaceAnalyzer(str(chain / "model")).analyze(image, boxes=boxes)
    assert [face.box.tolist() for face in faces] == boxes
    assert faces[0].landmarks.shape == (21, 2) and faces[0].descriptor.shape == (512,)
    swapped = FaceAnalyzer(str(chain / "model")).analyze(image, boxes=boxes[::-1])
    np.testing.assert_allclose(swapped[1].descriptor, faces[0].descriptor, atol=1e-4)


def test_what_is_no_image_and_no_box_is_refused(chain):
    analyzer = FaceAnalyzer(str(chain / "model"))
    with pytest.raises(InputError, match="BGR uint8"):
        analyzer.analyze(np.zeros((50, 50)))
    with pytest.raises(InputError, match="x1 < x2"):
        analyzer.analyze(np.zeros((50, 50, 3), np.uint8), boxes=[[20, 0, 10, 30]])
    assert analyzer.analyze(np.zeros((50, 50, 3), np.uint8), boxes=[]) == []


def test_a_picture_and_its_mirror_give_the_same_attributes(chain, rng):
    """Stage 2 looks at the face and its mirror: mirrored input with mirrored landmarks changes nothing."""
    image = cv2.resize(rng.integers(0, 255, (9, 9, 3)).astype(np.uint8), (120, 120))
    analyzer = FaceAnalyzer(str(chain / "model"))
    found = analyzer.look(image, np.float32([[20, 20, 100, 100]]))
    other = dict(found, landmarks=landmarks.mirror(found["landmarks"], 120), visibility=found["visibility"][:, landmarks.MIRROR])
    one, two = analyzer.describe(image, found)[0], analyzer.describe(np.ascontiguousarray(image[:, ::-1]), other)[0]
    np.testing.assert_allclose(two.descriptor, one.descriptor, atol=0.02)
    assert two.age == pytest.approx(one.age, abs=0.1)
