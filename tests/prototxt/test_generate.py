"""The committed nets and solvers, and python -m prototxt.generate."""

import glob
import os
import subprocess
import sys

import pytest
from conftest import ROOT

from allinone import schedules, surgery
from prototxt import committed

GENERATE = "prototxt.generate"


def generate(folder, *more):
    """Run the command in another folder than the kit's."""
    return subprocess.run(
        [sys.executable, "-m", GENERATE, *more],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": ROOT},
    )


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A folder into which the command has written."""
    folder = tmp_path_factory.mktemp("generated")
    done = generate(folder)
    assert done.returncode == 0 and "wrote 36 files" in done.stdout, done.stderr
    return folder


def test_the_committed_files_are_what_the_generator_writes(command):
    done = command(GENERATE, "--check")
    assert (done.returncode, done.stderr) == (0, "")


def test_profile_paper_alone_is_committed(written):
    for folder in (ROOT, written):
        assert os.listdir(os.path.join(folder, "solvers")) == ["paper"]
        paths = glob.glob(f"{folder}/*/paper/*.prototxt")
        assert {os.path.relpath(path, folder) for path in paths} == set(committed.texts())
        for path in paths:
            with open(path, encoding="utf-8") as stream:
                assert stream.readline().startswith("# Generated")


def test_there_is_a_net_and_a_solver_for_every_job():
    names = set(committed.texts())
    for job in schedules.JOBS["paper"]:
        assert {f"prototxt/paper/{job}.prototxt", f"solvers/paper/{job}.prototxt"} <= names


def test_changed_missing_and_strange_files_are_named(written):
    with open(written / "solvers" / "paper" / "joint.prototxt", "a", encoding="utf-8") as stream:
        stream.write("# mine\n")
    os.remove(written / "prototxt" / "paper" / "deploy.prototxt")
    (written / "solvers" / "tiny").mkdir()
    (written / "solvers" / "tiny" / "old.prototxt").write_text("# left from before\n")
    done = generate(written, "--check")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "solvers/tiny/old.prototxt is not written by the generator" in done.stderr
    complaints = [line.split()[0] for line in done.stderr.splitlines() if "make nets" in line]
    expected = {"solvers/paper/joint.prototxt", "prototxt/paper/deploy.prototxt"}
    assert len(complaints) == 2 and set(complaints) == expected


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path):
    (tmp_path / "prototxt").write_text("a file where the folder should be\n")
    done = generate(tmp_path)
    assert done.returncode == 2 and "prototxt/paper" in done.stderr
    assert "Traceback" not in done.stderr


def committed_net(name):
    return surgery.read_net(os.path.join(ROOT, "prototxt", "paper", f"{name}.prototxt"))


def test_the_age_loss_of_the_paper_switches_at_20000():
    layers = [layer for layer in committed_net("joint").layer if layer.name == "age/loss_age"]
    assert [layer.python_param.param_str for layer in layers] == [
        '{"switch": 20000, "ramp": 0, "iter_size": 1, "weight": 36.0}'
    ]


@pytest.mark.parametrize("job", ["pretrain", "id", "joint"])
def test_the_identity_net_of_the_paper_has_10548_people(job):
    layers = [layer for layer in committed_net(job).layer if layer.name == "id/fc8"]
    assert [layer.inner_product_param.num_output for layer in layers] == [10548]


@pytest.mark.parametrize(
    "job, expected, words",
    [
        ("joint", {"smile", "gender", "id"}, "dropout of 0.5 in smile, gender, id; no dropout in"),
        ("det", set(), "no dropout in det: it draws numbers"),
        ("age", set(), "no dropout in age: it draws numbers"),
        ("fddb", set(), "no dropout in det"),
        ("lap2015", set(), "no dropout in age"),
        ("hyperface", set(), "no dropout in hyperface"),
        ("fotw", {"smile", "gender"}, "dropout of 0.5 in smile, gender"),
    ],
)
def test_towers_that_learn_numbers_have_no_dropout_and_the_files_say_so(job, expected, words):
    """Landmarks, visibility, pose and age: our own runs were better without."""
    layers = committed_net(job).layer
    assert {layer.name.split("/")[0] for layer in layers if layer.type == "Dropout"} == expected
    for folder in ("prototxt", "solvers"):
        with open(os.path.join(ROOT, folder, "paper", f"{job}.prototxt"), encoding="utf-8") as text:
            assert text.readlines()[1].startswith(f"# {words}")
