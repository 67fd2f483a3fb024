"""The readers on published annotation files, whole, with the counts that their sources state. Skipped where these files are absent."""

import json
import os

import cv2
import numpy as np
import pytest
import scipy.io
from conftest import ROOT

from allinone import boxes, record
from data_prep import adience, aflw, afw, celeba, convert, fddb, fgnet, lfw, pascal

REFERENCE = os.path.join(ROOT, "..", "shared", "reference")
pytestmark = pytest.mark.skipif(
    not os.path.isdir(REFERENCE),
    reason="../shared/reference, with other people's annotation files, is not there",
)


@pytest.fixture(scope="module")
def stated():
    with open(os.path.join(REFERENCE, "reference.json"), encoding="utf-8") as stream:
        return json.load(stream)


def linked(tmp_path, **files):
    """Return a folder with links to reference files: linked(tmp_path, **{"anno.mat": "face-eval/..."})."""
    for name, source in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        os.symlink(os.path.abspath(os.path.join(REFERENCE, source)), tmp_path / name)
    return str(tmp_path)


def test_afw(tmp_path, stated):
    faces = list(afw.rows(linked(tmp_path, **{"anno.mat": "face-eval/annotations/anno2.mat"})))
    assert not any(isinstance(face, convert.Dropped) for face in faces)
    assert (
        len(faces) == stated["face_eval"]["AFW"]["AP_original_annotations"]["faces"]
        and len({face.image for face in faces}) == 205
    )
    # The signs of pose, by the points themselves: the nose lies where yaw turns it, the eyes slope as roll says.
    points = np.stack([face.landmark_array() for face in faces])
    roll, pitch, yaw = np.array([face.pose for face in faces]).T
    width = np.array([face.box[2] - face.box[0] for face in faces])
    aside = (points[:, 14, 0] - points[:, [7, 10], 0].mean(axis=1)) / width
    for angle in (15, 30, 45):
        assert np.nanmean(aside[yaw == angle]) > 0.04 > -0.03 > np.nanmean(aside[yaw == -angle])
    slope = np.degrees(np.arctan2(*(points[:, 10] - points[:, 7]).T[::-1]))
    frontal = np.abs(yaw) < 30
    for angle in (-15, 0, 15):
        assert np.nanmean(slope[frontal & (roll == angle)]) == pytest.approx(angle, abs=4)
    eyes, mouth = points[:, [7, 10]].mean(axis=1), points[:, [17, 18, 19]].mean(axis=1)
    along = ((points[:, 14] - eyes) * (mouth - eyes)).sum(axis=1) / ((mouth - eyes) ** 2).sum(
        axis=1
    )  # 0: at the eyes, 1: at the mouth
    assert (
        np.nanmean(along[frontal & (pitch > 15)])
        < np.nanmean(along[frontal & (pitch == 0)])
        < np.nanmean(along[frontal & (pitch < -15)])
    )


def test_aflw_yaw():
    """The sign of yaw by AFLW's own points: the nose lies towards the image's right, seen from the eyes, where our yaw is above 0."""
    points = np.load(os.path.join(REFERENCE, "aflw", "AFLW_GT_pts21.npy")).transpose(0, 2, 1)
    yaws = np.load(os.path.join(REFERENCE, "aflw", "AFLW_GT_crop_yaws.npy"))
    known = (points[:, [7, 10, 14]] >= 0).all(axis=(1, 2))
    aside = (points[known, 14, 0] - points[known][:, [7, 10], 0].mean(axis=1)) / np.ptp(
        points[known][:, [7, 10], 0], axis=1
    )
    ours = np.array([aflw.pose_of(0, 0, np.radians(yaw))[2] for yaw in yaws[known]])
    for angle in (15, 30, 45):
        near = lambda sign: aside[np.abs(ours - sign * angle) < 5]
        assert len(near(1)) > 500 and np.median(near(1)) > 0.1 and np.median(near(-1)) < -0.1
    assert abs(np.median(aside[np.abs(ours) < 2])) < 0.05


