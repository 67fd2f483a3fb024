"""What the tests of a model's files share: copies of the shipped model with its ONNX forms."""

import shutil

import pytest
from model_copies import SHIPPED

from allinone import exporting, model


@pytest.fixture(scope="session")
def exported_model(tmp_path_factory):
    """The shipped model with its ONNX forms, which nobody changes."""
    folder = tmp_path_factory.mktemp("exported") / "model"
    shutil.copytree(SHIPPED, folder)
    opened = model.open_model(str(folder))
    for names in model.NETS:
        if opened.has(names[1]):
            exporting.export(opened, names)
    return folder


@pytest.fixture
def model_copy(exported_model, tmp_path):
    """A copy of that model, to change."""
    shutil.copytree(exported_model, tmp_path / "model")
    return tmp_path / "model"
