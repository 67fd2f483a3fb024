"""Sets of real photographs and the scenes that are composed of them, on drawn portraits in the same form."""

import json
import os

import cv2
import numpy as np
import pytest

from allinone import boxes, files, record
from data_prep import composites, real_sets


def test_every_face_keeps_its_labels_and_ears_stay_unknown(real_source, real_folders):
    for name in ("celeba", "utkface"):
        lines = [
            json.loads(line)
            for line in (real_source / "real" / f"{name}.jsonl").read_text().splitlines()
        ]
        faces = list(record.read(str(real_folders / name / "records.jsonl")))
        assert [face.image for face in faces] == [line["image"] for line in lines]
        for face, line in zip(faces, lines):
            assert (face.gender, face.age, face.smile, face.box, face.pose) == (
                line["gender"],
                line["age"],
                line.get("smile"),
                line["box"],
                line["pose"],
            )
            assert (face.split == "test") == (line["split"] == "test") and os.path.isfile(
                real_folders / name / face.image
            )
            assert (
                face.visibility[12] is None
                and face.landmarks[16] is None
                and face.visibility[0] == 1
            )
    photos = list(record.read(str(real_folders / "photos" / "records.jsonl")))
    assert {face.split for face in photos} == {"test"} and any(face.ignore for face in photos)


def test_people_with_few_pictures_teach_no_identity_and_keep_it_for_testing(tmp_path):
    (tmp_path / "celeba").mkdir()
    lines = [
        dict(image=f"celeba/{number}.jpg", identity=who, split=split, gender=0)
        for number, (who, split) in enumerate([(1, "train")] * 2 + [(2, "train"), (3, "test")])
    ]
    (tmp_path / "celeba.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    real_sets.write(str(tmp_path), "celeba", str(tmp_path / "out"))
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
        expect_refusal(
            real_sets.main, ["--real", tmp_path, "--out", tmp_path / "out"], "celeba.jsonl", words
        )
    expect_refusal(
        real_sets.main,
        ["--real", tmp_path / "none", "--out", tmp_path / "out"],
        "celeba.jsonl",
        "REAL",
    )


@pytest.fixture(scope="module")
def scenes(real_folders):
    out = real_folders / "composites"
    assert (
        composites.main(
            [
                "--records",
                str(real_folders / "celeba" / "records.jsonl"),
                str(real_folders / "utkface" / "records.jsonl"),
                "--count",
                "60",
                "--seed",
                "4",
                "--out",
                str(out),
            ]
        )
        == 0
    )
    return out


def test_composed_scenes_have_faces_where_they_say(real_folders, scenes):
    """The picture in a face's box is that of the portrait that was pasted: by correlation, whatever its tint."""
    portraits = [
        (face, files.read_image(str(real_folders / name / face.image)))
        for name in ("celeba", "utkface")
        for face in record.read(str(real_folders / name / "records.jsonl"))
        if face.split == "train"
    ]
    cut = lambda image, box: (
        cv2.resize(
            image[max(int(box[1]), 0) : int(box[3]), max(int(box[0]), 0) : int(box[2])],
            (24, 24),
            interpolation=cv2.INTER_AREA,
        )
        .mean(axis=2)
        .ravel()
    )
    known = np.stack([cut(image, face.box) for face, image in portraits])
    pictures, close = dict(record.faces_by_picture(record.read(str(scenes / "records.jsonl")))), []
    for image, faces in pictures.items():
        picture = files.read_image(str(scenes / image))
        height, width = picture.shape[:2]
        for face in faces:
            if (
                face.box[0] >= 0
                and face.box[1] >= 0
                and face.box[2] <= width
                and face.box[3] <= height
                and face.box[3] - face.box[1] > 40
            ):
                close.append(max(np.corrcoef(np.vstack([cut(picture, face.box), known]))[0, 1:]))
                assert (
                    np.nanmin(face.landmark_array() - face.box[:2]) > -8
                    and np.nanmax(face.landmark_array() - face.box[2:]) < 8
                )
        for number, face in enumerate(faces):
            assert not (
                boxes.intersection([face.box], [other.box for other in faces[number + 1 :]]) > 0
            ).any()
    assert (
        len(pictures) == 60
        and len(close) > 15
        and np.median(close) > 0.9
        and np.mean(np.array(close) > 0.7) > 0.9
    )
    empty = sum(not faces for faces in pictures.values())
    assert 2 <= empty <= 25


def test_the_same_seed_composes_the_same_scenes(real_folders, scenes, tmp_path):
    again = [
        "--records",
        str(real_folders / "celeba" / "records.jsonl"),
        str(real_folders / "utkface" / "records.jsonl"),
        "--count",
        "5",
    ]
    for seed in ("4", "5"):
        assert composites.main([*again, "--seed", seed, "--out", str(tmp_path / seed)]) == 0
    first = (scenes / "images" / "000003.jpg").read_bytes()
    assert (
        (tmp_path / "4" / "images" / "000003.jpg").read_bytes()
        == first
        != (tmp_path / "5" / "images" / "000003.jpg").read_bytes()
    )


def test_portraits_of_other_parts_are_not_pasted(real_folders, expect_refusal, tmp_path):
    expect_refusal(
        composites.main,
        [
            "--records",
            real_folders / "celeba" / "records.jsonl",
            "--split",
            "moon",
            "--count",
            3,
            "--out",
            tmp_path / "x",
        ],
        "moon",
    )