def test_pascal(tmp_path, stated):
    faces = list(
        pascal.rows(linked(tmp_path, **{pascal.FILE: f"face-eval/annotations/{pascal.FILE}"}))
    )
    expected = stated["face_eval"]["PASCAL"]
    assert sum(face.box is not None for face in faces) == expected["faces"] + expected["ignored"]
    assert len({face.image for face in faces}) == expected["images"]


def test_fddb(tmp_path, stated):
    faces = list(fddb.rows(linked(tmp_path, **{"FDDB-folds": "fddb/FDDB-folds"})))
    assert (
        sum(face.box is not None for face in faces) == stated["fddb"]["faces"]
        and len({face.image for face in faces}) == stated["fddb"]["images"]
    )
    assert {face.split for face in faces} == {f"fold_{fold:02d}" for fold in range(1, 11)}


def test_an_ellipses_box_holds_just_its_points():
    """Against 100,000 points of the ellipse."""
    major, minor, angle, x, y = 123.5833, 85.5495, 1.265839, 269.6934, 161.7812
    turns = np.linspace(0, 2 * np.pi, 100000)
    across, down = major * np.cos(turns), minor * np.sin(turns)
    points = np.stack(
        [
            x + across * np.cos(angle) - down * np.sin(angle),
            y + across * np.sin(angle) + down * np.cos(angle),
        ]
    )
    np.testing.assert_allclose(
        fddb.ellipse_box(major, minor, angle, x, y),
        [*points.min(axis=1), *points.max(axis=1)],
        atol=1e-3,
    )


def test_adience(tmp_path, stated):
    rows = list(
        adience.rows(linked(tmp_path, **{name: f"lists/adience/{name}" for name in adience.FOLDS}))
    )
    assert len(rows) == stated["lists"]["adience_faces_after_headers"]
    faces = [row for row in rows if not isinstance(row, convert.Dropped)]
    assert {face.age_sigma for face in faces} <= {None, 3, 10, 3.75, 2.5}
    by_band = {
        age: sum(face.age == age and face.age_sigma is not None for face in faces)
        for age in (28.5, 1, 40.5)
    }
    assert by_band == {28.5: 4950, 1: 2519, 40.5: 2300}  # cut -f4 | sort | uniq -c


def test_celeba(stated):
    partition = celeba.by_picture(
        os.path.join(REFERENCE, "lists", "celeba", "list_eval_partition.txt"), 1
    )
    counts = [sum(split == [str(number)] for split in partition.values()) for number in range(3)]
    assert counts == stated["lists"]["celeba_partition"]
    rows = list(
        celeba.attributes(os.path.join(REFERENCE, "lists", "celeba", "list_attr_celeba.txt"))
    )
    assert len(rows) == 20000 and not any(isinstance(row, convert.Dropped) for row in rows)
    picture, values = rows[0]
    assert (
        picture == "000001.jpg"
        and len(values) == 40
        and values["Male"] == -1
        and values["Smiling"] == 1
    )


def test_lfw(stated):
    pairs = list(lfw.pairs(os.path.join(REFERENCE, "lists", "lfw_pairs.txt")))
    assert len(pairs) == stated["lists"]["lfw_pairs"] and not any(
        isinstance(pair, convert.Dropped) for pair in pairs
    )
    assert [pair[:2] for pair in pairs] == [
        (fold, same) for fold in range(1, 11) for same in [1] * 300 + [0] * 300
    ]
    assert pairs[0][2:] == (
        "lfw/Abel_Pacheco/Abel_Pacheco_0001.jpg",
        "lfw/Abel_Pacheco/Abel_Pacheco_0004.jpg",
    )
    for _, same, first, second in pairs:
        assert same == (os.path.dirname(first) == os.path.dirname(second)) and first != second


