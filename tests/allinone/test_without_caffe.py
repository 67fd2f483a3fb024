"""Analysis needs no Caffe: with Caffe hidden, everything but its own corner imports and works."""

import subprocess
import sys

from conftest import ROOT

HIDE = """
import sys

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "caffe":
            raise ImportError("hidden by the test")

sys.meta_path.insert(0, Hidden())
"""
ANALYZE = """
import numpy as np
from skimage import data
from allinone import FaceAnalyzer, InputError
analyzer = FaceAnalyzer(engine="opencv")
photo = np.ascontiguousarray(data.astronaut()[:220, 90:330, ::-1])
faces = analyzer.analyze(photo)
assert len(faces) == 1 and type(faces[0].age) is float and faces[0].descriptor.shape == (512,)
try:
    FaceAnalyzer()
except InputError as error:
    assert "Caffe cannot be imported" in str(error) and "opencv" in str(error), error
else:
    raise AssertionError("the Caffe engine works without Caffe")
"""
IMPORTS = """
import importlib, pkgutil
import allinone
CAFFE = {"pycaffe", "caffe_engine", "surgery", "snapshots", "widen"}
for module in pkgutil.iter_modules(allinone.__path__):
    if module.name not in CAFFE:
        importlib.import_module(f"allinone.{module.name}")
assert "caffe" not in sys.modules
"""


def run_hidden(code):
    done = subprocess.run(
        [sys.executable, "-c", HIDE + code], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_a_photograph_is_analyzed():
    run_hidden(ANALYZE)


def test_only_the_corner_of_caffe_imports_it():
    run_hidden(IMPORTS)
