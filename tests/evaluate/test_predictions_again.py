"""Predictions of commands: which are used again, and what a kill leaves."""

import os
import shutil
import signal
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest
from conftest import ROOT, run_well
from drawn_benchmarks import lines_in, options, results_in
from model_copies import seal

from allinone import model
from allinone.errors import InputError
from allinone.record import FaceRecord
from evaluate import predictions


@pytest.fixture
def models(tmp_path):
    """The shipped model, and a copy of it to change."""
    shipped = model.shipped()
    shutil.copytree(shipped, tmp_path / "model")
    return shipped, str(tmp_path / "model")


def settings(folder):
    records = os.path.join(ROOT, "pyproject.toml")  # any file
    return predictions.settings_of(records, {None: folder}, kind="detect")


def test_another_model_starts_anew_and_another_engine_does_not(models):
    shipped, other = models
    assert settings(shipped) == settings(other)
    # What does not decide an answer may change: an embedding is learnt later, ONNX is an engine's.
    with open(os.path.join(other, "tpe.h5"), "ab") as stream:
        stream.write(b"more")
    seal(other, "tpe.h5")
    assert settings(shipped) == settings(other)
    for name in (*model.FUSED, *model.DENSE):
        before = settings(other)
        with open(os.path.join(other, name), "ab") as stream:
            stream.write(b"\n")
        with pytest.raises(InputError, match="is not the file"):
            settings(other)
        seal(other)
        assert settings(other) != before, name


def test_a_picture_that_was_mended_is_asked_about(tmp_path, monkeypatch):
    """The other pictures' answers are made again too; without a mended one nothing is."""
    asked = []
    monkeypatch.setattr(predictions, "FaceAnalyzer", lambda *given, **more: None)
    monkeypatch.setattr(predictions.answers, "detected", lambda a, p, image: asked.append(image))
    pictures = [(name, [FaceRecord(name)]) for name in ("a.png", "b.png")]
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((9, 9, 3), np.uint8))
    told = dict(kind="detect", proposals="dense", score="aligned", stage=1)

    def predict():
        asked.clear()
        given = (str(tmp_path / "out"), str(tmp_path), pictures, {None: "m"}, told)
        return [one.error is None for one in predictions.predict(*given)], list(asked)

    assert predict() == ([True, False], ["a.png"])
    assert predict() == ([True, False], [])
    shutil.copyfile(tmp_path / "a.png", tmp_path / "b.png")
    assert predict() == ([True, True], ["a.png", "b.png"])
    assert predict() == ([True, True], [])


@pytest.mark.parametrize("name, kind", [("pascal", "detect"), ("lfw", "faces")])
def test_a_command_that_is_killed_goes_on_where_it_was(sets, measured, chain, tmp_path, name, kind):
    """Killed with -9 while it finds faces, or while it looks at the annotated ones."""
    command = [str(one) for one in options(sets, chain, name, tmp_path)]
    partial = tmp_path / kind / f"{predictions.LINES}.partial"
    process = subprocess.Popen(
        [sys.executable, "-m", "evaluate.measure", *command],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    while not (partial.exists() and partial.read_bytes().count(b"\n") > 3):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert partial.exists()
    run_well("evaluate.measure", *command)
    results, out = measured[name]
    assert lines_in(tmp_path / kind) == lines_in(out / kind)
    assert results_in(tmp_path)["figures"] == results["figures"]
    if name == "lfw":
        ours, whole = (predictions.read_descriptors(str(one / kind)) for one in (tmp_path, out))
        np.testing.assert_array_equal(ours, whole)


def test_engines_share_predictions(sets, measured, chain, tmp_path):
    out = tmp_path / "lfw"
    shutil.copytree(measured["lfw"][1], out)
    before = os.stat(out / "faces" / predictions.LINES).st_mtime_ns
    command = options(sets, chain, "lfw", out)
    run_well("evaluate.measure", *command)
    run_well("evaluate.measure", *command, "--engine", "opencv")
    assert os.stat(out / "faces" / predictions.LINES).st_mtime_ns == before
    run_well("evaluate.measure", *command, "--proposals", "selective-search")
    assert os.stat(out / "faces" / predictions.LINES).st_mtime_ns != before
