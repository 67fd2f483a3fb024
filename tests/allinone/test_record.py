import json

import numpy as np
import pytest

from allinone import record
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


def test_arrays_mark_the_unknown_with_nan():
    points, seen = FULL.landmark_array(), FULL.visibility_array()
    assert np.isnan(points[20]).all() and points[0].tolist() == [1, 2]
    assert np.isnan(seen[20]) and seen[19] == 0 and seen[0] == 1
    assert np.isnan(record.FaceRecord(image="x").landmark_array()).all()


@pytest.mark.parametrize(
    "line, says",
    [
        ('{"image": "a.jpg"', "not JSON"),
        ("[1, 2]", "JSON object"),
        ('{"box": [0, 0, 1, 1]}', "'image'"),
        ('{"image": "a.jpg", "boxx": 1}', "unknown field 'boxx'"),
        ('{"image": "a.jpg", "box": [0, 0, 1]}', "'box' must have the shape (4,)"),
        ('{"image": "a.jpg", "box": [5, 0, 1, 9]}', "x1 < x2"),
        ('{"image": "a.jpg", "landmarks": [[1, 2]]}', "'landmarks' must have the shape (21, 2)"),
        ('{"image": "a.jpg", "pose": ["a", 1, 2]}', "'pose' must hold numbers"),
        ('{"image": "a.jpg", "pose": [NaN, 1, 2]}', "not finite"),
        ('{"image": "a.jpg", "gender": 2}', "'gender' must be one of (0, 1)"),
        ('{"image": "a.jpg", "age": -3}', "'age' must be a number from 0 up"),
        ('{"image": "a.jpg", "age": NaN}', "'age' must be a number from 0 up"),
        ('{"image": "a.jpg", "identity": 1.5}', "'identity' must be a whole number"),
    ],
)
def test_a_malformed_line_is_named_with_file_and_number(tmp_path, line, says):
    path = write(tmp_path / "records.jsonl", record.to_line(FULL), line)
    with pytest.raises(InputError) as error:
        list(record.read(path))
    assert f"{path}, line 2" in str(error.value) and says in str(error.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match="no such records file"):
        list(record.read(str(tmp_path / "none.jsonl")))


def test_faces_of_an_image_stand_together_and_an_empty_image_has_none():
    lines = [
        record.FaceRecord(image="a", box=[0, 0, 1, 1]),
        record.FaceRecord(image="a", box=[2, 2, 3, 3]),
        record.FaceRecord(image="b"),
    ]
    assert [(image, len(faces)) for image, faces in record.faces_by_picture(lines)] == [
        ("a", 2),
        ("b", 0),
    ]


def test_a_face_becomes_plain_json():
    face = record.Face(
        box=np.float32([0, 1, 2, 3]),
        score=np.float32(0.91234),
        landmarks=np.zeros((21, 2), np.float32),
        visibility=np.ones(21, np.float32),
        pose=np.float32([1, 2, 3]),
        smile=0.5,
        gender=0.25,
        age=30.0,
        descriptor=np.ones(512, np.float32),
    )
    data = json.loads(json.dumps(face.to_dict()))
    assert (
        data["score"] == 0.9123
        and data["pose"] == {"roll": 1, "pitch": 2, "yaw": 3}
        and "descriptor" not in data
    )
    assert (
        data["landmarks"]["NoseCenter"] == [0, 0]
        and len(face.to_dict("raw")["descriptor"]) == 512
        and "descriptor" not in data
    )
