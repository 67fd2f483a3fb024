"""The recipe of databases, with stand-ins for the commands that it runs."""

import kit_copies
import pytest

LOGGING = """
import sys
open("log", "a").write(" ".join([__spec__.name, *sys.argv[1:]]) + "\\n")
"""


@pytest.mark.parametrize(
    "waiting, modules",
    [
        ("", ["data_prep.databases"]),
        ("casia\n", ["data_prep.databases", "tools.train", "tools.fuse", "data_prep.databases"]),
    ],
)
def test_what_finds_landmarks_is_trained_only_where_it_is_needed(tmp_path, waiting, modules):
    kit_copies.copy(tmp_path, "allinone", "data_prep", "tools")
    for path in ("data_prep/databases.py", "tools/train.py", "tools/fuse.py"):
        (tmp_path / path).write_text(LOGGING)
    (tmp_path / "db").mkdir()
    (tmp_path / "db/without_landmarks.txt").write_text(waiting)
    options = ["--db", "db", "--profile", "tiny", "--iterations", "5", "--cores", "3"]
    kit_copies.start(tmp_path, "-m", "tools.recipes.data", "casia", *options)
    calls = (tmp_path / "log").read_text().splitlines()
    assert [call.split()[0] for call in calls] == modules
    assert "data_prep.databases casia --data data --out db --profile tiny" in calls[0]
    if waiting:
        train, fuse, last = calls[1:]
        assert "--job hyperface" in train and "--cores 3" in train and "--iterations 5" in train
        assert "--tower hyperface" in fuse
        assert "--landmarks-from out/tiny/hyperface/model" in last


def test_data_without_sets_is_refused(expect_refusal, tmp_path):
    arguments = ["--data", tmp_path, "--db", tmp_path / "db"]
    expect_refusal("tools.recipes.data", arguments, tmp_path)
