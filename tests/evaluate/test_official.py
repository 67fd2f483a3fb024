"""The metrics against the answers of the official programs, on other people's results.

Skipped where these files are absent.
"""

import json
import os

import h5py
import numpy as np
import pytest
from conftest import ROOT, run_well

from evaluate import metrics, probes

REFERENCE = os.path.join(ROOT, "..", "shared", "reference")
pytestmark = pytest.mark.skipif(
    not os.path.isdir(REFERENCE),
    reason="../shared/reference, with other people's results, is not there",
)
FACE_EVAL, FDDB = os.path.join(REFERENCE, "face-eval"), os.path.join(REFERENCE, "fddb")


@pytest.fixture(scope="module")
def stated():
    with open(os.path.join(REFERENCE, "reference.json"), encoding="utf-8") as stream:
        return json.load(stream)


def scored(module, folder, annotations, name):
    """Return what the command of a set says of a file of detections."""
    truth = os.path.join(FACE_EVAL, "annotations", annotations)
    detections = os.path.join(FACE_EVAL, "detections", folder, name)
    done = run_well(module, "--annotations", truth, "--detections", detections, "--json")
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    "module, folder, annotations",
    [
        ("evaluate.afw", "AFW", "new_annotations_AFW.mat"),
        ("evaluate.pascal", "PASCAL", "Annotations_Face_PASCALLayout_large_fixed.mat"),
    ],
)
def test_average_precision_of_peers(module, folder, annotations, stated):
    expected = stated["face_eval"][folder]
    for name, theirs in expected["AP"].items():
        found = scored(module, folder, annotations, name)
        assert (found["faces"], found["ignored"], found["detections"]) == (
            expected["faces"],
            expected["ignored"],
            theirs["detections"],
        )
        assert found["ap_plain"] == pytest.approx(theirs["plain"], abs=0.05)
        assert found["ap_refined"] == pytest.approx(theirs["refined"], abs=0.05)
        assert found["recall"] / 100 == pytest.approx(theirs["final_recall_plain"], abs=1e-4)


def test_average_precision_by_afws_own_annotations(stated):
    expected = dict(stated["face_eval"]["AFW"]["AP_original_annotations"])
    faces = expected.pop("faces")
    for name, theirs in expected.items():
        found = scored("evaluate.afw", "AFW", "anno2.mat", name)
        assert found["faces"] == faces
        assert found["ap_plain"] == pytest.approx(theirs["plain"], abs=0.05)
        assert found["ap_refined"] == pytest.approx(theirs["refined"], abs=0.05)


@pytest.mark.parametrize(
    "method, results, curves, off",
    [
        ("MTCNN", "MTCNN", "MTCNN{}ROC.txt", 2),
        (
            "faceboxes",
            "faceboxes/fddb_faceboxes_result.txt",
            "faceboxes/fddb_faceboxes_{}ROC.txt",
            0,
        ),
    ],
)
def test_fddbs_curves(method, results, curves, off, stated, tmp_path):
    """Every point to 0.002.

    Without the pictures, whose sizes the official program knew, the ends may be `off` false
    positives away.
    """
    folds, detections = os.path.join(FDDB, "FDDB-folds"), os.path.join(FDDB, results)
    done = run_well(
        *("evaluate.fddb", "--folds", folds, "--detections", detections),
        *("--out", tmp_path, "--json"),
    )
    ends, expected = json.loads(done.stdout), stated["fddb"][method]
    for kind in ("disc_end", "cont_end"):
        assert abs(ends[kind][1] - expected[kind][1]) <= off
        assert ends[kind][0] == pytest.approx(expected[kind][0], abs=0.0005)
    for kind, columns in (("Disc", 3), ("Cont", 2)):
        theirs = np.loadtxt(os.path.join(FDDB, curves.format(kind)))
        ours = np.loadtxt(tmp_path / f"{kind}ROC.txt")
        assert ours.shape == theirs.shape == (len(theirs), columns)
        assert np.abs(ours[:, 0] - theirs[:, 0]).max() <= 0.002
        assert np.abs(ours[:, 1] - theirs[:, 1]).max() <= 2
        if columns == 3:
            np.testing.assert_allclose(ours[:-1, 2], theirs[:-1, 2], rtol=1e-5)


def test_identification_of_bobs_scores(stated):
    path = os.path.join(REFERENCE, "scores", "test-cmc.hdf5")
    expected = stated["scores"]["test-cmc.hdf5"]
    done = run_well("evaluate.identification", "--scores", path, "--threshold=-1e9", "--json")
    found = json.loads(done.stdout)
    assert found["rank_1"] == expected["rank1"] == found["detection_identification_rate"]
    assert found["false_alarm_rate"] is None
    ranks = [metrics.mate_rank(*probe) for probe in probes.read(path)]
    assert metrics.cmc(ranks, 5) == pytest.approx(expected["cmc_first"])


def array_in(name):
    """Return one of the arrays of bob's scores."""
    with h5py.File(os.path.join(REFERENCE, "scores", f"nonsep-{name}.hdf5"), "r") as data:
        return data["array"][...]


def test_roc_of_bobs_scores():
    """Every point of its curve, false accepts and false rejects, is one of ours."""
    positives, negatives, theirs = array_in("positives"), array_in("negatives"), array_in("roc")
    scores = np.concatenate([positives, negatives])
    same = np.repeat([True, False], [len(positives), len(negatives)])
    false, true, _ = metrics.roc(scores, same)
    ours = {(round(accepted, 9), round(1 - share, 9)) for accepted, share in zip(false, true)}
    points = {(round(accepted, 9), round(rejected, 9)) for accepted, rejected in theirs.T}
    assert len(points) > 5 and points <= ours
    for far in (0.02, 0.2, 0.68):
        rejected = min(rejected for accepted, rejected in points if accepted <= far)
        assert metrics.tar_at_far(scores, same, far) >= 1 - rejected - 1e-9
