"""The Makefile and the set-up, as a newcomer meets them."""

import os
import re
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT

from data_prep import reader


def make(*arguments, cwd=ROOT, **environment):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", *arguments], cwd=cwd, env={**clean, **environment}, capture_output=True, text=True
    )


@pytest.mark.parametrize("arguments", [(), ("help",)])
def test_help_lists_every_target(arguments):
    with open(os.path.join(ROOT, "Makefile"), encoding="utf-8") as stream:
        phony = re.search(r"^\.PHONY: (.*)$", stream.read().replace("\\\n", " "), re.M).group(1)
    for pattern, shown in (
        ("$(TOWERS:%=train-%)", "train-<tower>"),
        ("$(FINETUNED:%=finetune-%)", "finetune-<set>"),
        ("$(DATASETS:%=data-%)", "data-<set>"),
        ("$(BENCHMARKS:%=eval-%)", "eval-<set>"),
    ):
        assert pattern in phony
        phony = phony.replace(pattern, shown)
    phony = phony.split()
    listed = re.findall(r"^  make (\S+) +(\S.*)$", make(*arguments).stdout, re.M)
    assert sorted(name for name, _ in listed) == sorted(phony)


def test_analyze_without_pictures_says_how():
    done = make("analyze", "-n")
    assert done.returncode == 2 and "IN=photo.jpg" in done.stderr


def trainings(*arguments):
    """Return the (job, --init) of each training that a target would start, in order."""
    done = make("-n", *arguments)
    assert done.returncode == 0, done.stderr
    return [
        (
            re.search(r"--job (\S+)", line).group(1),
            (re.search(r"--init (\S+)", line) or [None, None])[1],
        )
        for line in done.stdout.splitlines()
        if "tools.train" in line
    ]


def test_training_starts_from_the_identity_network_unless_told_otherwise():
    pretrained = ("pretrain", None)
    assert trainings("train") == [pretrained, ("joint", "out/paper/pretrain")]
    assert trainings("train", "PROFILE=tiny") == [pretrained, ("joint", "out/tiny/pretrain")]
    assert trainings("train", "INIT=") == [("joint", None)]
    assert trainings("train", "INIT=other/run") == [("joint", "other/run")]
    assert trainings("train-age") == [pretrained, ("age", "out/paper/pretrain")]
    assert trainings("train-hyperface") == [("hyperface", None)]


def test_without_a_gpu_two_processes_train_and_with_one_none_is_asked_for():
    one, other, three = (
        make("-n", "train", "INIT=", *more).stdout for more in ((), ("GPU=0",), ("CORES=3",))
    )
    assert "--cores 2" in one and "--gpu" not in one.split("tools.train")[1]
    assert '--gpu "0"' in other and "--cores" not in other and "--cores 3" in three


def test_every_reader_has_its_target_and_takes_another_folder():
    for name in reader.names():
        assert f"data_prep.convert {name} --folder data/{name}" in make("-n", f"data-{name}").stdout
    assert "data_prep.convert custom --folder mine" in make("-n", "data-custom", "SRC=mine").stdout


def test_one_set_is_read_and_its_databases_built():
    text = make("-n", "data-morph", "DATA=elsewhere", "PROFILE=tiny", "LANDMARKS=my/model").stdout
    assert "data_prep.convert morph --folder elsewhere/morph" in text
    assert (
        "data_prep.databases --data elsewhere --out elsewhere/db --profile tiny" in text
        and "morph  --landmarks-from my/model" in text
    )
    assert (
        "custom --folder mine"
        in make("-n", "data-custom", "SRC=mine").stdout.split("data_prep.databases")[1]
    )


def test_data_trains_what_finds_landmarks_only_where_it_is_needed(tmp_path):
    """The recipe itself, with a stand-in for Python: no training where no set lacks landmarks."""
    (tmp_path / "bin").mkdir()
    script = tmp_path / "bin" / "python"
    script.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/called\n')
    script.chmod(0o755)
    for waiting, modules in (
        ("", ["data_prep.databases"]),
        ("casia\n", ["data_prep.databases", "tools.train", "tools.fuse", "data_prep.databases"]),
    ):
        (tmp_path / "without_landmarks.txt").write_text(waiting)
        (tmp_path / "called").unlink(missing_ok=True)
        done = make("data", f"PY={script}", f"DB={tmp_path}", "-o", "setup")
        assert done.returncode == 0, done.stderr
        calls = (tmp_path / "called").read_text().splitlines()
        assert [call.split()[1] for call in calls] == modules
    assert (
        "--job hyperface" in calls[1]
        and "--tower hyperface" in calls[2]
        and "--landmarks-from out/paper/hyperface/model" in calls[3]
    )


