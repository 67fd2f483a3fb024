"""Contact sheets of what was measured: which faces, in which order, with which words.

tests/evaluate/test_real.py starts the command on what evaluate.real has left.
"""

import json

import numpy as np
import pytest

from allinone import pictures, record
from allinone.record import FaceRecord
from evaluate import contact_sheets, predictions

BOX = [10, 10, 50, 50]
FAR = [60, 60, 100, 100]


def write_set(root, name, labels, answers):
    """Write the pictures and records of a set, and what a model said of them."""
    (root / "data" / name).mkdir(parents=True)
    (root / "results" / name).mkdir(parents=True)
    for face in labels:
        picture = np.full((110, 110, 3), 90, np.uint8)
        pictures.write_image(str(root / "data" / name / face.image), picture)
    records = "".join(map(record.to_line, labels))
    (root / "data" / name / "records.jsonl").write_text(records)
    lines = "".join(map(record.to_line, answers))
    (root / "results" / name / predictions.LINES).write_text(lines)
    kind = "detect" if name == "photos" else "faces"
    (root / "results" / name / predictions.SETTINGS).write_text(json.dumps(dict(kind=kind)))


def places(root):
    return str(root / "data"), str(root / "results")


@pytest.fixture
def celeba(tmp_path):
    """Three faces: told rightly, told wrongly, not found."""
    labels = [
        FaceRecord("0.png", box=BOX, gender=1, age=30.0, pose=[0, 0, 10]),
        FaceRecord("1.png", box=BOX, gender=0),
        FaceRecord("2.png", box=BOX, gender=0),
    ]
    answers = [
        FaceRecord("0.png", box=BOX, gender=0.97, age=41.0, pose=[0, 0, -5]),
        FaceRecord("1.png", box=BOX, gender=0.8, age=1.0, pose=[0, 0, 0]),
        FaceRecord("2.png"),
    ]
    write_set(tmp_path, "celeba", labels, answers)
    return tmp_path


def test_entries_are_the_faces_with_a_label_that_were_found(celeba):
    entries = contact_sheets.task_entries(*places(celeba), "celeba")
    found = {task.name: some for task, some in entries}
    assert set(found) == {"gender", "age", "pose"}
    first, second = found["gender"]
    assert first.text == "female 97%, is female" and first.error == pytest.approx(0.03)
    assert second.text == "female 80%, is male" and second.error == pytest.approx(0.8)
    assert [(one.text, one.error) for one in found["age"]] == [("41, is 30", 11)]
    assert [(one.text, one.error) for one in found["pose"]] == [("-5, is 10", 15)]


def test_children_of_utkface_are_not_judged_by_gender(tmp_path):
    labels = [FaceRecord(f"{age}.png", box=BOX, gender=1, age=age) for age in (3.0, 30.0)]
    answers = [FaceRecord(face.image, box=BOX, gender=0.9, age=face.age) for face in labels]
    write_set(tmp_path, "utkface", labels, answers)
    found = dict(contact_sheets.task_entries(*places(tmp_path), "utkface"))
    sizes = {task.name: len(entries) for task, entries in found.items()}
    assert sizes == {"gender": 1, "age": 2}


def test_detections_are_right_false_or_missing(tmp_path):
    labels = [
        FaceRecord("0.png", box=[0, 0, 100, 70]),
        FaceRecord("1.png", box=[0, 0, 100, 70]),
        FaceRecord("2.png", box=[0, 0, 100, 70], ignore=1),
        FaceRecord("3.png"),
    ]
    answers = [
        FaceRecord("0.png", box=[0, 0, 100, 69], score=0.9),
        FaceRecord("0.png", box=FAR, score=0.4),
        FaceRecord("1.png"),
        FaceRecord("2.png"),
        FaceRecord("3.png", box=FAR, score=0.6),
    ]
    write_set(tmp_path, "photos", labels, answers)
    right, wrong = contact_sheets.detection_entries(*places(tmp_path))
    assert [one.text for one in right] == ["0.900, IoU 0.99"]
    assert [one.text for one in wrong] == ["false, 0.400", "missed", "false, 0.600"]
    worst = sorted(wrong, key=contact_sheets.by_error)[-1]
    assert worst.text == "missed" and worst.found is None


def test_a_tile_shows_the_face(celeba):
    entries = dict(contact_sheets.task_entries(*places(celeba), "celeba"))
    (entry,) = [some for task, some in entries.items() if task.name == "age"][0]
    tile = contact_sheets.tile(entry)
    assert tile[:170].shape == (170, 170, 3) and (tile != 90).any()
