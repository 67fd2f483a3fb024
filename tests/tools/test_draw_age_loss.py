"""Figure 4: the committed picture, and that its lines are eq. 6."""

import os
import re

import numpy as np
import pytest
from conftest import ROOT, run_well

from tools import age_loss_picture

COMMAND = "tools.draw_age_loss"


def lines_of(path):
    """Return {id: points (n, 2) on the page} of the lines of a picture."""
    with open(path, encoding="utf-8") as stream:
        text = stream.read()
    found = {}
    for name, line in re.findall(r'<g id="((?:loss|slope)\d)">\s*<path d="([^"]*)"', text):
        found[name] = np.float64(re.findall(r"-?[\d.]+", line)).reshape(-1, 2)
    return found


def test_the_committed_picture_is_what_the_command_draws(tmp_path):
    run_well(COMMAND, "--out", tmp_path / "age_loss.svg")
    committed = lines_of(os.path.join(ROOT, "docs", "age_loss.svg"))
    drawn = lines_of(tmp_path / "age_loss.svg")
    assert sorted(committed) == sorted(drawn) and len(drawn) == 2 * len(age_loss_picture.PHASES)
    for name, points in drawn.items():
        assert committed[name].shape == points.shape, "docs/age_loss.svg is old; run make docs"
        assert np.abs(committed[name] - points).max() < 0.5, "docs/age_loss.svg is old"


def test_an_unknown_option_is_refused(command, tmp_path):
    done = command(COMMAND, "--out", tmp_path / "age_loss.svg", "--sigma", "2")
    assert done.returncode == 2 and "--sigma" in done.stderr and not any(tmp_path.iterdir())


def test_the_lines_are_eq_6():
    """By hand, 3 years off at sigma 3: 4.5 and 1 - e^-0.5; slopes 3 and e^-0.5 / 3."""
    off, phases = age_loss_picture.curves()
    (place,) = np.flatnonzero(off == 3)
    bell = np.exp(-0.5)
    euclidean, printed, ours = [(loss[place], slope[place]) for loss, slope in phases]
    assert euclidean == pytest.approx((4.5, 3)) and printed == pytest.approx((1 - bell, bell / 3))
    weight = age_loss_picture.AGE_GAUSSIAN_WEIGHT
    assert ours == pytest.approx((weight * (1 - bell), weight * bell / 3))
    for loss, slope in phases:
        assert loss[off == 0] == 0 and slope[off == 0] == 0 and (loss >= 0).all()
        np.testing.assert_allclose(loss, loss[::-1], atol=1e-12)
