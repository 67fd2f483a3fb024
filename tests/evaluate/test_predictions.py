"""Predictions as lines: what they say, when they are computed anew, what a kill leaves."""

import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
from drawn_benchmarks import lines_in

from allinone import landmarks, record, tasks
from allinone.errors import InputError
from allinone.face import Face
from allinone.pictures import write_image
from allinone.record import FaceRecord
from evaluate import answers, predictions

PICTURES = 7


class Analyzer:
    """Says of a picture what its brightness is: as many faces are found, of that age."""

    opened = 0
    seen = 0  # pictures
    backend = SimpleNamespace(model=SimpleNamespace(calibrated=lambda score: score / 2))

    def __init__(self, folder, engine, device, proposals, stage1):
        Analyzer.opened += 1

    def find_many(self, pictures, score):
        assert score == answers.SCORE / 2  # what it has become in this model
        Analyzer.seen += len(pictures)
        return [self.stage1(int(picture[0, 0, 0])) for picture in pictures]

    def look_closer(self, pictures, regions):
        return {**self.stage1(1), "boxes": np.float32(regions)}

    def stage1(self, count):
        corner = np.arange(count, dtype=np.float32)[:, None] * 10
        return dict(
            boxes=np.concatenate([corner, corner, corner + 5, corner + 7], axis=1),
            score=np.linspace(0.9, 0.8, count, dtype=np.float32),
            landmarks=np.full((count, landmarks.COUNT, 2), 1 / 3, np.float32),
            visibility=np.full((count, landmarks.COUNT), 0.25, np.float32),
            pose=np.tile(np.float32([1, 2, 3]), (count, 1)),
        )

    def describe(self, picture, found):
        (face,) = answers.stage1_faces(found)
        face.smile, face.gender, face.age = 0.25, 0.75, -float(picture[0, 0, 0])
        face.descriptor = np.full(predictions.WIDTH, picture[0, 0, 0], np.float32)
        return [face]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with pictures of 0 to 3 faces, one that cannot be read, and records of some."""
    monkeypatch.setattr(predictions, "FaceAnalyzer", Analyzer)
    Analyzer.opened = Analyzer.seen = 0
    faces = []
    for number in range(PICTURES):
        name, count = f"{number}.png", (2, 0, 3, 1, 2, 1, 3)[number]
        write_image(str(tmp_path / name), np.full((9, 9, 3), count, np.uint8))
        faces += [FaceRecord(name, box=[1, 1, 4, 5 + face]) for face in range(count)]
        if not count:
            faces.append(FaceRecord(name))  # none is annotated, none is found
    (tmp_path / "4.png").write_bytes(b"no picture")
    (tmp_path / "records.jsonl").write_text("".join(map(record.to_line, faces)))
    return tmp_path


def predict(folder, out, kind, descriptors=False, **changes):
    pictures = predictions.records_in(str(folder / "records.jsonl"))
    settings = dict(kind=kind, proposals="dense", score="aligned", stage=2, attributes=False)
    settings.update(changes)
    models = {None: "a model"}
    return predictions.predict(
        str(out), str(folder), pictures, models, settings, descriptors=descriptors
    )


def test_a_line_is_a_face_that_was_found(folder):
    said = predict(folder, folder / "out", "detect")
    assert [len(one.faces) for one in said] == [2, 0, 3, 1, 0, 1, 3]
    lines = list(map(json.loads, lines_in(folder / "out")))
    assert [line["image"] for line in lines].count("2.png") == 3
    (none,) = [line for line in lines if line["image"] == "1.png"]
    assert none == {"image": "1.png"}
    (unread,) = [line for line in lines if line["image"] == "4.png"]
    assert "4.png" in unread["error"] and said[4].error == unread["error"]
    found = said[2].faces[1]
    assert found.box == [10, 10, 15, 17] and found.score == pytest.approx(0.85)
    assert found.age is None and found.landmarks[0] == [0.3333, 0.3333]


def test_a_line_is_an_annotated_face(folder):
    said = predict(folder, folder / "out", "faces", descriptors=True)
    # Of the second picture nothing is known, and nothing is found.
    assert [len(one.faces) for one in said] == [2, 1, 3, 1, 0, 1, 3]
    assert said[1].faces == [None] and said[0].faces[1].box == [1, 1, 4, 6]
    assert said[2].faces[0].age == -3  # a net may say so
    pictures = predictions.records_in(str(folder / "records.jsonl"))
    pairs = predictions.all_pairs(pictures, said)
    assert len(pairs) == len(list(record.read(str(folder / "records.jsonl")))) == 13
    assert sum(found is None for _, found in pairs) == 3  # one not found, two not read
    rows = predictions.read_descriptors(str(folder / "out"))
    known = predictions.pair_up(pictures, said)
    assert rows[:, 0].tolist() == [-found.age for _, found in known]


def test_a_line_has_an_answer_for_each_task_that_was_asked(folder):
    predict(folder, folder / "out", "faces")
    line = json.loads(lines_in(folder / "out")[0])
    wanted = {task.field for task in tasks.TASKS if task.kind != tasks.DESCRIPTOR}
    assert wanted <= set(line)
    face = Face(box=np.zeros(4), **{task.field: 0.5 for task in tasks.of_stage(2)})
    assert answers.record_of("x", face).smile == 0.5


class Stopped(BaseException):
    """Stands for a kill."""


def stopped(folder, out, kind, descriptors, after, monkeypatch):
    """Predict until some pictures are done; return what stands in the folder then."""
    seen, read = [], predictions.read_image

    def counted(path):
        if len(seen) == after:
            raise Stopped
        seen.append(path)
        return read(path)

    monkeypatch.setattr(predictions, "read_image", counted)
    with pytest.raises(Stopped):
        predict(folder, out, kind, descriptors)
    monkeypatch.setattr(predictions, "read_image", read)
    assert not (out / predictions.LINES).exists()
    return {path.name: path.read_bytes() for path in out.iterdir() if "partial" in path.name}


@pytest.mark.parametrize("kind, descriptors", [("detect", False), ("faces", True)])
def test_a_run_that_was_killed_anywhere_ends_in_the_same_bytes(
    folder, kind, descriptors, monkeypatch
):
    """Each of the files is cut at random places, changed, or gone, alone and with the others."""
    predict(folder, folder / "whole", kind, descriptors)
    whole = (folder / "whole" / predictions.LINES).read_bytes()
    rows = predictions.read_descriptors(str(folder / "whole")).tobytes() if descriptors else b""
    out, rng = folder / "out", np.random.default_rng(7)
    left = stopped(folder, out, kind, descriptors, PICTURES - 1, monkeypatch)
    assert len(left) == (3 if descriptors else 2)
    for _ in range(60):
        shutil.rmtree(out)
        shutil.copytree(folder / "whole", out)
        for name in (predictions.LINES, predictions.DESCRIPTORS):
            (out / name).unlink(missing_ok=True)
        for name, data in left.items():
            damaged = bytearray(data[: rng.integers(len(data) + 1)] if rng.random() < 0.7 else data)
            if damaged and rng.random() < 0.3:
                damaged[rng.integers(len(damaged))] ^= 1 << rng.integers(8)
            if rng.random() < 0.9:
                (out / name).write_bytes(damaged + rng.bytes(rng.integers(3)))
        predict(folder, out, kind, descriptors)
        assert (out / predictions.LINES).read_bytes() == whole
        if descriptors:
            assert predictions.read_descriptors(str(out)).tobytes() == rows
        assert not [path.name for path in out.iterdir() if "partial" in path.name]


def test_what_is_finished_is_not_done_again(folder, monkeypatch):
    predict(folder, folder / "whole", "detect")
    assert Analyzer.seen == PICTURES - 1
    out = folder / "out"
    stopped(folder, out, "detect", False, 2, monkeypatch)
    assert Analyzer.seen == PICTURES - 1 + 2
    with open(out / f"{predictions.LINES}.partial", "a") as stream:
        stream.write('{"image": "2.png", "box": [0, 0')  # the third picture's first line, cut
    predict(folder, out, "detect")
    assert Analyzer.seen == 2 * (PICTURES - 1)
    opened = Analyzer.opened
    predict(folder, out, "detect")
    assert Analyzer.opened == opened
    predict(folder, out, "detect", proposals="selective-search")
    assert Analyzer.opened == opened + 1


def test_a_run_that_another_engine_had_begun_starts_anew(folder, monkeypatch):
    out = folder / "out"
    stopped(folder, out, "detect", False, 3, monkeypatch)
    pictures = predictions.records_in(str(folder / "records.jsonl"))
    settings = json.loads((out / predictions.SETTINGS).read_text())
    del settings["descriptors"]
    seen = Analyzer.seen
    models = {None: "a model"}
    predictions.predict(str(out), str(folder), pictures, models, settings, engine="opencv")
    assert Analyzer.seen - seen == PICTURES - 1


@pytest.mark.parametrize("name", [predictions.LINES, predictions.DESCRIPTORS])
@pytest.mark.parametrize("damage", ["a digit", "empty"])
def test_finished_predictions_that_were_changed_are_refused(folder, name, damage):
    out = folder / "out"
    predict(folder, out, "faces", descriptors=True)
    data = bytearray((out / name).read_bytes())
    data[-30] ^= 1
    (out / name).write_bytes(b"" if damage == "empty" else data)
    with pytest.raises(InputError, match=f"{name}: damaged or changed; .*measure again"):
        predict(folder, out, "faces", descriptors=True)


def test_of_finished_predictions_that_are_gone_descriptors_are_missed_and_lines_computed(folder):
    out = folder / "out"
    predict(folder, out, "faces", descriptors=True)
    whole = (out / predictions.LINES).read_bytes()
    (out / predictions.DESCRIPTORS).unlink()
    with pytest.raises(InputError, match=f"{predictions.DESCRIPTORS}: .*measure again"):
        predict(folder, out, "faces", descriptors=True)
    (out / predictions.LINES).unlink()
    predict(folder, out, "faces", descriptors=True)
    assert (out / predictions.LINES).read_bytes() == whole
    assert len(predictions.read_descriptors(str(out)))


def test_a_picture_whose_records_stand_apart_is_one_picture(folder):
    faces = list(record.read(str(folder / "records.jsonl")))
    apart = [faces[0], *faces[2:], faces[1]]
    (folder / "records.jsonl").write_text("".join(map(record.to_line, apart)))
    pictures = predictions.records_in(str(folder / "records.jsonl"))
    assert [len(some) for _, some in pictures] == [2, 1, 3, 1, 2, 1, 3]
