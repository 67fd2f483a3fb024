"""Labels of every kind in lines about photographs: names, people's points, whole photographs."""

import json
import os
import zlib

import cv2
import numpy as np
import pytest

from allinone import align, landmarks, pictures, record
from data_prep import labelled_photos, near_copies

REAL_SETS = "data_prep.real_sets"
REAL = os.path.join("..", "shared", "real")
FACE = dict(
    landmarks=[None if n in (12, 16) else [10.0 + n, 20.0 + n % 7] for n in range(21)],
    box=[8, 18, 32, 30],
)


@pytest.fixture
def write_set(tmp_path):
    """Give a function that writes lines as a set; returns the records that come of it."""

    def write(name, lines, copies=()):
        (tmp_path / name).mkdir(exist_ok=True)
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (tmp_path / f"{name}.jsonl").write_text(text)
        labelled_photos.write(str(tmp_path), name, str(tmp_path / "out"), copies)
        return list(record.read(str(tmp_path / "out" / name / "faces.jsonl")))

    return write


def test_people_with_names_have_numbers_of_their_own(write_set):
    names = ["Zoe", "Ann", "Zoe", "Ann", "Once"]
    lines = [
        dict(image=f"ytf/{number}.jpg", identity=name, split="train", **FACE)
        for number, name in enumerate(names)
    ]
    faces = write_set("ytf", lines)
    parts = {face.image: face.split for face in faces}
    assert [face.name for face in faces[:4]] == names[:4]
    assert faces[0].identity == faces[2].identity != faces[1].identity == faces[3].identity
    # Whole people are held back, and one picture of somebody teaches nothing.
    assert parts["ytf/0.jpg"] == parts["ytf/2.jpg"] and parts["ytf/1.jpg"] == parts["ytf/3.jpg"]
    held_back = zlib.crc32(b"Once") % labelled_photos.HELD_BACK == 0
    assert (faces[4].identity is None) == (not held_back)


def test_names_never_take_the_number_of_somebody_else(write_set):
    lines = [
        dict(image=f"ytf/{number}.jpg", identity=who, split="test", **FACE)
        for number, who in enumerate([5, "Ann", 5, "Bob"])
    ]
    numbers = [face.identity for face in write_set("ytf", lines)]
    assert numbers[0] == numbers[2] == 5 and len(set(numbers)) == 3


def test_points_of_people_stand_where_the_teacher_has_none(write_set):
    five = [[1.0, 2], [5, 2], [3, 4], [2, 6], [4, 6]]
    lines = [
        dict(image="mtfl/a.jpg", gender=1, smile=0, points5=five, split="train"),
        dict(image="mtfl/b.jpg", gender=0, smile=1, points5=five, split="test", **FACE),
    ]
    by_people, by_teacher = write_set("mtfl", lines)
    known = {n: point for n, point in enumerate(by_people.landmarks) if point is not None}
    assert known == {7: [1, 2], 10: [5, 2], 14: [3, 4], 17: [2, 6], 19: [4, 6]}
    assert [n for n, seen in enumerate(by_people.visibility) if seen is not None] == list(known)
    assert by_people.box is None and by_people.pose is None  # nobody has said them
    assert by_teacher.landmarks == FACE["landmarks"] and by_teacher.split == "test"
    assert (by_people.gender, by_people.smile, by_people.age) == (1, 0, None)


def test_whole_photographs_keep_all_faces_and_those_to_ignore(write_set):
    points = dict(left_eye=[1, 2], right_eye=[5, 2], nose=[3, 4], mouth=[3, 6])
    faces = [
        dict(points=points, box=[0, 0, 6, 8], box_from="points"),
        dict(points=points, pose=[1, 2, 3], **FACE),
        dict(box=[40, 40, 60, 70], ignore=True),
    ]
    lines = [dict(image="webfaces/a.jpg", faces=faces, split="train")]
    lines.append(dict(image="webfaces/b.jpg", faces=[], split="train"))
    marked, agreed, ignored, none = write_set("webfaces", lines)
    known = {n: point for n, point in enumerate(marked.landmarks) if point is not None}
    assert known == {7: [1, 2], 10: [5, 2], 14: [3, 4], 18: [3, 6]} and marked.pose is None
    assert agreed.landmarks == FACE["landmarks"] and agreed.pose == [1, 2, 3]
    assert ignored.ignore == 1 and ignored.landmarks is None and agreed.ignore is None
    assert none.box is None and not none.is_face()


