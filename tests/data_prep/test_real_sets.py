"""Sets of real photographs, and scenes composed of them, on drawn portraits in the same form."""

import json
import os
import signal
import subprocess
import sys

import cv2
import numpy as np
import pytest
from conftest import run_well, started

from allinone import boxes, pictures, record
from data_prep import composing, labelled_photos

REAL_SETS, COMPOSITES = "data_prep.real_sets", "data_prep.composites"
LEFT_EAR, RIGHT_EAR = 12, 16


def portrait_records(folder):
    """Return the records files of the two sets of portraits."""
    return [folder / name / "records.jsonl" for name in ("celeba", "utkface")]


def test_every_face_keeps_its_labels_and_ears_stay_unknown(real_source, real_folders):
    for name in ("celeba", "utkface"):
        texts = (real_source / "real" / f"{name}.jsonl").read_text().splitlines()
        lines = [json.loads(text) for text in texts]
        faces = list(record.read(str(real_folders / name / "records.jsonl")))
        assert [face.image for face in faces] == [line["image"] for line in lines]
        for face, line in zip(faces, lines):
            for field in ("gender", "age", "smile", "box", "pose"):
                assert getattr(face, field) == line.get(field)
            assert (face.split == "test") == (line["split"] == "test")
            assert os.path.isfile(real_folders / name / face.image)
            assert face.visibility[LEFT_EAR] is None and face.landmarks[RIGHT_EAR] is None
            assert face.visibility[0] == 1
    photos = list(record.read(str(real_folders / "photos" / "records.jsonl")))
    assert {face.split for face in photos} == {"test"} and any(face.ignore for face in photos)