def test_fine_tuning_goes_through_the_folds_that_are_there(tmp_path):
    for fold in (1, 2, 10):
        (tmp_path / "finetune" / "fddb" / f"fold_{fold:02d}").mkdir(parents=True)
    (line,) = [
        line
        for line in make("-n", "finetune-fddb", f"DB={tmp_path}").stdout.splitlines()
        if "for db in" in line
    ]
    folds = re.search(r"for db in (.*?);", line).group(1).split()
    assert sorted(folds) == [f"{tmp_path}/finetune/fddb/fold_{fold}" for fold in ("01", "02", "10")]
    (line,) = [
        line
        for line in make("-n", "finetune-fddb", "FOLD=2", f"DB={tmp_path}").stdout.splitlines()
        if "for db in" in line
    ]
    assert re.search(r"for db in (.*?);", line).group(1).split() == [
        f"{tmp_path}/finetune/fddb/fold_02"
    ]


@pytest.fixture
def clone(tmp_path):
    """The set-up's files alone, so that the environment of this checkout is left as it is."""
    (tmp_path / "tools").mkdir()
    for name in (
        "tools/setup.sh",
        "tools/fetch_uv.py",
        "requirements.txt",
        "requirements-caffe.txt",
    ):
        shutil.copy(os.path.join(ROOT, name), tmp_path / name)
    return tmp_path


def setup(clone, path=(), **environment):
    search = os.pathsep.join([*map(str, path), os.environ["PATH"]])
    return subprocess.run(
        ["bash", "tools/setup.sh"],
        cwd=clone,
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "HOME": str(clone),
            "PYENV_ROOT": str(clone),
            "PYTHON": "",
            "PATH": search,
            **environment,
        },
    )


def test_a_python_that_does_not_start_is_refused_and_nothing_is_removed(clone):
    (clone / ".venv").mkdir()
    done = setup(clone, PYTHON="/no/such/python")
    assert (
        done.returncode == 2
        and "PYTHON=/no/such/python" in done.stderr
        and (clone / ".venv").is_dir()
    )


def test_without_any_python_one_message_names_the_ways(clone):
    programs = clone / "bin"
    programs.mkdir()
    for name in (
        "python3.9",
        "python3.8",
        "python3",
        "conda",
        "uv",
    ):  # there, but none of them starts
        (programs / name).write_text("#!/bin/sh\nexit 127\n")
        (programs / name).chmod(0o755)
    done = setup(clone, [programs], CONDA_PREFIX="")
    assert done.returncode == 2
    assert (
        "pyenv install 3.9" in done.stderr
        and "PYTHON=/path/to/python" in done.stderr
        and not (clone / ".venv").exists()
    )


def test_a_caffe_that_is_there_is_used_and_no_wheel_put_over_it(clone):
    done = setup(clone, PYTHON=sys.executable)
    assert done.returncode == 0, done.stderr
    assert "using the Caffe of this Python" in done.stdout
    python = str(clone / ".venv" / "bin" / "python")
    place = subprocess.run(
        [python, "-c", "import caffe; print(caffe.__file__)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert not place.startswith(str(clone))
    assert setup(clone, PYTHON=sys.executable).stdout == ""  # done: a no-op


def test_the_placeholder_named_caffe_is_recognised(tmp_path):
    (tmp_path / "caffe.py").write_text("version = '0.0.1'\n")
    done = subprocess.run(
        [sys.executable, "-m", "tools.check_env"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert (
        "PyPI's package `caffe` is an unrelated placeholder" in done.stdout
        and "mend:" in done.stdout
    )


def test_the_environment_of_these_tests_is_in_order(command):
    done = command("tools.check_env")
    assert done.returncode == 0, done.stdout
    assert (
        re.search(r"ok +layers +Python, Data, HDF5Data, PReLU", done.stdout)
        and "ximgproc" in done.stdout
    )


def test_a_gpu_that_is_not_there_is_an_error(command):
    done = command("tools.check_gpu", "99")
    if done.returncode == 0:
        pytest.skip("this machine has a GPU 99")
    assert done.returncode == 2 and "GPU=99" in done.stderr
