"""Caffe's own picture functions are imported when they are asked for."""

import subprocess
import sys

from conftest import ROOT

LATE = """
import sys
from allinone.pycaffe import caffe
import inspect
inspect.stack()  # asks all modules for their files
assert "skimage" not in sys.modules and "scipy" not in sys.modules
import caffe.io
from caffe.io import resize_image
import numpy
assert resize_image(numpy.ones((4, 4, 3)), (2, 2)).shape == caffe.io.resize_image(
    numpy.ones((6, 6, 3)), (2, 2)).shape == (2, 2, 3)
assert sys.modules["caffe.io"].__file__ and not hasattr(caffe.io, "lunch")
"""
EARLY = """
import caffe.io, sys
before = caffe.io
from allinone.pycaffe import caffe
assert caffe.io is before is sys.modules["caffe.io"]
"""


def start(program):
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_program_that_uses_them_gets_them():
    start(LATE)


def test_where_they_are_there_already_they_stay():
    start(EARLY)
