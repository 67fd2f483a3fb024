"""Sets of pictures with many faces: what is read is what was drawn."""

import os
import sqlite3

import msgspec
import numpy as np
import pytest
from reader_folders import AFW_SIX, reasons_of, records_of, summary_of

from allinone import boxes
from data_prep import conversion
from data_prep.readers import aflw


def stem(face):
    return os.path.splitext(os.path.basename(face.image))[0]


def by_box(found, truth):
    """Return [(record, drawn face)] of the same picture, but for its folder, and place."""
    pairs = []
    for face in found:
        rivals = [other for other in truth if stem(other) == stem(face)]
        best = int(boxes.iou([face.box], [other.box for other in rivals]).argmax())
        pairs.append((face, rivals[best]))
    assert len({id(other) for _, other in pairs}) == len(found) == len(truth)
    return pairs


def test_aflw(read_back):
    folder, found, truth = read_back("aflw")
    names = list(dict.fromkeys(face.image for face in truth))  # in the order of the set's numbers
    renamed = []
    for other in truth:
        name = f"image{names.index(other.image):05d}.jpg"
        renamed.append(msgspec.structs.replace(other, image=name))
    for face, other in by_box(found, renamed):
        np.testing.assert_allclose(face.box, np.rint(other.box), atol=1e-6)
        np.testing.assert_allclose(face.pose, other.pose, atol=1e-4)  # radians there, degrees here
        assert face.visibility == other.visibility and face.gender == other.gender
        for point, expected, seen in zip(face.landmarks, other.landmarks, other.visibility):
            assert point is None if not seen else point == pytest.approx(expected)
    assert {face.split for face in found} == {"train"}  # a tenth of five pictures is none
    assert (folder / "aflw_test.txt").read_text() == ""
    assert summary_of(folder)["pictures"] == len(names)


@pytest.mark.parametrize(
    "radians, degrees",
    [
        ((0.5, 0.25, -1), (-28.6479, 14.3239, 57.2958)),
        ((2 * np.pi - 0.1, 0, 2 * np.pi + 0.2), (5.7296, 0, -11.4592)),
    ],
)
def test_aflw_pose_by_hand(radians, degrees):
    assert aflw.pose_of(*radians) == pytest.approx(degrees, abs=1e-3)


def within(faces, low, high):
    """Return how many faces have a |yaw| in a bin."""
    return sum(low < abs(face.pose[2]) <= high for face in faces)


def test_aflw_draws_as_many_test_faces_of_every_third_of_yaw(read_back, monkeypatch):
    monkeypatch.setattr(aflw, "PER_BIN", 2)
    monkeypatch.setattr(aflw, "TEST_PICTURES", 4)
    monkeypatch.setattr(aflw, "TEST_SHARE", 1)
    folder, first, _ = read_back("aflw")
    chosen = [face for face in first if face.split == "test_landmarks"]
    test = [face for face in first if face.split != "train"]
    listed = (folder / "aflw_test.txt").read_text().split()
    assert listed == sorted(listed) and len(listed) == 4
    assert {face.image for face in test} == {f"flickr/{name}" for name in listed}
    assert len({face.image for face in first}) == 5
    for low, high in ((0, 30), (30, 60), (60, 90)):
        assert within(chosen, low, high) == min(2, within(test, low, high))
    conversion.convert_set("aflw", str(folder))
    assert records_of(folder) == first


def test_aflw_keeps_a_face_whose_pose_is_unknown(laid_out):
    folder = laid_out("aflw")
    with sqlite3.connect(folder / "aflw.sqlite") as connection:
        connection.execute("UPDATE FacePose SET yaw = NULL WHERE face_id = 1")
        connection.execute("UPDATE FacePose SET roll = 'none' WHERE face_id = 2")
        connection.execute("UPDATE FaceRect SET w = NULL WHERE face_id = 3")
    conversion.convert_set("aflw", str(folder))
    assert sorted(reasons_of(folder)) == ["no rectangle", "rectangle or pose does not fit"]
    assert [face.pose for face in records_of(folder)].count(None) == 1


def test_faces_that_are_there_twice_are_kept_once(laid_out):
    """Of AFLW two rows of one rectangle; of UTKFace there cannot be two files of one name."""
    folder = laid_out("aflw")
    with sqlite3.connect(folder / "aflw.sqlite") as connection:
        for table in ("Faces", "FaceRect", "FacePose", "FaceMetaData"):
            about = connection.execute(f"PRAGMA table_info({table})")
            columns = ", ".join(row[1] for row in about if row[1] != "face_id")
            connection.execute(
                f"INSERT INTO {table}(face_id, {columns}) "
                f"SELECT 9999, {columns} FROM {table} WHERE face_id = 1"
            )
    conversion.convert_set("aflw", str(folder))
    assert reasons_of(folder) == ["there twice"]


@pytest.mark.parametrize("name", ["afw", "pascal", "fddb"])
def test_boxes_of_scenes(read_back, name):
    _, found, truth = read_back(name)
    for face, other in by_box(found, truth):
        expected = np.rint(other.box) if name == "pascal" else other.box
        np.testing.assert_allclose(face.box, expected, atol=1e-4)
    if name == "fddb":
        assert {face.split for face in found} <= {f"fold_{fold:02d}" for fold in range(1, 11)}


def test_pose_and_points_of_afw(read_back):
    _, found, truth = read_back("afw")
    for face, other in by_box(found, truth):
        np.testing.assert_allclose(face.pose, other.pose, atol=1e-6)
        for place in AFW_SIX:
            assert face.visibility[place] == other.visibility[place]
            if other.visibility[place]:
                assert face.landmarks[place] == pytest.approx(other.landmarks[place], abs=1e-4)
            else:
                assert face.landmarks[place] is None
