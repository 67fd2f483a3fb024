"""What the tests of an analysis share: a folder of drawn scenes."""

import shutil

import pytest


@pytest.fixture(scope="module")
def album(chain, tmp_path_factory):
    """A folder of four drawn scenes; with a least score of 0.3 something is found in some."""
    folder = tmp_path_factory.mktemp("album")
    for number in range(4):
        shutil.copy(chain / "scenes" / "images" / f"{number:06d}.jpg", folder)
    return folder
