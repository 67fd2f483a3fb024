"""The model that comes with the kit."""

import json
import os

import cv2
import numpy as np
import pytest
from conftest import ROOT
from skimage import data

from allinone import FaceAnalyzer, embeddings, model, reading
from evaluate import tpe

FOLDER = os.path.join(ROOT, model.SHIPPED)
REAL = os.path.join(ROOT, "..", "shared", "real")
LARGEST = 16 * 2**20  # bytes


def size_of(name):
    return os.path.getsize(os.path.join(FOLDER, name))


def test_it_is_small_whole_and_says_where_it_comes_from():
    parts = (*model.FUSED, *model.DENSE, *model.PROPOSAL, *model.SCREEN, model.PROVENANCE)
    parts = (*parts, model.TPE, "README.md")
    assert min(size_of(name) for name in parts) > 1000
    assert size_of(model.FUSED[1]) <= LARGEST
    told = reading.read_json(os.path.join(FOLDER, model.PROVENANCE), "")
    assert told["profile"] == "small" and told["largest_difference"] and told["sources"]
    assert '"/' not in json.dumps(told)  # nor where its makers keep their data
    weights, threshold = embeddings.of_model(model.open_model())
    assert weights.shape == (tpe.SIZE, 512) and 0 < threshold < 1


def test_it_is_the_default_and_sees_who_is_there():
    """Eileen Collins, smiling, on the photograph that scikit-image ships.

    Where her face is is plain to see.
    """
    analyzer = FaceAnalyzer(engine="opencv")
    assert os.path.samefile(analyzer.backend.folder, FOLDER)
    faces = analyzer.analyze(cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR))
    face = faces[0]
    x, y = (face.box[:2] + face.box[2:]) / 2
    assert 195 < x < 250 and 90 < y < 150 and 70 < face.box[3] - face.box[1] < 170
    assert len(faces) == 1 and face.smile > 0.5 and face.gender > 0.5 and 18 < face.age < 60
    eyes, mouth = face.landmarks[[7, 10]].mean(axis=0), face.landmarks[[17, 18, 19]].mean(axis=0)
    assert np.linalg.norm(eyes - [222, 103]) < 15 and np.linalg.norm(mouth - [224, 147]) < 18


@pytest.mark.skipif(
    not os.path.isdir(REAL),
    reason="../shared/real, with labelled faces that the model has not learnt from, is not there",
)
def test_it_says_of_faces_that_it_has_not_seen_what_people_say():
    """Every eighth face of UTKFace's part for testing.

    The limits are three standard errors below the card's figures.
    """
    with open(os.path.join(REAL, "utkface.jsonl"), encoding="utf-8") as lines:
        faces = [json.loads(line) for line in lines]
    faces = [face for face in faces if face["split"] == "test" and "box" in face][::8]
    analyzer, right, errors = FaceAnalyzer(engine="opencv"), [], []
    for known in faces:
        path = os.path.join(REAL, known["image"])
        (found,) = analyzer.analyze(path, boxes=[known["box"]])
        errors.append(abs(found.age - known["age"]))
        if known["age"] >= 16:
            right.append((found.gender > 0.5) == known["gender"])
    assert len(right) > 60 and np.mean(right) > 0.89
    assert np.mean(errors) < 7.7
