"""One schema of a face: what a line may hold, what is refused, and with which words."""

import json

import msgspec
import numpy as np
import pytest

from allinone import Face, record, tasks
from allinone.errors import InputError

FULL = record.FaceRecord(
    image="images/1.jpg",
    box=[1.5, 2, 30, 40],
    landmarks=[[1, 2]] * 20 + [None],
    visibility=[1] * 19 + [0, None],
    pose=[1, -2, 60],
    gender=1,
    age=33.5,
    age_sigma=2.0,
    smile=0,
    identity=7,
)


def write(path, *lines):
    path.write_text("".join(line if line.endswith("\n") else line + "\n" for line in lines))
    return str(path)


def test_round_trip_with_everything_and_with_nothing(tmp_path):
    bare = record.FaceRecord(image="images/2.jpg")
    path = write(tmp_path / "records.jsonl", record.to_line(FULL), "", record.to_line(bare))
    assert list(record.read(path)) == [FULL, bare]
    assert json.loads(record.to_line(bare)) == {"image": "images/2.jpg"}


def test_arrays_mark_the_unknown_with_nan():
    points, seen = FULL.landmark_array(), FULL.visibility_array()
    assert np.isnan(points[20]).all() and points[0].tolist() == [1, 2]
    assert np.isnan(seen[20]) and seen[19] == 0 and seen[0] == 1
    assert np.isnan(record.FaceRecord(image="x").landmark_array()).all()


@pytest.mark.parametrize(
    "line, says",
    [
        ('{"image": "a.jpg"', "not JSON"),
        ("[1, 2]", "Expected object, got array"),
        ('{"box": [0, 0, 1, 1]}', "missing required field image"),
        ('{"image": "a.jpg", "boxx": 1}', "unknown field boxx; known: image, box"),
        ('{"image": "a.jpg", "box": [0, 0, 1]}', "'box': Expected array of length >= 4"),
        ('{"image": "a.jpg", "box": [5, 0, 1, 9]}', "x1 < x2"),
        ('{"image": "a.jpg", "landmarks": [[1, 2]]}', "'landmarks': Expected array of length >="),
        ('{"image": "a.jpg", "pose": ["a", 1, 2]}', "'pose[0]': Expected float, got str"),
        ('{"image": "a.jpg", "pose": [NaN, 1, 2]}', "not JSON"),
        ('{"image": "a.jpg", "pose": [1e999, 1, 2]}', "'pose[0]': Number out of range"),
        ('{"image": "a.jpg", "gender": 2}', "'gender': Expected int <= 1"),
        ('{"image": "a.jpg", "gender": 0.5}', "'gender' must be 0 or 1 in a label"),
        ('{"image": "a.jpg", "age": -3}', "'age' must be at least 0"),
        ('{"image": "a.jpg", "age": true}', "'age': Expected float"),
        ('{"image": "a.jpg", "identity": 1.5}', "'identity': Expected int"),
        ('{"image": "a.jpg", "split": 3}', "'split': Expected str"),
        ('{"image": "a.jpg", "age": ' + "9" * 400 + "}", "'age': Number out of range"),
        pytest.param("[" * 100000, "Expected object, got array", id="deep"),
    ],
)
def test_a_malformed_line_is_named_with_file_and_number(tmp_path, line, says):
    path = write(tmp_path / "records.jsonl", record.to_line(FULL), line)
    with pytest.raises(InputError) as error:
        list(record.read(path))
    assert f"{path}, line 2: " in str(error.value) and says in str(error.value)


def test_a_line_that_is_not_utf8_is_named(tmp_path):
    (tmp_path / "records.jsonl").write_bytes(b'{"image": "a"}\n{"image": "\xff"}\n')
    with pytest.raises(InputError, match="line 2: not JSON"):
        list(record.read(str(tmp_path / "records.jsonl")))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match="no such records file"):
        list(record.read(str(tmp_path / "none.jsonl")))


def test_results_may_hold_probabilities_where_labels_are_0_or_1(tmp_path):
    path = write(tmp_path / "faces.jsonl", '{"image":"a","gender":0.25,"score":0.5}')
    (face,) = record.read_results(path)
    assert face.gender == 0.25 and face.score == 0.5


def test_boxes_need_picture_and_box_alone(tmp_path):
    path = write(tmp_path / "any.jsonl", '{"image":"a","box":[1,2,3,4],"confidence":"high"}')
    (given,) = record.read_boxes(path)
    assert given.image == "a" and given.box == [1, 2, 3, 4]
    with pytest.raises(InputError, match="line 1: 'box' must be"):
        list(record.read_boxes(write(tmp_path / "bad.jsonl", '{"image":"a","box":[3,2,1,4]}')))


def test_a_file_name_that_is_not_utf8_survives(tmp_path):
    name = b"photo-\xe9.jpg".decode(errors="surrogateescape")
    path = write(tmp_path / "faces.jsonl", record.to_line(record.FaceRecord(image=name, age=3)))
    (face,) = record.read(path)
    assert face.image == name and face.age == 3
    assert json.loads(open(path).read())["image"] == name  # readable for everybody


def test_records_of_a_picture_stand_together():
    lines = [
        record.FaceRecord(image="a", box=[0, 0, 1, 1]),
        record.FaceRecord(image="a", box=[2, 2, 3, 3]),
        record.FaceRecord(image="b"),
    ]
    with_box = [(image, len(faces)) for image, faces in record.faces_by_picture(lines)]
    assert with_box == [("a", 2), ("b", 0)]
    assert [(image, len(some)) for image, some in record.by_picture(lines)] == [("a", 2), ("b", 1)]


def found_face():
    return Face(
        box=np.float32([0, 1, 2, 3]),
        score=0.91234,
        landmarks=np.zeros((21, 2), np.float32),
        visibility=np.ones(21, np.float32),
        pose=np.float32([1, 2, 3]),
        smile=0.5,
        gender=0.25,
        age=30.0,
        descriptor=np.full(512, 2, np.float32),
    )


def test_a_result_is_a_line_of_the_same_schema():
    line = record.to_line(found_face().to_record("a.jpg", frame=3, time=0.12))
    data = json.loads(line)
    assert data["score"] == 0.9123 and data["pose"] == [1, 2, 3] and data["box"] == [0, 1, 2, 3]
    assert data["landmarks"] == [[0, 0]] * 21 and data["frame"] == 3 and "descriptor" not in data
    assert record.parse(line.encode(), "x", 1, labels=False).gender == 0.25


def test_a_descriptor_is_written_as_it_is_or_at_length_one():
    raw, unit = (found_face().to_record("a", form).descriptor for form in ("raw", "unit"))
    assert raw == [2] * 512 and np.linalg.norm(unit) == pytest.approx(1, abs=1e-4)


def test_every_task_has_its_field():
    bare = msgspec.structs.asdict(record.FaceRecord("x"))
    for task in tasks.TASKS:
        assert task.field in bare and (task.label in bare)


def test_faces_are_equal_only_to_themselves():
    one, other = found_face(), found_face()
    assert one == one and one != other and [one, other].index(other) == 1
