"""The library as pip installs it: what its wheel holds, and that it works far from the kit."""

import json
import os
import subprocess
import sys
import zipfile

import numpy as np
import pytest
import requirements
from conftest import ROOT
from skimage import data

from allinone import FaceAnalyzer
from allinone.pictures import write_image

# Run in a folder of its own, without the checkout on its path.
USE = """
import json, os, sys
import allinone
from allinone import FaceAnalyzer, closure
assert allinone.__file__.startswith(sys.argv[1]), allinone.__file__
assert not any(name.split(".")[0] in ("tools", "evaluate", "data_prep") for name in sys.modules)
analyzer = FaceAnalyzer(engine="opencv")
(face,) = analyzer.analyze(sys.argv[2])
code = closure.depended_on(["allinone.analysis.run"])
said = [analyzer.backend.folder, face.to_record("a", "raw").descriptor, face.age, code]
json.dump(said, sys.stdout)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built of the checkout by what pyproject.toml names."""
    folder = tmp_path_factory.mktemp("wheel")
    (backend,) = requirements.of_project()["requires"].items()
    fetch = [sys.executable, "-m", "pip", "install", "-q", "--target", str(folder / "backend")]
    fetched = subprocess.run([*fetch, "".join(backend)], capture_output=True, text=True)
    if fetched.returncode:
        pytest.skip(f"pip cannot fetch {backend[0]}: {fetched.stderr.splitlines()[-1]}")
    build = "import sys; from hatchling import build; build.build_wheel(sys.argv[1])"
    subprocess.run(
        [sys.executable, "-c", build, str(folder / "out")],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(folder / "backend")},
        check=True,
    )
    (path,) = (folder / "out").iterdir()
    return path


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A folder with what pip installs of the wheel, without what it needs."""
    folder = tmp_path_factory.mktemp("installed") / "site"
    pip = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--no-compile"]
    subprocess.run([*pip, "-q", "--target", str(folder), str(wheel)], check=True)
    return folder


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    path = str(tmp_path_factory.mktemp("photo") / "astronaut.png")
    write_image(path, np.ascontiguousarray(data.astronaut()[:220, 90:330, ::-1]))
    return path


def run_installed(installed, folder, *arguments, **environment):
    """Run Python on the installed library, in another folder."""
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=folder,
        env={**clean, "PYTHONPATH": str(installed), **environment},
        capture_output=True,
        text=True,
    )


def test_the_wheel_holds_the_library_and_the_model_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as stored:
        names, metadata = set(stored.namelist()), ""
        for name in names:
            if name.endswith(".dist-info/METADATA"):
                metadata = stored.read(name).decode()
    tops = {name.split("/")[0] for name in names}
    assert tops == {"allinone", wheel.name[: -len("-py3-none-any.whl")] + ".dist-info"}
    for name in os.listdir(os.path.join(ROOT, "models", "small")):
        assert f"allinone/models/small/{name}" in names
    for module in ("cli", "analysis/run", "commands/analyze", "gallery", "many"):
        assert f"allinone/{module}.py" in names
    for name in os.listdir(os.path.join(ROOT, "allinone", "service", "static")):
        assert f"allinone/service/static/{name}" in names
    assert 10e6 < wheel.stat().st_size < 30e6
    assert "Requires-Python: >=3.9" in metadata and "kendryte-caffe" in metadata


def test_one_call_analyzes_a_photograph_as_in_the_checkout(installed, photo, tmp_path):
    done = run_installed(installed, tmp_path, "-c", USE, installed, photo)
    assert done.returncode == 0, done.stderr
    folder, descriptor, age, code = json.loads(done.stdout)
    assert folder == os.path.join(str(installed), "allinone", "models", "small")
    (expected,) = FaceAnalyzer(engine="opencv").analyze(photo)
    np.testing.assert_allclose(descriptor, expected.descriptor, atol=1e-5)
    assert age == pytest.approx(expected.age, abs=1e-4)
    assert "allinone/analyzer.py" in code and all(one.startswith("allinone/") for one in code)


def test_its_command_analyzes_and_says_by_what(installed, photo, tmp_path):
    done = run_installed(
        installed, tmp_path, "-m", "allinone", "analyze", photo, "--out", "out", "--csv"
    )
    assert done.returncode == 0, done.stderr
    folder = installed / "allinone" / "models" / "small"
    assert done.stdout.splitlines()[0] == f"model {folder}, engine onnxruntime on the CPU"
    assert {"faces.jsonl", "faces.csv", "astronaut.png"} <= set(os.listdir(tmp_path / "out"))


def test_its_console_script_knows_all_commands(installed, photo, tmp_path):
    script = installed / "bin" / "allinone"
    for arguments, said in (
        (["identify", "verify", photo, photo], "1.000: the same person"),
        (["analyze", photo, "--out", "out"], "1 analyzed, 0 could not be read"),
        (["export", "--out", "onnx"], "dense.onnx"),
    ):
        done = run_installed(installed, tmp_path, script, *arguments)
        assert done.returncode == 0 and said in done.stdout, done.stderr
    refused = run_installed(installed, tmp_path, script, "identify", "verify")
    assert refused.returncode == 2 and "arguments are required: inputs" in refused.stderr


def test_a_model_of_the_environment_is_used_and_one_that_is_not_there_refused(
    installed, chain, tmp_path
):
    ask = "from allinone import FaceAnalyzer; print(FaceAnalyzer().backend.folder)"
    for folder, code in ((chain / "model", 0), (tmp_path / "none", 1)):
        done = run_installed(installed, tmp_path, "-c", ask, ALLINONE_MODEL=str(folder))
        assert done.returncode == code and str(folder) in done.stdout + done.stderr, done.stderr
    assert "ALLINONE_MODEL=" in done.stderr and "no such folder" in done.stderr


def test_both_lists_of_packages_name_the_same():
    """But what Caffe's wheel needs of NumPy, and what tests need."""
    project, kit = requirements.of_project(), requirements.of_kit()
    for name in ("pytest", "pytest-xdist", "ruff", "onnx"):
        kit.pop(name)
    extras = ("onnx", "videos", "dask", "serve", "train", "caffe")
    lists = [project[name] for name in ("dependencies", *extras)]
    named = {package: versions for some in lists for package, versions in some.items()}
    assert named.pop("kendryte-caffe") == requirements.of_kit("requirements-caffe.txt").pop(
        "kendryte-caffe"
    )
    assert kit.pop("numpy") == f"{project['dependencies']['numpy']},{named.pop('numpy')}"
    assert named == kit
