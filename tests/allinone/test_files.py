import os
import resource
import subprocess
import sys

import cv2
import numpy as np
import pytest

from allinone import files
from allinone.errors import InputError


def picture(path):
    cv2.imwrite(str(path), np.random.default_rng(0).integers(0, 255, (90, 120, 3)).astype(np.uint8))
    return path


def test_a_missing_a_truncated_and_a_false_picture_are_named(tmp_path):
    whole = picture(tmp_path / "whole.jpg")
    assert files.read_image(str(whole)).shape == (90, 120, 3)
    (tmp_path / "cut.jpg").write_bytes(whole.read_bytes()[:2000])
    (tmp_path / "text.jpg").write_text("this is no picture")
    (tmp_path / "empty.jpg").write_bytes(b"")
    for name, says in (
        ("none.jpg", "cannot be read"),
        ("cut.jpg", "cut off"),
        ("text.jpg", "no picture"),
        ("empty.jpg", "no picture"),
    ):
        with pytest.raises(InputError, match=says) as error:
            files.read_image(str(tmp_path / name))
        assert name in str(error.value)


@pytest.mark.parametrize("name", ["picture.doc", "picture"])
def test_a_picture_of_an_unknown_kind_is_refused(tmp_path, name):
    with pytest.raises(InputError, match=f"{name}: OpenCV cannot write this kind of picture"):
        files.write_image(str(tmp_path / name), np.zeros((4, 4, 3), np.uint8))
    assert os.listdir(tmp_path) == []


def test_what_was_there_stays_when_writing_fails(tmp_path):
    path = tmp_path / "results.json"
    files.write_json(str(path), {"a": 1})
    with pytest.raises(ValueError):
        with files.replacing(str(path)) as stream:
            stream.write("half")
            raise ValueError("stopped")
    assert files.read_json(str(path), "") == {"a": 1} and os.listdir(tmp_path) == ["results.json"]


def test_a_full_disk_is_a_sentence_and_loses_nothing(tmp_path):
    path = tmp_path / "results.json"
    path.write_text("[1]")
    code = f"""
from allinone import files
from allinone.errors import command
@command
def main(argv=None):
    files.write_json({str(path)!r}, list(range(100000)))
raise SystemExit(main())
"""

    def limit():  # a file that cannot grow, as on a full disk
        resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, preexec_fn=limit
    )
    assert done.returncode == 2 and str(path) in done.stderr and "free space" in done.stderr
    assert path.read_text() == "[1]" and os.listdir(tmp_path) == ["results.json"]


def test_broken_json_is_named_with_the_mend(tmp_path):
    (tmp_path / "x.json").write_text("{")
    with pytest.raises(InputError, match="x.json: not JSON.*draw it again"):
        files.read_json(str(tmp_path / "x.json"), "draw it again")