def test_people_with_few_pictures_teach_no_identity_and_keep_it_for_testing(tmp_path):
    (tmp_path / "celeba").mkdir()
    lines, people = [], [(1, "train")] * 2 + [(2, "train"), (3, "test")]
    for number, (who, split) in enumerate(people):
        lines.append(dict(image=f"celeba/{number}.jpg", identity=who, split=split, gender=0))
    (tmp_path / "celeba.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    labelled_photos.write(str(tmp_path), "celeba", str(tmp_path / "out"))
    faces = list(record.read(str(tmp_path / "out" / "celeba" / "faces.jsonl")))
    assert [(face.identity, face.split) for face in faces] == [
        (1, "train"),
        (1, "train"),
        (None, "train"),
        (3, "test"),
    ]


def test_a_line_that_does_not_fit_is_named(tmp_path, expect_refusal):
    for text, words in (("{", "line 1"), ('{"age": 3}\n', "image")):
        (tmp_path / "celeba.jsonl").write_text(text)
        command = ["--real", tmp_path, "--out", tmp_path / "out"]
        expect_refusal(REAL_SETS, command, "celeba.jsonl", words)
    command = ["--real", tmp_path / "none", "--out", tmp_path / "out"]
    expect_refusal(REAL_SETS, command, "celeba.jsonl", "REAL")


@pytest.fixture(scope="module")
def scenes(real_folders):
    """A folder of 60 composed scenes."""
    out = real_folders / "composites"
    base = ["--records", *portrait_records(real_folders), "--count", 60, "--seed", 4]
    run_well(COMPOSITES, *base, "--out", out)
    return out


def small_grey(image, box):
    """Return what is in a box as 24x24 grey values in a row."""
    x1, y1, x2, y2 = np.maximum(np.array(box), 0).astype(int)
    small = cv2.resize(image[y1:y2, x1:x2], (24, 24), interpolation=cv2.INTER_AREA)
    return small.mean(axis=2).ravel()


def is_whole(box, picture):
    """Tell whether a box lies in a picture and is large enough to be compared."""
    height, width = picture.shape[:2]
    inside = box[0] >= 0 and box[1] >= 0 and box[2] <= width and box[3] <= height
    return inside and box[3] - box[1] > 40


def test_composed_scenes_have_faces_where_they_say(real_folders, scenes):
    """The picture in a face's box is that of the portrait, by correlation, whatever its tint."""
    known = []
    for path in portrait_records(real_folders):
        for face in record.read(str(path)):
            if face.split == "train":
                image = pictures.read_image(str(path.parent / face.image))
                known.append(small_grey(image, face.box))
    faces_of = dict(record.faces_by_picture(record.read(str(scenes / "records.jsonl"))))
    close = []
    for image, faces in faces_of.items():
        picture = pictures.read_image(str(scenes / image))
        for number, face in enumerate(faces):
            others = [other.box for other in faces[number + 1 :]]
            assert not (boxes.intersection([face.box], others) > 0).any()
            if is_whole(face.box, picture):
                here = small_grey(picture, face.box)
                close.append(max(np.corrcoef(np.vstack([here, *known]))[0, 1:]))
                assert np.nanmin(face.landmark_array() - face.box[:2]) > -8
                assert np.nanmax(face.landmark_array() - face.box[2:]) < 8
    assert len(faces_of) == 60 and len(close) > 15
    assert np.median(close) > 0.9 and np.mean(np.array(close) > 0.7) > 0.9
    assert 2 <= sum(not faces for faces in faces_of.values()) <= 25


def test_the_same_seed_composes_the_same_scenes(real_folders, scenes, tmp_path):
    base = ["--records", *portrait_records(real_folders), "--count", 5]
    for seed in ("4", "5"):
        run_well(COMPOSITES, *base, "--seed", seed, "--out", tmp_path / seed)
    name = "images/000003.jpg"
    same, other = [(tmp_path / seed / name).read_bytes() for seed in ("4", "5")]
    assert same == (scenes / name).read_bytes() != other


def test_portraits_of_other_parts_are_not_pasted(real_folders, expect_refusal, tmp_path):
    celeba, _ = portrait_records(real_folders)
    command = ["--records", celeba, "--split", "moon", "--count", 3, "--out", tmp_path / "x"]
    expect_refusal(COMPOSITES, command, celeba, "moon", "--split")
    assert not (tmp_path / "x").exists()


def test_a_face_beside_another_one_is_not_pasted(tmp_path):
    """With the picture the other face would come, and be background."""
    lines = []
    for image in ("two.jpg", "two.jpg", "one.jpg"):
        some = dict(box=[10, 10, 60, 60], landmarks=[[30, 30]] * 21, split="train")
        lines.append(record.to_line(record.FaceRecord(image, **some)))
    (tmp_path / "records.jsonl").write_text("".join(lines))
    found = composing.portraits_of([str(tmp_path / "records.jsonl")], ["train"])
    assert found.paths == [str(tmp_path / "one.jpg")]


@pytest.mark.parametrize("box", [[2600, 20, 2660, 80], [10, 20, 290, 60]])
def test_a_face_for_which_there_is_no_room_is_left_out(rng, box):
    """At the right of a panorama, and one that is as wide as a scene; NumPy draws from no room."""
    face = record.FaceRecord("a.jpg", box=box, landmarks=[[30, 30]] * 21)
    canvas, image = np.zeros((300, 240, 3), np.float32), np.zeros((100, 2700, 3), np.uint8)
    for _ in range(20):
        pasted = composing.paste(rng, canvas, face, image, [])
        assert pasted is None or pasted.box[0] > -30


def test_ctrl_c_leaves_no_half_made_folder(real_folders, tmp_path):
    base = ["--records", *portrait_records(real_folders), "--count", 5000, "--out", tmp_path / "x"]
    command = [sys.executable, "-m", COMPOSITES, *map(str, base)]
    with started(command, stdout=subprocess.DEVNULL) as running:
        while not list((tmp_path).glob("x.partial/images/*")) and running.poll() is None:
            os.sched_yield()
        os.killpg(running.pid, signal.SIGINT)
        message = running.communicate(timeout=30)[1]
    assert running.returncode == 130 and "Traceback" not in message, message
    assert not (tmp_path / "x").exists() and not (tmp_path / "x.partial").exists()
