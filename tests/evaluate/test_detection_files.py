"""Every format of detections that the face-eval toolbox reads, and the commands that score them."""

import json

import numpy as np
import pytest
import scipy.io
from conftest import run_well

from evaluate import detection_files


@pytest.fixture
def annotations(tmp_path):
    """One face from (11, 21) to (60, 80) of picture 12, as the toolbox's newer file has it."""
    entry = np.zeros(
        (1, 1), [("imgname", object), ("imgsize", object), ("objects", object), ("flags", object)]
    )
    entry[0, 0] = (
        "12.jpg",
        np.array([[100, 100, 3]]),
        np.float64([[11, 21, 60, 80, 0, 0]]),
        np.zeros((1, 1)),
    )
    scipy.io.savemat(tmp_path / "annotations.mat", dict(Annotations=entry))
    return str(tmp_path / "annotations.mat")


def cells(*names):
    return np.array([[np.array([name])] for name in names], object)


def write(path, kind):
    """Write the one true detection, of score 5.

    Where the format can, one of score 1 stands beside it that is marked as removed.
    """
    corners = np.float64([[11, 21, 60, 80], [1, 1, 40, 40]]).T
    if kind == ".txt":
        path.write_text("12 5.0 11 21 60 80\n")
    elif kind == ".csv":
        path.write_text("a;b;c;d;e;f;g;x;y;w;h\n0;0;12.jpg;0;0;0;0;11;21;49;59;0\n")
    elif kind == ".mat":
        scipy.io.savemat(
            path,
            dict(
                ids=cells("12.jpg", "12.jpg"),
                BB=corners,
                confidence=np.array([[5], [1]]),
                **{"del": np.array([[0.0], [1.0]])},
            ),
        )
    elif kind == ".ramananmat":
        scipy.io.savemat(
            path,
            dict(ids=cells("12.jpg"), BB=corners[:, :1], sc=np.array([[5.0]])),
            appendmat=False,
        )
    else:
        entry = np.zeros((1, 1), [("filename", object), ("faces", object)])
        entry[0, 0] = ("d:\\afw\\12.jpg", np.float64([[11, 21, 49, 59, 5]]))
        results = np.empty((1, 1), object)
        results[0, 0] = entry
        scipy.io.savemat(path, dict(DetectionResults=results), appendmat=False)


@pytest.mark.parametrize("kind", detection_files.READERS)
def test_every_format_is_read(tmp_path, kind):
    write(tmp_path / f"method{kind}", kind)
    found = detection_files.read(str(tmp_path / f"method{kind}"))
    assert found.image.tolist() == ["12"] and found.box.tolist() == [[11, 21, 60, 80]]
    assert found.score[0] == (1 if kind == ".csv" else 5)


def options(tmp_path, annotations, name, *more):
    return ["--annotations", annotations, "--detections", tmp_path / name, *more]


@pytest.mark.parametrize("module", ["evaluate.afw", "evaluate.pascal"])
@pytest.mark.parametrize("kind", [".txt", ".shenmat"])
def test_files_of_other_people_are_scored(tmp_path, annotations, module, kind):
    write(tmp_path / f"method{kind}", kind)
    command = options(tmp_path, annotations, f"method{kind}")
    found = json.loads(run_well(module, *command, "--json").stdout)
    assert (found["ap_plain"], found["ap_refined"]) == (100, 100)
    assert (found["detections"], found["faces"]) == (1, 1)
    assert "average precision 100.00 %" in run_well(module, *command).stdout


def test_pictures_that_are_not_annotated_are_counted(tmp_path, annotations):
    (tmp_path / "more.txt").write_text("12 5.0 11 21 60 80\n13 6.0 11 21 60 80\n")
    told = run_well("evaluate.afw", *options(tmp_path, annotations, "more.txt")).stdout
    assert "(1 pictures of the result file are not annotated)" in told
    assert "average precision 50.00 %" in told


@pytest.mark.parametrize(
    "name, content, parts",
    [
        ("bad.txt", b"12 5.0 11 21 60 80\n12 5.0 eleven 21 60 80\n", ("bad.txt, line 2",)),
        ("other.txt", b"99 5.0 11 21 60 80\n", ("other.txt", "'99'", "of the same set")),
        ("cut.mat", b"MATLAB 5.0", ("cut.mat", "Matlab")),
        ("none.txt", None, ("none.txt", "no such file")),
        ("bad.pdf", b"", ("bad.pdf", ".ramananmat")),
        ("short.csv", b"head\n0;0;12.jpg\n", ("short.csv, line 2", "field 3")),
        ("nan.txt", b"12 5.0 11 21 60 80\n12 5.0 11 nan 60 80\n", ("nan.txt, line 2", "finite")),
        ("inf.txt", b"12 inf 11 21 60 80\n", ("inf.txt, line 1", "finite", "inf and 11, 21")),
        ("inf.csv", b"head\n0;0;12;0;0;0;0;1;2;inf;4\n", ("inf.csv, line 2", "finite")),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path, annotations, expect_refusal, name, content, parts):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    expect_refusal("evaluate.afw", options(tmp_path, annotations, name), *parts)


@pytest.mark.parametrize("kind", [".mat", ".ramananmat", ".shenmat"])
def test_numbers_of_matlab_files_that_are_not_finite_are_named(
    tmp_path, annotations, expect_refusal, kind
):
    """The second detection; what is marked as removed does not matter."""
    corners = np.float64([[11, 21, 60, 80], [1, np.nan, 40, 40], [1, np.inf, 40, 40]]).T
    data = dict(ids=cells("12.jpg", "12.jpg", "12.jpg"), BB=corners, confidence=[1, 1, 1])
    data["del"] = np.float64([0, 0, 1])
    if kind == ".shenmat":
        entry = np.zeros((1, 1), [("filename", object), ("faces", object)])
        entry[0, 0] = ("12.jpg", np.float64([[11, 21, 49, 59, 5], [1, 1, 49, 59, np.nan]]))
        data = dict(DetectionResults=np.empty((1, 1), object))
        data["DetectionResults"][0, 0] = entry
    scipy.io.savemat(tmp_path / f"bad{kind}", data, appendmat=False)
    parts = (f"bad{kind}, detection 2", "finite numbers")
    expect_refusal("evaluate.afw", options(tmp_path, annotations, f"bad{kind}"), *parts)


def test_annotations_that_are_not_finite_are_named(tmp_path, expect_refusal):
    entry = np.zeros((1, 1), [("imgname", object), ("objects", object)])
    entry[0, 0] = ("12.jpg", np.float64([[11, 21, np.inf, 80, 0, 0]]))
    scipy.io.savemat(tmp_path / "annotations.mat", dict(Annotations=entry))
    write(tmp_path / "method.txt", ".txt")
    command = options(tmp_path, tmp_path / "annotations.mat", "method.txt")
    expect_refusal("evaluate.afw", command, "annotations.mat", "picture '12'", "finite")


@pytest.mark.parametrize("module", ["evaluate.afw", "evaluate.pascal"])
def test_both_files_are_asked_for(tmp_path, command, module):
    done = command(module, "--detections", tmp_path / "bad.txt")
    assert done.returncode == 2 and "--annotations" in done.stderr
    done = command(module)
    assert done.returncode == 2 and "--detections" in done.stderr
    told = " ".join(command(module, "--help").stdout.split())
    assert f"evaluate.measure {module.split('.')[1]}" in told
