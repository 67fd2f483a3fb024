"""The readers on published annotation files, whole, with the counts that their sources state.

Skipped where these files are absent.
"""

import json
import os

import cv2
import numpy as np
import pytest
import scipy.io
from conftest import ROOT
from reader_folders import records_of

from allinone import boxes
from data_prep import conversion, record_checks
from data_prep.reader import Dropped
from data_prep.readers import adience, aflw, afw, celeba, fddb, fgnet, lfw, pascal

SHARED = os.path.join(ROOT, "..", "shared")
REFERENCE, REAL = os.path.join(SHARED, "reference"), os.path.join(SHARED, "real")
LISTS = os.path.join(REFERENCE, "lists")
pytestmark = pytest.mark.skipif(
    not os.path.isdir(REFERENCE),
    reason="../shared/reference, with other people's annotation files, is not there",
)


@pytest.fixture(scope="module")
def stated():
    """Counts that the sources of the files state."""
    with open(os.path.join(REFERENCE, "reference.json"), encoding="utf-8") as stream:
        return json.load(stream)


def linked(folder, **sources):
    """Return a folder with links to reference files, {name in the folder: reference file}."""
    for name, source in sources.items():
        link(folder / name, os.path.join(REFERENCE, source))
    return str(folder)


def link(path, source):
    path.parent.mkdir(parents=True, exist_ok=True)
    os.symlink(os.path.abspath(source), path)


def json_by_picture(path):
    """Return {name of a picture: its line} of a file of JSON lines."""
    with open(path, encoding="utf-8") as lines:
        return {os.path.basename(line["image"]): line for line in map(json.loads, lines)}


def faces_by_picture(folder):
    """Return {name of a picture: its record} of a converted folder."""
    return {os.path.basename(face.image): face for face in records_of(folder)}


@pytest.fixture
def afw_faces(tmp_path):
    """All faces of AFW."""
    return list(afw.rows(linked(tmp_path, **{"anno.mat": "face-eval/annotations/anno2.mat"})))


def test_afw(afw_faces, stated):
    assert not any(isinstance(face, Dropped) for face in afw_faces)
    expected = stated["face_eval"]["AFW"]["AP_original_annotations"]["faces"]
    assert len(afw_faces) == expected and len({face.image for face in afw_faces}) == 205


def test_the_signs_of_afws_pose(afw_faces):
    """By its points: the nose lies where yaw turns it, the eyes slope as roll says."""
    points = np.stack([face.landmark_array() for face in afw_faces])
    roll, pitch, yaw = np.array([face.pose for face in afw_faces]).T
    width = np.array([face.box[2] - face.box[0] for face in afw_faces])
    aside = (points[:, 14, 0] - points[:, [7, 10], 0].mean(axis=1)) / width
    for angle in (15, 30, 45):
        assert np.nanmean(aside[yaw == angle]) > 0.04 > -0.03 > np.nanmean(aside[yaw == -angle])
    slope = np.degrees(np.arctan2(*(points[:, 10] - points[:, 7]).T[::-1]))
    frontal = np.abs(yaw) < 30
    for angle in (-15, 0, 15):
        assert np.nanmean(slope[frontal & (roll == angle)]) == pytest.approx(angle, abs=4)
    eyes, mouth = points[:, [7, 10]].mean(axis=1), points[:, [17, 18, 19]].mean(axis=1)
    down = mouth - eyes
    # The nose between the eyes, 0, and the mouth, 1
    along = ((points[:, 14] - eyes) * down).sum(axis=1) / (down**2).sum(axis=1)
    upward, level, downward = (
        np.nanmean(along[frontal & some]) for some in (pitch > 15, pitch == 0, pitch < -15)
    )
    assert upward < level < downward


