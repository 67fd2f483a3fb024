"""Analysis needs no Caffe, and nothing but what pyproject.toml names: all else is hidden here."""

import subprocess
import sys

import cv2
import requirements
from conftest import ROOT
from skimage import data

HIDE = """
import sys
HIDDEN = {hidden!r}

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in HIDDEN:
            raise ImportError("hidden by the test")

sys.meta_path.insert(0, Hidden())
"""
# Packages of requirements.txt by the names under which they are imported.
MODULES = {"opencv-python-headless": "cv2", "opencv-contrib-python-headless": "cv2"}
MODULES.update({"scikit-image": "skimage", "scikit-learn": "sklearn", "pillow": "PIL"})
ANALYZE = """
from allinone import FaceAnalyzer, InputError
analyzer = FaceAnalyzer()
assert analyzer.engine == "opencv"
faces = analyzer.analyze({photo!r})
assert len(faces) == 1 and type(faces[0].age) is float and faces[0].descriptor.shape == (512,)
try:
    FaceAnalyzer(engine="caffe")
except InputError as error:
    assert "Caffe cannot be imported" in str(error) and "opencv" in str(error), error
else:
    raise AssertionError("the Caffe engine works without Caffe")
"""
IMPORTS = """
import importlib, pkgutil
import allinone
CORNER = ("pycaffe", "caffe_engine", "packed", "surgery", "snapshots", "widen")
CAFFE = {f"allinone.{name}" for name in CORNER}
for module in pkgutil.walk_packages(allinone.__path__, "allinone."):
    if module.name not in CAFFE:
        importlib.import_module(module.name)
assert "caffe" not in sys.modules
"""


def imported(packages):
    """Return the names under which packages are imported."""
    return {MODULES.get(package, package.lower()) for package in packages}


def run_hidden(code, hidden):
    code = HIDE.format(hidden=hidden) + code
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_photograph_is_analyzed_with_what_analysis_names_alone(tmp_path):
    photo = str(tmp_path / "photo.png")
    cv2.imwrite(photo, cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR)[:220, 90:330])
    needed = imported(requirements.of_project()["dependencies"])
    hidden = {"caffe", "google"} | imported(requirements.of_kit()) - needed
    assert {"onnxruntime", "lmdb", "sklearn", "matplotlib"} <= hidden and "numpy" not in hidden
    run_hidden(ANALYZE.format(photo=photo), hidden)


def test_only_the_corner_of_caffe_imports_it():
    run_hidden(IMPORTS, {"caffe"})