def test_faces_that_nobody_marked_and_we_saw_are_ignored(write_set, monkeypatch, tmp_path):
    seen = dict(image="webfaces/a.jpg", box=[1, 2, 30, 40])
    (tmp_path / "seen").mkdir()
    (tmp_path / "seen" / "webfaces.jsonl").write_text(json.dumps(seen) + "\n")
    monkeypatch.setattr(labelled_photos, "UNMARKED", str(tmp_path / "seen"))
    lines = [dict(image=f"webfaces/{name}.jpg", faces=[FACE], split="train") for name in "ab"]
    first, also, second = write_set("webfaces", lines)
    assert (first.image, also.image, second.image) == (*[seen["image"]] * 2, "webfaces/b.jpg")
    assert also.box == seen["box"] and also.ignore == 1 and also.landmarks is None
    assert first.ignore is None and first.split == also.split


def test_points_that_are_not_five_are_refused_and_named(tmp_path, expect_refusal):
    line = dict(image="mtfl/a.jpg", points5=[[1, 2]])
    (tmp_path / "mtfl.jsonl").write_text(json.dumps(line) + "\n")
    command = ["--real", tmp_path, "--out", tmp_path / "out"]
    expect_refusal(REAL_SETS, command, "mtfl.jsonl", "line 1", "points5")
    expect_refusal(REAL_SETS, [*command, "--sets", "aaf"], "aaf.jsonl", "no such file")


def test_people_in_whole_photographs_may_have_names_too(write_set):
    faces = [dict(identity=name, **FACE) for name in ("Zoe", "Ann")]
    lines = [dict(image=f"ytf/{n}.jpg", faces=faces, split="test") for n in range(2)]
    known = [(face.name, face.identity) for face in write_set("ytf", lines)]
    assert known == [("Zoe", 1), ("Ann", 0)] * 2


def test_pictures_of_nobody_in_particular_are_held_back_one_by_one(write_set):
    lines = [dict(image=f"aaf/{n}.jpg", identity=None, age=3, split="train") for n in range(300)]
    assert {face.split for face in write_set("aaf", lines)} == {"train", "val"}


@pytest.mark.parametrize("options", [(), ("--without-copies",)])
def test_lines_that_say_what_cannot_be_are_refused(tmp_path, expect_refusal, options):
    path, given = tmp_path / "aaf.jsonl", ["--real", tmp_path, "--out", tmp_path / "o", *options]
    path.write_text(json.dumps(dict(image="aaf/a.jpg", split="train", landmarks=[1, 2])) + "\n")
    expect_refusal(REAL_SETS, given, path, "aaf/a.jpg", "'landmarks", "mend the line")
    path.write_text(json.dumps(dict(image="aaf/a.jpg", split="tests")) + "\n")
    expect_refusal(REAL_SETS, given, path, "line 1", "'split'", "mend or delete the line")
    path.write_text("")
    expect_refusal(REAL_SETS, given, path, "is empty")
    assert not list((tmp_path / "o").glob("*/faces.jsonl"))


def test_a_folder_of_somebody_else_with_a_link_of_a_sets_name_stays(tmp_path, expect_refusal):
    (tmp_path / "aaf.jsonl").write_text(json.dumps(dict(image="aaf/a.jpg", age=3)) + "\n")
    theirs = tmp_path / "out" / "aaf"
    theirs.mkdir(parents=True)
    (theirs / "faces.jsonl").write_text("mine")
    os.symlink(tmp_path, theirs / "aaf")
    expect_refusal(REAL_SETS, ["--real", tmp_path, "--out", tmp_path / "out"], theirs)
    assert (theirs / "faces.jsonl").read_text() == "mine"
    assert os.readlink(theirs / "aaf") == str(tmp_path)