def test_aflw_yaw():
    """The sign of yaw by AFLW's own points.

    The nose lies towards the image's right, seen from the eyes, where our yaw is above 0.
    """
    points = np.load(os.path.join(REFERENCE, "aflw", "AFLW_GT_pts21.npy")).transpose(0, 2, 1)
    yaws = np.load(os.path.join(REFERENCE, "aflw", "AFLW_GT_crop_yaws.npy"))
    known = (points[:, [7, 10, 14]] >= 0).all(axis=(1, 2))
    eyes, nose = points[known][:, [7, 10], 0], points[known, 14, 0]
    aside = (nose - eyes.mean(axis=1)) / np.ptp(eyes, axis=1)
    ours = np.array([aflw.pose_of(0, 0, np.radians(yaw))[2] for yaw in yaws[known]])

    def near(angle):
        return aside[np.abs(ours - angle) < 5]

    for angle in (15, 30, 45):
        assert len(near(angle)) > 500
        assert np.median(near(angle)) > 0.1 and np.median(near(-angle)) < -0.1
    assert abs(np.median(aside[np.abs(ours) < 2])) < 0.05


def test_pascal(tmp_path, stated):
    folder = linked(tmp_path, **{pascal.FILE: f"face-eval/annotations/{pascal.FILE}"})
    faces = list(pascal.rows(folder))
    expected = stated["face_eval"]["PASCAL"]
    assert sum(face.box is not None for face in faces) == expected["faces"] + expected["ignored"]
    assert len({face.image for face in faces}) == expected["images"]


def test_fddb(tmp_path, stated):
    faces = list(fddb.rows(linked(tmp_path, **{"FDDB-folds": "fddb/FDDB-folds"})))
    assert sum(face.box is not None for face in faces) == stated["fddb"]["faces"]
    assert len({face.image for face in faces}) == stated["fddb"]["images"]
    assert {face.split for face in faces} == {f"fold_{fold:02d}" for fold in range(1, 11)}


def test_an_ellipses_box_holds_just_its_points():
    """Against 100,000 points of the ellipse."""
    major, minor, angle, x, y = 123.5833, 85.5495, 1.265839, 269.6934, 161.7812
    turns = np.linspace(0, 2 * np.pi, 100000)
    across, down = major * np.cos(turns), minor * np.sin(turns)
    xs = x + across * np.cos(angle) - down * np.sin(angle)
    ys = y + across * np.sin(angle) + down * np.cos(angle)
    np.testing.assert_allclose(
        fddb.ellipse_box(major, minor, angle, x, y),
        [xs.min(), ys.min(), xs.max(), ys.max()],
        atol=1e-3,
    )


def test_adience(tmp_path, stated):
    folder = linked(tmp_path, **{name: f"lists/adience/{name}" for name in adience.FOLDS})
    rows = list(adience.rows(folder))
    assert len(rows) == stated["lists"]["adience_faces_after_headers"]
    faces = [row for row in rows if not isinstance(row, Dropped)]
    assert {face.age_sigma for face in faces} <= {None, 3, 10, 3.75, 2.5}
    in_bands = [face.age for face in faces if face.age_sigma is not None]
    # cut -f4 | sort | uniq -c
    for age, count in ((28.5, 4950), (1, 2519), (40.5, 2300)):
        assert in_bands.count(age) == count


def test_celeba(stated):
    lists = os.path.join(LISTS, "celeba")
    partition, dropped = celeba.by_picture(os.path.join(lists, "list_eval_partition.txt"), 1)
    parts = [part for (part,) in partition.values()]
    counts = [parts.count(str(number)) for number in range(3)]
    assert counts == stated["lists"]["celeba_partition"] and sum(counts) == len(parts)
    assert not dropped
    rows = list(celeba.attributes(os.path.join(lists, "list_attr_celeba.txt")))
    assert len(rows) == 20000 and not any(isinstance(row, Dropped) for row in rows)
    picture, values = rows[0]
    assert picture == "000001.jpg" and len(values) == 40
    assert values["Male"] == -1 and values["Smiling"] == 1


