"""Galleries, with a stand-in for the net where it matters who is found: the chain's has hardly learnt."""

import shutil

import h5py
import numpy as np
import pytest

from allinone import FaceAnalyzer, files
from allinone.record import Face
from evaluate import tpe
from tools import identify


def face(descriptor, box=(0, 0, 10, 10)):
    return Face(
        box=np.float32(box),
        score=0.9,
        landmarks=None,
        visibility=None,
        pose=None,
        smile=0,
        gender=0,
        age=0,
        descriptor=np.float64(descriptor),
    )


@pytest.fixture
def people(tmp_path, monkeypatch):
    """A folder of people, and an analyzer that finds in each picture the faces that its text says."""
    known = {
        "anna/1.jpg": [face((1, 0, 0))],
        "anna/2.jpg": [face((3, 4, 0)), face((0, 0, 9), (0, 0, 2, 2))],
        "ben_1.jpg": [face((0, 0, 5))],
        "empty/1.jpg": [],
        "party.jpg": [face((0, 0.1, 2)), face((-1, -1, 0), (5, 5, 9, 9))],
    }
    for name in known:
        path = tmp_path / "people" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    (tmp_path / "people" / "party.jpg").rename(tmp_path / "party.jpg")
    monkeypatch.setattr(
        FaceAnalyzer,
        "analyze",
        lambda self, path: next(faces for name, faces in known.items() if str(path).endswith(name)),
    )
    return tmp_path


def test_people_are_enrolled_found_and_verified(chain, people, capsys):
    gallery, model = str(people / "g" / "gallery.h5"), ["--model", str(chain / "model")]
    assert identify.main(["enroll", str(people / "people"), "--gallery", gallery, *model]) == 0
    said = capsys.readouterr()
    assert "2 people, 3 pictures" in said.out and "empty/1.jpg: no face found" in said.err
    with h5py.File(gallery) as data:
        assert data["name"].asstr()[...].tolist() == ["anna", "ben"] and data["pictures"][
            ...
        ].tolist() == [2, 1]
        np.testing.assert_allclose(
            data["descriptor"][0], np.array([1.6, 0.8, 0]) / np.hypot(1.6, 0.8), atol=1e-6
        )  # mean of (1, 0) and (.6, .8)
    assert identify.main(["find", str(people / "party.jpg"), "--gallery", gallery, *model]) == 0
    first, second = capsys.readouterr().out.splitlines()[-2:]
    assert ": ben, 0.999" in first and "nobody of the gallery" in second
    pair = [str(people / "people" / "anna" / f"{number}.jpg") for number in (1, 2)]
    assert identify.main(["verify", *pair, *model]) == 0
    assert "0.600: the same person" in capsys.readouterr().out
    assert identify.main(["verify", *pair, "--threshold", "0.7", *model]) == 0
    assert "different people" in capsys.readouterr().out


def test_what_cannot_be_is_said(chain, people, expect_refusal, capsys):
    model, gallery = ["--model", chain / "model"], people / "gallery.h5"
    expect_refusal(
        identify.main,
        ["enroll", people / "none", "--gallery", gallery, *model],
        people / "none",
        "no such folder",
    )
    expect_refusal(identify.main, ["enroll", people / "people", *model], "--gallery")
    expect_refusal(
        identify.main,
        ["find", people / "party.jpg", "--gallery", gallery, *model],
        gallery,
        "enroll",
    )
    expect_refusal(identify.main, ["verify", people / "party.jpg", *model], "two pictures")
    expect_refusal(
        identify.main,
        ["verify", people / "people/empty/1.jpg", people / "party.jpg", *model],
        "empty/1.jpg",
        "no face found",
    )
    assert (
        identify.main(
            ["enroll", str(people / "people"), "--gallery", str(gallery), *map(str, model)]
        )
        == 0
    )
    capsys.readouterr()
    with h5py.File(gallery, "a") as data:
        data.attrs["model"] = "another"
    expect_refusal(
        identify.main,
        ["find", people / "party.jpg", "--gallery", gallery, *model],
        gallery,
        "another model",
    )


def test_likeness_by_the_models_embedding(chain, people, capsys, expect_refusal):
    """By hand, with an embedding into two numbers."""
    model = people / "model"
    shutil.copytree(chain / "model", model)
    pair, gallery = (
        [str(people / "people" / "anna" / f"{number}.jpg") for number in (1, 2)],
        people / "gallery.h5",
    )
    expect_refusal(
        identify.main, ["verify", *pair, "--tpe", "--model", model], model, "no tpe.h5 there"
    )
    tpe.save(
        str(model / "tpe.h5"),
        {"descriptor": np.float32([[0.6, 0.8, 0], [0, 0, 1]])},
        model=files.sha256(str(model / "allinone.caffemodel")),
        threshold=0.9995,
    )
    assert identify.main(["verify", *pair, "--tpe", "--model", str(model)]) == 0
    assert (
        "1.000: the same person" in capsys.readouterr().out
    )  # (1, 0, 0) -> 0.6, (0.6, 0.8, 0) -> 1: one direction, whatever the cosine of the two, 0.6
    assert (
        identify.main(
            [
                "enroll",
                str(people / "people"),
                "--gallery",
                str(gallery),
                "--tpe",
                "--model",
                str(model),
            ]
        )
        == 0
    )
    capsys.readouterr()
    assert (
        identify.main(
            [
                "find",
                str(people / "party.jpg"),
                "--gallery",
                str(gallery),
                "--tpe",
                "--model",
                str(model),
            ]
        )
        == 0
    )
    assert (
        ": nobody of the gallery (most like ben), 0.999" in capsys.readouterr().out
    )  # (0, 0.1, 2) -> (0.08, 2), ben (0, 1): 0.9992, and the embedding's own threshold
    assert (
        identify.main(
            [
                "find",
                str(people / "party.jpg"),
                "--gallery",
                str(gallery),
                "--tpe",
                "--threshold",
                "0.999",
                "--model",
                str(model),
            ]
        )
        == 0
    )
    assert ": ben, 0.999" in capsys.readouterr().out
    expect_refusal(
        identify.main,
        ["find", people / "party.jpg", "--gallery", gallery, "--model", model],
        gallery,
        "or with --tpe",
    )