def test_fgnet(tmp_path, stated):
    """The names of all its pictures, with one picture and one set of points under each: the ages are those that another's metadata give."""
    metadata = scipy.io.loadmat(
        os.path.join(REFERENCE, "lists", "fgnet", "src", "dataset_meta", "FGNET_metadata.mat")
    )
    names, ages = [
        [str(np.ravel(cell)[0]) for cell in metadata[field][0]] for field in ("filename", "age")
    ]
    cv2.imwrite(str(tmp_path / "one.jpg"), np.zeros((100, 100, 3), np.uint8))
    points = "\n".join(f"{30 + number % 7} {20 + number}" for number in range(68))
    (tmp_path / "one.pts").write_text(f"version: 1\nn_points: 68\n{{\n{points}\n}}\n")
    for folder, suffix, source in (
        (fgnet.PICTURES, ".JPG", "one.jpg"),
        (fgnet.POINTS, ".pts", "one.pts"),
    ):
        (tmp_path / folder).mkdir()
        for name in names:
            stem = os.path.splitext(name)[0]
            os.symlink(
                tmp_path / source,
                tmp_path / folder / ((stem.lower() if suffix == ".pts" else stem) + suffix),
            )
    assert convert.main(["fgnet", "--folder", str(tmp_path)]) == 0
    faces = {
        os.path.basename(face.image): face for face in record.read(str(tmp_path / "records.jsonl"))
    }
    assert (
        len(faces) == stated["lists"]["fgnet"]["names"]
        and len({face.identity for face in faces.values()}) == stated["lists"]["fgnet"]["people"]
    )
    assert [faces[os.path.splitext(name)[0] + ".JPG"].age for name in names] == [
        float(age) for age in ages
    ]


def test_celeba_pictures(tmp_path, stated):
    """8,974 real pictures through the official lists, at half their size and without a list of points."""
    lists, pictures = (
        os.path.join(REFERENCE, "lists", "celeba"),
        os.path.join(ROOT, "..", "shared", "real", "celeba"),
    )
    for name in (celeba.ATTRIBUTES, celeba.IDENTITIES, celeba.PARTITION):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        os.symlink(os.path.abspath(os.path.join(lists, os.path.basename(name))), tmp_path / name)
    (tmp_path / "Img").mkdir()
    os.symlink(os.path.abspath(pictures), tmp_path / celeba.PICTURES)
    with open(
        os.path.join(ROOT, "..", "shared", "real", "celeba.jsonl"), encoding="utf-8"
    ) as stream:
        known = {os.path.basename(row["image"]): row for row in map(json.loads, stream)}
    assert convert.main(["celeba", "--folder", str(tmp_path)]) == 0
    faces = {
        os.path.basename(face.image): face for face in record.read(str(tmp_path / "records.jsonl"))
    }
    attributes = {row[0] for row in celeba.attributes(str(tmp_path / celeba.ATTRIBUTES))}
    assert set(faces) == set(known) & attributes and len(faces) > 800
    overlaps = []
    for name, face in faces.items():
        assert (face.gender, face.smile) == (known[name]["gender"], known[name]["smile"])
        if known[name].get("box"):
            overlaps.append(boxes.iou([face.box], [known[name]["box"]]).item())
    assert np.mean(overlaps) > 0.8  # the box by how the pictures are cut, beside that of 68 points


def test_utkface(tmp_path):
    """8,578 real pictures: converted whole, with the ages and genders that the list beside them states."""
    real = os.path.join(ROOT, "..", "shared", "real")
    os.symlink(os.path.abspath(os.path.join(real, "utkface")), tmp_path / "pictures")
    folder = tmp_path / "utkface"
    folder.mkdir()
    for name in os.listdir(tmp_path / "pictures"):
        os.symlink(tmp_path / "pictures" / name, folder / name)
    with open(os.path.join(real, "utkface.jsonl"), encoding="utf-8") as stream:
        stated = {os.path.basename(row["image"]): row for row in map(json.loads, stream)}
    assert convert.main(["utkface", "--folder", str(folder)]) == 0
    faces = list(record.read(str(folder / "records.jsonl")))
    too_old = sum(row["age"] > convert.OLDEST for row in stated.values())
    assert len(faces) == len(stated) - too_old and len(stated) == 8578
    assert all(
        (face.age, face.gender) == (stated[face.image]["age"], stated[face.image]["gender"])
        for face in faces
    )