def test_where_nothing_is_held_back_nothing_is_a_copy(faces_of_noise):
    assert near_copies.find(str(faces_of_noise), ["utkface2"]) == []


@pytest.fixture(scope="module")
def faces_of_noise(tmp_path_factory):
    """A folder of two sets: b/0.jpg is a/0.jpg mirrored and cut, b/1.jpg is of its own."""
    root, rng = tmp_path_factory.mktemp("copies"), np.random.default_rng(3)
    points = np.float64(align.CANONICAL) * 120 + [40, 10]

    def put(name, number, image, marks, split):
        (root / name).mkdir(exist_ok=True)
        pictures.write_image(str(root / name / f"{number}.jpg"), image, quality=90)
        marks = [None if n in (12, 16) else mark for n, mark in enumerate(marks.tolist())]
        line = dict(image=f"{name}/{number}.jpg", split=split, gender=0, landmarks=marks)
        with open(root / f"{name}.jsonl", "a") as stream:
            stream.write(json.dumps(line) + "\n")

    def blotches():
        small = rng.integers(0, 256, (14, 20, 3), dtype=np.uint8)
        return cv2.resize(small, (200, 140), interpolation=cv2.INTER_CUBIC)

    one, other = blotches(), blotches()
    put("aaf", 0, one, points, "test")
    larger = cv2.resize(one, (260, 182))[10:, 20:]
    put("utkface2", 0, larger, points * 1.3 - [20, 10], "train")
    put("utkface2", 1, other, points, "train")
    mirrored = points[landmarks.MIRROR] * [-1, 1] + [200, 0]
    put("utkface2", 2, one[:, ::-1].copy(), mirrored, "train")
    return root


def test_near_copies_are_found_however_they_are_cut(faces_of_noise):
    pairs = near_copies.find(str(faces_of_noise), ["aaf", "utkface2"])
    found = {pair.face.image: pair.held_back.image for pair in pairs}
    assert found == {"utkface2/0.jpg": "aaf/0.jpg", "utkface2/2.jpg": "aaf/0.jpg"}


def test_near_copies_are_left_out_and_counted(faces_of_noise, tmp_path, command):
    given = ["--real", faces_of_noise, "--out", tmp_path]
    done = command(REAL_SETS, *given, "--without-copies")
    assert done.returncode == 0 and "2 near-copies left out" in done.stdout, done.stdout
    kept = [face.image for face in record.read(str(tmp_path / "utkface2" / "faces.jsonl"))]
    assert kept == ["utkface2/1.jpg"]
    assert command(REAL_SETS, *given).returncode == 0
    assert len(list(record.read(str(tmp_path / "utkface2" / "faces.jsonl")))) == 3


@pytest.mark.skipif(not os.path.isdir(REAL), reason=f"{REAL} is not there")
def test_the_sets_that_are_there_keep_what_is_never_learnt_from(tmp_path, command):
    done = command(REAL_SETS, "--real", REAL, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    counts = dict(line.split(": ", 1) for line in done.stdout.splitlines())
    assert list(counts) == list(labelled_photos.SETS)
    assert "1526 test" in counts["mtfl"] and "8617 smile" in counts["mtfl"]
    assert "7176 train, 453 val, 1345 test" in counts["celeba"]
    assert "1154 identity" in counts["ytf"]
    seen = sum(map(len, labelled_photos.unmarked_in("webfaces").values()))
    assert seen > 100 and f"{1229 + seen} ignored" in counts["webfaces"]
    images = set(os.listdir(os.path.join(REAL, "webfaces")))
    assert {os.path.basename(one) for one in labelled_photos.unmarked_in("webfaces")} <= images
    for name in ("mtfl", "celeba"):
        with open(f"{REAL}/{name}.jsonl") as lines:
            split = {line["image"]: line["split"] for line in map(json.loads, lines)}
        for face in record.read(str(tmp_path / name / "faces.jsonl")):
            assert (face.split == "test") == (split[face.image] == "test")