def test_lfw(stated):
    pairs = list(lfw.pairs(os.path.join(LISTS, "lfw_pairs.txt")))
    assert len(pairs) == stated["lists"]["lfw_pairs"]
    assert not any(isinstance(pair, Dropped) for pair in pairs)
    expected = []
    for fold in range(1, 11):
        expected += [(fold, 1)] * 300 + [(fold, 0)] * 300
    assert [pair[:2] for pair in pairs] == expected
    assert pairs[0][2:] == (
        "lfw/Abel_Pacheco/Abel_Pacheco_0001.jpg",
        "lfw/Abel_Pacheco/Abel_Pacheco_0004.jpg",
    )
    for _, same, first, second in pairs:
        assert same == (os.path.dirname(first) == os.path.dirname(second)) and first != second


def test_fgnet(tmp_path, stated):
    """The names of all its pictures, with one picture and one set of points under each.

    The ages are those that somebody else's metadata give.
    """
    metadata = scipy.io.loadmat(
        os.path.join(LISTS, "fgnet", "src", "dataset_meta", "FGNET_metadata.mat")
    )
    stems = [os.path.splitext(str(np.ravel(cell)[0]))[0] for cell in metadata["filename"][0]]
    ages = [float(str(np.ravel(cell)[0])) for cell in metadata["age"][0]]
    cv2.imwrite(str(tmp_path / "one.jpg"), np.zeros((100, 100, 3), np.uint8))
    points = "\n".join(f"{30 + number % 7} {20 + number}" for number in range(68))
    (tmp_path / "one.pts").write_text(f"version: 1\nn_points: 68\n{{\n{points}\n}}\n")
    for stem in stems:
        link(tmp_path / fgnet.PICTURES / f"{stem}.JPG", tmp_path / "one.jpg")
        link(tmp_path / fgnet.POINTS / f"{stem.lower()}.pts", tmp_path / "one.pts")
    conversion.convert_set("fgnet", str(tmp_path))
    faces = faces_by_picture(tmp_path)
    assert len(faces) == stated["lists"]["fgnet"]["names"]
    people = {face.identity for face in faces.values()}
    assert len(people) == stated["lists"]["fgnet"]["people"]
    assert [faces[f"{stem}.JPG"].age for stem in stems] == ages


def test_celeba_pictures(tmp_path, stated):
    """8,974 real pictures by the official lists, at half their size, without a list of points."""
    for name in (celeba.ATTRIBUTES, celeba.IDENTITIES, celeba.PARTITION):
        link(tmp_path / name, os.path.join(LISTS, "celeba", os.path.basename(name)))
    link(tmp_path / celeba.PICTURES, os.path.join(REAL, "celeba"))
    known = json_by_picture(os.path.join(REAL, "celeba.jsonl"))
    conversion.convert_set("celeba", str(tmp_path))
    faces = faces_by_picture(tmp_path)
    listed = {row[0] for row in celeba.attributes(str(tmp_path / celeba.ATTRIBUTES))}
    assert set(faces) == set(known) & listed and len(faces) > 800
    overlaps = []
    for name, face in faces.items():
        assert (face.gender, face.smile) == (known[name]["gender"], known[name]["smile"])
        if known[name].get("box"):
            overlaps.append(boxes.iou([face.box], [known[name]["box"]]).item())
    assert np.mean(overlaps) > 0.8  # the box by how the pictures are cut, and that of 68 points


def test_utkface(tmp_path):
    """8,578 real pictures, with the ages and genders that the list beside them states."""
    for name in os.listdir(os.path.join(REAL, "utkface")):
        link(tmp_path / "utkface" / name, os.path.join(REAL, "utkface", name))
    stated = json_by_picture(os.path.join(REAL, "utkface.jsonl"))
    conversion.convert_set("utkface", str(tmp_path / "utkface"))
    faces = records_of(tmp_path / "utkface")
    too_old = sum(row["age"] > record_checks.OLDEST for row in stated.values())
    assert len(faces) == len(stated) - too_old and len(stated) == 8578
    for face in faces:
        row = stated[face.image]
        assert (face.age, face.gender) == (row["age"], row["gender"])
