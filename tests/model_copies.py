"""Copies of a model's folder that are changed, with hashes that fit the changed files."""

import os

import numpy as np
import pytest
from conftest import ROOT

from allinone import files, model, model_writing
from allinone.backend import Backend
from allinone.errors import InputError

SHIPPED = os.path.join(ROOT, model.SHIPPED)


def seal(folder, *added):
    """Write the hashes of a model's files, and of some that were added, into its model.json."""
    about = model.read_about(str(folder))
    for name in (*about.files, *added):
        about.files[name] = files.sha256(os.path.join(folder, name))
    model_writing.write_about(str(folder), about)


def refused(folder, engine, *parts):
    """Open a model whose hashes fit and that must be refused, its dense net too."""
    seal(folder)
    with pytest.raises(InputError) as error:
        backend = Backend(str(folder), engine)
        backend.scores(np.zeros((115, 115, 3), np.uint8))
    sentence = str(error.value)
    assert "\n" not in sentence and all(part in sentence for part in parts), sentence
    return sentence
