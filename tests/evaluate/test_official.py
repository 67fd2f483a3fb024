"""The metrics against the answers of the official programs, on other people's results. Skipped where these files are absent."""

import json
import os

import h5py
import numpy as np
import pytest
from conftest import ROOT

from evaluate import afw, fddb, identification, metrics, pascal

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


def scored(module, folder, annotations, name, capsys):
    command = [
        "--annotations",
        os.path.join(FACE_EVAL, "annotations", annotations),
        "--detections",
        os.path.join(FACE_EVAL, "detections", folder, name),
        "--json",
    ]
    assert module.main(command) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    "module, folder, annotations",
    [
        (afw, "AFW", "new_annotations_AFW.mat"),
        (pascal, "PASCAL", "Annotations_Face_PASCALLayout_large_fixed.mat"),
    ],
)
def test_average_precision_of_peers(module, folder, annotations, stated, capsys):
    expected = stated["face_eval"][folder]
    for name, theirs in expected["AP"].items():
        found = scored(module, folder, annotations, name, capsys)
        assert (found["faces"], found["ignored"], found["detections"]) == (
            expected["faces"],
            expected["ignored"],
            theirs["detections"],
        )
        assert found["ap_plain"] == pytest.approx(theirs["plain"], abs=0.05) and found[
            "ap_refined"
        ] == pytest.approx(theirs["refined"], abs=0.05)
        assert found["recall"] / 100 == pytest.approx(theirs["final_recall_plain"], abs=1e-4)


def test_average_precision_by_afws_own_annotations(stated, capsys):
    expected = dict(stated["face_eval"]["AFW"]["AP_original_annotations"])
    faces = expected.pop("faces")
    for name, theirs in expected.items():
        found = scored(afw, "AFW", "anno2.mat", name, capsys)
        assert found["faces"] == faces
        assert found["ap_plain"] == pytest.approx(theirs["plain"], abs=0.05) and found[
            "ap_refined"
        ] == pytest.approx(theirs["refined"], abs=0.05)


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
def test_fddbs_curves(method, results, curves, off, stated, tmp_path, capsys):
    """Every point to 0.002. Without the pictures, whose sizes the official program knew, the ends may be `off` false positives away."""
    command = [
        "--folds",
        os.path.join(FDDB, "FDDB-folds"),
        "--detections",
        os.path.join(FDDB, results),
        "--out",
        str(tmp_path),
        "--json",
    ]
    assert fddb.main(command) == 0
    ends, expected = json.loads(capsys.readouterr().out), stated["fddb"][method]
    for kind in ("disc_end", "cont_end"):
        assert abs(ends[kind][1] - expected[kind][1]) <= off and ends[kind][0] == pytest.approx(
            expected[kind][0], abs=0.0005
        )
    for kind, columns in (("Disc", 3), ("Cont", 2)):
        theirs, ours = (
            np.loadtxt(path)
            for path in (os.path.join(FDDB, curves.format(kind)), tmp_path / f"{kind}ROC.txt")
        )
        assert ours.shape == theirs.shape == (len(theirs), columns)
        assert (
            np.abs(ours[:, 0] - theirs[:, 0]).max() <= 0.002
            and np.abs(ours[:, 1] - theirs[:, 1]).max() <= 2
        )
        if columns == 3:
            np.testing.assert_allclose(ours[:-1, 2], theirs[:-1, 2], rtol=1e-5)


def test_identification_of_bobs_scores(stated, capsys):
    path, expected = (
        os.path.join(REFERENCE, "scores", "test-cmc.hdf5"),
        stated["scores"]["test-cmc.hdf5"],
    )
    assert identification.main(["--scores", path, "--threshold=-1e9", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (
        found["rank_1"] == expected["rank1"] == found["detection_identification_rate"]
        and found["false_alarm_rate"] is None
    )
    ranks = [metrics.mate_rank(*probe) for probe in identification.read_probes(path)]
    assert metrics.cmc(ranks, 5) == pytest.approx(expected["cmc_first"])


def test_roc_of_bobs_scores():
    """Every point of its curve, false accepts and false rejects, is one of ours."""
    read = lambda name: h5py.File(os.path.join(REFERENCE, "scores", f"nonsep-{name}.hdf5"), "r")[
        "array"
    ][...]
    positives, negatives, theirs = read("positives"), read("negatives"), read("roc")
    false, true, _ = metrics.roc(
        np.concatenate([positives, negatives]),
        np.repeat([True, False], [len(positives), len(negatives)]),
    )
    ours = {(round(accepted, 9), round(1 - share, 9)) for accepted, share in zip(false, true)}
    points = {(round(accepted, 9), round(rejected, 9)) for accepted, rejected in theirs.T}
    assert len(points) > 5 and points <= ours
    for far in (0.02, 0.2, 0.68):
        rejected = min(rejected for accepted, rejected in points if accepted <= far)
        scores, same = (
            np.concatenate([positives, negatives]),
            np.repeat([True, False], [len(positives), len(negatives)]),
        )
        assert metrics.tar_at_far(scores, same, far) >= 1 - rejected - 1e-9
