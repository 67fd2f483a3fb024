"""How tight aligned faces are: from the database through training and fusing to the analysis."""

import json
import shutil

import numpy as np
import pytest
from conftest import run_well

from allinone import align, files, model, model_writing, pictures, profiles, record, store
from allinone.analyzer import FaceAnalyzer
from allinone.model import open_model

EYES = 0.36
BALANCED = ("--balance", "age")
BUILD, TRAIN, FUSE = "data_prep.build_db", "tools.train", "tools.fuse"


@pytest.fixture(scope="module")
def tight(chain, tmp_path_factory):
    """A folder of the chain's databases for age, for training and validation, of tighter faces."""
    db = tmp_path_factory.mktemp("tight")
    records = chain / "faces" / "records.jsonl"
    for out in (db, db / "val"):
        given = ["--records", records, "--towers", "age", "--eyes", EYES, "--out", out]
        run_well(BUILD, "aligned", *given)
    return db


def training(db, out, *more):
    """Return the options of a short run of the age tower."""
    same = ["--profile", "tiny", "--job", "age", "--db", db, "--out", out, "--batch", 0.25]
    return [*same, "--iterations", 1, *more]


def test_a_database_holds_faces_as_tight_as_is_asked_for(chain, tight):
    reader = store.Reader(str(tight / "age"))
    assert reader.manifest["eyes"] == EYES
    usual = store.Reader(str(chain / "db" / "age"))
    assert usual.manifest["eyes"] == profiles.EYES == profiles.TINY.eyes
    faces = record.read(str(chain / "faces" / "records.jsonl"))
    for index, face in zip(range(5), faces):
        image = pictures.read_image(str(chain / "faces" / face.image))
        points, seen = face.landmark_array(), face.visibility_array()
        stored = reader.image(reader.datum(index))[8:-8, 8:-8].astype(int)
        assert np.abs(stored - align.warp(image, points, 115, seen, EYES)).mean() < 4
        assert np.abs(stored - align.warp(image, points, 115, seen)).mean() > 8


def test_a_run_says_how_tight_its_faces_are_and_the_fused_model_too(
    chain, tight, tmp_path, expect_refusal
):
    run = tmp_path / "run"
    run_well(TRAIN, *training(tight, run, "--init", chain / "run"), "--vary", "all", *BALANCED)
    plan = json.loads((run / "plan.json").read_text())
    assert plan["eyes"] == EYES and "borders" in plan["net"] and "balance" in plan["net"]
    (data,) = plan["data"]["age"]  # what is balanced by counts as data
    assert data.split("-")[1] == files.sha256(str(tight / "age" / store.GROUPS))
    run_well(FUSE, "--run", run, "--tower", "age", "--out", tmp_path / "age")
    assert open_model(str(tmp_path / "age")).eyes == EYES
    both = ["--run", chain / "run", "--run", run, "--trunk", run, "--out", tmp_path / "model"]
    expect_refusal(FUSE, both, "several ways", f"{run} (0.36)", f"{chain / 'run'} (0.238)")
    assert not (tmp_path / "model").exists()


def test_databases_that_differ_are_refused(chain, tight, tmp_path, expect_refusal):
    shutil.copytree(tight / "age", tmp_path / "db" / "age")
    shutil.copytree(chain / "db" / "val" / "age", tmp_path / "db" / "val" / "age")
    words = "0.238 of the side apart, 0.36 in", "--eyes"
    expect_refusal(TRAIN, training(tmp_path / "db", tmp_path / "run"), *words)
    shutil.copytree(chain / "db" / "smile", tmp_path / "two" / "smile")
    shutil.copytree(tight / "age", tmp_path / "two" / "gender")
    same = ["--profile", "tiny", "--job", "fotw", "--db", tmp_path / "two", "--init", chain / "run"]
    named = "0.238 of the side apart for tower smile, 0.36 for gender"
    expect_refusal(TRAIN, [*same, "--out", tmp_path / "run"], named)
    # Branches alone, on layers that have learnt from wider faces and stay.
    given = ["--profile", "tiny", "--job", "fgnet", "--db", tight, "--out", tmp_path / "run"]
    words = "0.238 for", "whose layers stay", "--eyes 0.238"
    expect_refusal(TRAIN, [*given, "--init", chain / "run"], *words)


def test_the_analysis_aligns_as_the_model_says(chain, tmp_path):
    """By the nets' own answers for faces that are warped here."""
    tighter = tmp_path / "model"
    shutil.copytree(chain / "model", tighter)
    about = model.read_about(str(tighter))
    about.eyes = EYES
    model_writing.write_about(str(tighter), about)
    (face,) = [next(record.read(str(chain / "faces" / "records.jsonl")))]
    image = pictures.read_image(str(chain / "faces" / face.image))
    found = {}
    for folder, eyes in ((tighter, EYES), (chain / "model", profiles.EYES)):
        analyzer = FaceAnalyzer(str(folder), engine="opencv", proposals="dense")
        (said,) = analyzer.analyze(image, boxes=[face.box])
        crop = align.warp(image, said.landmarks, 115, said.visibility, eyes)
        both = analyzer.backend([crop, align.mirror(crop)], stage=2)
        assert said.age == pytest.approx(float(both["age"].mean()), abs=1e-4)
        found[eyes] = said.age
    assert found[EYES] != found[profiles.EYES]


def test_a_model_that_says_what_cannot_be_is_refused(chain, tmp_path, expect_refusal):
    shutil.copytree(chain / "model", tmp_path / "model")
    path = tmp_path / "model" / "model.json"
    told = json.loads(path.read_text())
    assert "eyes" not in told  # what is usual is not said: models that were made before stay
    path.write_text(json.dumps(dict(told, eyes=3)))
    given = ["x.jpg", "--model", path.parent, "--out", tmp_path / "out"]
    expect_refusal("tools.analyze", given, "eyes 3", "fuse again")


@pytest.mark.parametrize("eyes", ["0.9", "nan", "wide"])
def test_a_share_that_no_face_has_is_refused(chain, tmp_path, expect_refusal, eyes):
    given = ["aligned", "--records", chain / "faces" / "records.jsonl", "--out", tmp_path]
    expect_refusal(BUILD, [*given, "--eyes", eyes], f"--eyes {eyes}: must be a number from 0.15")
