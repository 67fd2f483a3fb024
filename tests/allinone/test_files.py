import os
import resource
import subprocess
import sys

import pytest

from allinone import files, reading
from allinone.errors import InputError


def test_what_was_there_stays_when_writing_fails(tmp_path):
    path = tmp_path / "results.json"
    files.write_json(str(path), {"a": 1})
    with pytest.raises(ValueError):
        with files.replacing(str(path)) as stream:
            stream.write("half")
            raise ValueError("stopped")
    assert reading.read_json(str(path), "") == {"a": 1} and os.listdir(tmp_path) == ["results.json"]


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
        reading.read_json(str(tmp_path / "x.json"), "draw it again")
