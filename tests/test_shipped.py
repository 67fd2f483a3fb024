"""The model that comes with the kit."""

import json
import os
import shutil

import cv2
import numpy as np
import pytest
from conftest import ROOT
from skimage import data

from allinone import FaceAnalyzer, files, snapshots
from allinone.analyzer import SHIPPED
from allinone.errors import InputError
from evaluate import tpe

FOLDER = os.path.join(ROOT, SHIPPED)
REAL = os.path.join(ROOT, "..", "shared", "real")
LARGEST = 16 * 2**20


def test_it_is_small_whole_and_says_where_it_comes_from():
    sizes = {
        name: os.path.getsize(os.path.join(FOLDER, name))
        for name in (
            *snapshots.FUSED,
            *snapshots.DENSE,
            snapshots.PROVENANCE,
            tpe.WITH_MODEL,
            "README.md",
        )
    }
    assert sizes[snapshots.FUSED[1]] <= LARGEST and min(sizes.values()) > 1000
    told = files.read_json(os.path.join(FOLDER, snapshots.PROVENANCE), "")
    assert (
        told["model_sha256"] == files.sha256(os.path.join(FOLDER, snapshots.FUSED[1]))
        and told["largest_difference"]
    )
    weights, threshold = tpe.of_model(FOLDER)
    assert weights.shape == (tpe.SIZE, 512) and 0 < threshold < 1


def test_it_is_the_default_and_sees_who_is_there():
    """Eileen Collins, smiling, on the photograph that scikit-image ships: where her face is is plain to see. Her gender the model gets wrong, as its card says."""
    analyzer = FaceAnalyzer(engine="opencv")
    assert os.path.samefile(analyzer.backend.folder, FOLDER)
    faces = analyzer.analyze(cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR))
    face = faces[0]
    x, y = (face.box[:2] + face.box[2:]) / 2
    assert 195 < x < 250 and 90 < y < 150 and 70 < face.box[3] - face.box[1] < 170
    assert len(faces) <= 2 and face.smile > 0.5 and 18 < face.age < 60
    eyes, mouth = face.landmarks[[7, 10]].mean(axis=0), face.landmarks[[17, 18, 19]].mean(axis=0)
    assert np.linalg.norm(eyes - [222, 103]) < 15 and np.linalg.norm(mouth - [224, 147]) < 18


@pytest.mark.skipif(
    not os.path.isdir(REAL),
    reason="../shared/real, with labelled faces that the model has not learnt from, is not there",
)
def test_it_says_of_faces_that_it_has_not_seen_what_people_say():
    """Every eighth grown-up and child of UTKFace's part for testing; the limits are three standard errors below the card's figures."""
    with open(os.path.join(REAL, "utkface.jsonl"), encoding="utf-8") as lines:
        faces = [
            face for face in map(json.loads, lines) if face["split"] == "test" and "box" in face
        ][::8]
    analyzer = FaceAnalyzer(engine="opencv")
    found = [
        analyzer.analyze(os.path.join(REAL, face["image"]), boxes=[face["box"]])[0]
        for face in faces
    ]
    right = [
        (one.gender > 0.5) == face["gender"] for one, face in zip(found, faces) if face["age"] >= 16
    ]
    assert len(right) > 60 and np.mean(right) > 0.86
    assert np.mean([abs(one.age - face["age"]) for one, face in zip(found, faces)]) < 9


@pytest.mark.parametrize("name", snapshots.FUSED)
def test_a_damaged_copy_is_refused(tmp_path, name):
    shutil.copytree(FOLDER, tmp_path / "model")
    with open(tmp_path / "model" / name, "ab") as stream:
        stream.write(b"\n")
    with pytest.raises(InputError, match="sha256 differs"):
        FaceAnalyzer(str(tmp_path / "model"))
