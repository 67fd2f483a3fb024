"""Identification by a file of scores: rates by hand, and files that do not fit."""

import json

import h5py
import numpy as np
import pytest
from conftest import run_well


def write(path, **data):
    with h5py.File(path, "w") as stream:
        for name, values in data.items():
            stream[name] = values
    return path


def test_rates_of_a_file_by_hand(tmp_path):
    nan = np.nan
    path = write(
        tmp_path / "scores.hdf5",
        **{
            "data-neg": np.array([[0.1, 0.5], [0.8, 0.2], [0.75, nan], [0.3, 0.2]]),
            "data-pos": np.array([[0.9], [0.7], [nan], [nan]]),
        },
    )
    done = run_well("evaluate.identification", "--scores", path, "--threshold", 0.6, "--json")
    assert json.loads(done.stdout) == dict(
        rank_1=0.5,
        detection_identification_rate=0.5,
        false_alarm_rate=0.5,
        probes=4,
        probes_without_mate=2,
    )
    done = run_well("evaluate.identification", "--scores", path, "--threshold", 0.95)
    assert "detection identification rate: 0.0" in done.stdout


@pytest.mark.parametrize(
    "data, words",
    [
        (dict(neg=np.zeros((2, 2))), "'pos'"),
        (dict(neg=np.zeros((2, 2)), pos=np.zeros((3, 1))), "a row for each probe"),
        (dict(neg=np.zeros((2, 2)), pos=np.zeros(2)), "matrices"),
        (dict(neg=np.zeros((2, 2)), pos=np.array([[0], [np.inf]])), "row 2 of 'pos'"),
        (dict(neg=np.array([[-np.inf, 1]]), pos=np.zeros((1, 1))), "row 1 of 'neg'"),
    ],
)
def test_other_forms_are_refused(tmp_path, data, words, expect_refusal):
    expect_refusal(
        "evaluate.identification",
        ["--scores", write(tmp_path / "x.hdf5", **data), "--threshold", "1"],
        "x.hdf5",
        words,
    )


def test_what_is_no_hdf5_file_is_refused(tmp_path, expect_refusal):
    (tmp_path / "x.hdf5").write_text("text")
    expect_refusal(
        "evaluate.identification",
        ["--scores", tmp_path / "x.hdf5", "--threshold", "1"],
        "x.hdf5",
        "HDF5",
    )
    expect_refusal(
        "evaluate.identification",
        ["--scores", tmp_path / "y.hdf5", "--threshold", "1"],
        "y.hdf5",
        "no such file",
    )
