"""What the tests of a model's files share: copies of the shipped model with its ONNX forms."""

import shutil

import pytest
from model_copies import SHIPPED

from allinone import model


@pytest.fixture(scope="session")
def exported_model(tmp_path_factory):
    """The shipped model with its ONNX forms, which nobody changes."""
    from tools import exporting  # imports Caffe, which only these tests need

    folder = tmp_path_factory.mktemp("exported") / "model"
    shutil.copytree(SHIPPED, folder)
    for names, free_sides in ((model.FUSED, False), (model.DENSE, True)):
        exporting.export(str(folder), names, free_sides)
    return folder


@pytest.fixture
def model_copy(exported_model, tmp_path):
    """A copy of that model, to change."""
    shutil.copytree(exported_model, tmp_path / "model")
    return tmp_path / "model"
