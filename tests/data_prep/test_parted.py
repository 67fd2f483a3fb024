"""Portraits, which become scenes, and other pictures."""

import pytest
from PIL import Image

from allinone import record
from allinone.record import FaceRecord
from data_prep import parted

LARGE, SMALL = [10, 10, 60, 80], [10, 10, 30, 30]


@pytest.fixture
def parts(tmp_path):
    """What becomes of six pictures of 100 pixels: {file: images}, and the counts."""
    faces = [
        FaceRecord("a.jpg", box=LARGE, split="train"),
        FaceRecord("b.jpg", box=SMALL, split="train"),
        FaceRecord("c.jpg", box=LARGE, split="train"),
        FaceRecord("c.jpg", box=SMALL, split="train"),
        FaceRecord("d.jpg", age=3, split="train"),
        FaceRecord("e.jpg", box=LARGE, split="val"),
        FaceRecord("f.jpg", box=LARGE, split="train"),
        FaceRecord("f.jpg", box=SMALL, split="test"),
        FaceRecord("g.jpg", box=LARGE, split="test"),
    ]
    (tmp_path / "set").mkdir()
    for name in "abcdefg":
        Image.new("RGB", (100, 100)).save(tmp_path / "set" / f"{name}.jpg")
    lines = "".join(map(record.to_line, faces))
    (tmp_path / "set" / "records.jsonl").write_text(lines)
    out = tmp_path / "out" / "parted"
    counts = parted.write(str(tmp_path / "set" / "records.jsonl"), str(out), ("train", "val"))
    found = {
        path.stem: [face.image for face in record.read(str(path))] for path in out.glob("*.jsonl")
    }
    assert all((out / image).is_file() for images in found.values() for image in images)
    return {stem: [image[-5] for image in images] for stem, images in found.items()}, counts


def test_a_portrait_has_one_face_that_fills_it(parts):
    found, counts = parts
    assert found == dict(
        portraits_train=["a"], others_train=["b", "c", "c", "d"], portraits_val=["e"], others_val=[]
    )
    assert counts["others", "train"] == 3 and counts["portraits", "val"] == 1
