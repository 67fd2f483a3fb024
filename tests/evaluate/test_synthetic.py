import json

import h5py
import numpy as np
import pytest

from allinone import record
from evaluate import headline, synthetic


def as_face(known, **changes):
    """A Face that says exactly what the FaceRecord says."""
    values = dict(
        box=np.array(known.box),
        score=1.0,
        landmarks=known.landmark_array(),
        visibility=known.visibility_array(),
        pose=np.array(known.pose),
        smile=float(known.smile),
        gender=float(known.gender),
        age=known.age,
        descriptor=np.eye(512)[known.identity % 512],
    )
    return record.Face(**{**values, **changes})


@pytest.fixture(scope="module")
def truth(chain):
    return list(record.read(str(chain / "faces" / "records.jsonl")))


def test_a_model_that_is_always_right_has_perfect_figures(truth):
    results = {
        "detection": {"ap50": 1.0},
        **synthetic.measure([as_face(known) for known in truth], truth),
    }
    for figure in headline.FIGURES:
        assert results[figure.task][figure.metric] == pytest.approx(
            1 if figure.unit == "%" and figure.higher else 0, abs=1e-6
        ), figure


def test_errors_count_as_they_should(truth):
    found = [
        as_face(
            known,
            age=known.age + 4,
            pose=np.array(known.pose) + [0, 0, 10],
            smile=1.0 - known.smile,
            landmarks=known.landmark_array() + [3, 4],
        )
        for known in truth
    ]
    results = synthetic.measure(found, truth)
    assert results["age"]["mae"] == pytest.approx(4) and results["pose"][
        "yaw_mae"
    ] == pytest.approx(10)
    assert results["smile"]["accuracy"] == 0
    sizes = [np.sqrt((b[2] - b[0]) * (b[3] - b[1])) for b in (known.box for known in truth)]
    assert results["landmarks"]["nme"] == pytest.approx(np.mean(5 / np.array(sizes)), rel=1e-4)


def test_chance_is_the_best_constant_answer(truth):
    chance = synthetic.chance(truth)
    smiles = np.mean([known.smile for known in truth])
    assert chance["smile"]["accuracy"] == pytest.approx(max(smiles, 1 - smiles))
    ages = np.array([known.age for known in truth])
    assert chance["age"]["mae"] == pytest.approx(
        min(np.abs(ages - c).mean() for c in ages), rel=1e-6
    )
    assert 0 < chance["landmarks"]["nme"] < 0.4 and chance["visibility"]["accuracy"] > 0.5


def test_the_command_leaves_figures_and_predictions(chain, tmp_path):
    code = synthetic.main(
        [
            "--model",
            str(chain / "model"),
            "--faces",
            str(chain / "faces"),
            "--scenes",
            str(chain / "scenes"),
            "--out",
            str(tmp_path),
        ]
    )
    assert code == 0
    results = json.loads((tmp_path / "results.json").read_text())
    assert [f.task for f in headline.FIGURES if f.metric not in results[f.task]] == []
    with h5py.File(tmp_path / "predictions.h5") as data:
        assert data["descriptor"].shape == (30, 512) and data["landmarks"].shape == (30, 21, 2)


def test_a_set_without_faces_is_refused(chain, tmp_path, expect_refusal):
    (tmp_path / "records.jsonl").write_text("")
    expect_refusal(
        synthetic.main,
        [
            "--model",
            chain / "model",
            "--faces",
            tmp_path,
            "--scenes",
            chain / "scenes",
            "--out",
            tmp_path / "o",
        ],
        tmp_path,
        "no face",
    )
