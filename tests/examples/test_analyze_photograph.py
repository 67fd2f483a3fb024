"""The example, started as a newcomer does."""

import os

import cv2
import numpy as np
import pytest
from conftest import ROOT, refused, run_well

COMMAND = "examples.analyze_photograph"
SHOWN = os.path.join(ROOT, "docs", "analyzed.jpg")  # at the top of the README


@pytest.fixture
def without_caffe(tmp_path, monkeypatch):
    """Give all processes a Caffe that cannot be imported."""
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden" / "caffe.py").write_text("raise ImportError('Caffe is hidden')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "hidden"))


def test_by_default_it_draws_the_picture_of_the_readme_without_caffe(without_caffe, tmp_path):
    out = tmp_path / "analyzed.jpg"
    said = run_well(COMMAND, "--out", out).stdout
    assert "photograph 1, faces: " in said and "photograph 2, faces: " in said
    assert "smile 9" in said or "smile 100%" in said  # both smile
    drawn, shown = cv2.imread(str(out)), cv2.imread(SHOWN)
    assert drawn.shape == shown.shape, "draw it again: python -m examples.analyze_photograph"
    assert np.abs(np.float32(drawn) - shown).mean() < 3
    assert os.path.getsize(SHOWN) <= 200 * 1024


def test_it_takes_a_photograph_of_ones_own(tmp_path):
    picture, out = tmp_path / "grey.png", tmp_path / "new" / "drawn.jpg"
    cv2.imwrite(str(picture), np.full((131, 200), 90, np.uint8))
    said = run_well(COMMAND, picture, "--out", out).stdout
    assert "photograph 1, faces: 0" in said
    assert cv2.imread(str(out)).shape[0] == 400


def test_a_photograph_that_is_not_there_is_one_sentence(tmp_path):
    refused(COMMAND, [tmp_path / "nothing.jpg"], "nothing.jpg", "check the path")
