"""make kill in small, and that it sees what a kill has spoilt."""

import re

import pytest

from tools.killing.commands import Killed
from tools.killing.trial import Trials, differences

KILL = "tools.kill"
QUICK = ("convert", "build_db aligned", "locate", "analyze", "enroll")
# Adds to what it finds, as a command that resumes must not, and is then busy for a second.
FORGETFUL = """
import sys, time
with open(f"{sys.argv[1]}/lines", "a") as stream:
    stream.write("a line\\n")
time.sleep(1)
"""


@pytest.fixture
def inputs(chain, tmp_path):
    """A folder with the chain's inputs."""
    (tmp_path / "inputs").mkdir()
    for name in ("faces", "scenes", "db", "run", "model"):
        (tmp_path / "inputs" / name).symlink_to(chain / name)
        (tmp_path / "inputs" / f"{name}.whole").touch()
    return tmp_path / "inputs"


def test_ten_kills_change_nothing(inputs, command, tmp_path):
    out = ["--out", tmp_path / "out", "--inputs", inputs]
    done = command(KILL, "--kills", 10, *out, "--commands", *QUICK)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [re.split("  +", line) for line in done.stdout.splitlines()]
    table = {row[0]: row[1:5] for row in rows if len(row) >= 5 and row[0]}
    for name in QUICK:
        kills, runs, same, otherwise = map(int, table[name])
        assert kills == 2 and runs == same >= 1 and otherwise == 0
    assert table["all"][0] == "10"


def test_what_a_kill_has_spoilt_is_seen(tmp_path, monkeypatch):
    (tmp_path / "forgetful.py").write_text(FORGETFUL)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    trials = Trials(Killed("forgetful", "forgetful {work}"), str(tmp_path), str(tmp_path), 1)
    tally = trials.run(5)
    assert tally.kills == 5 and tally.runs == tally.same + len(tally.problems)
    assert tally.problems and "other bytes: lines" in tally.problems[0]


def test_a_command_that_fails_when_it_goes_on_is_seen(tmp_path, monkeypatch):
    text = FORGETFUL.replace('"a"', '"x"')  # refuses what is there
    (tmp_path / "forgetful.py").write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    trials = Trials(Killed("forgetful", "forgetful {work}"), str(tmp_path), str(tmp_path), 1)
    assert "exit code 1: " in trials.run(5).problems[0]


def test_differences_are_told_apart():
    assert differences({"a": "1", "b": "2"}, {"a": "1", "b": "2"}) == ""
    told = differences({"a": "1", "b": "2", "c": "3"}, {"a": "1", "b": "0", "d": "4"})
    assert told == "missing: c; left over: d; other bytes: b"


def test_an_unknown_command_is_refused(expect_refusal, tmp_path):
    arguments = ["--out", tmp_path, "--commands", "dance"]
    expect_refusal(KILL, arguments, "dance", "build_db scenes")
    expect_refusal(KILL, ["--out", tmp_path, "--kills", 0], "--kills 0")


@pytest.mark.parametrize("option", ["--out", "--inputs"])
def test_what_others_have_put_into_its_folders_stays(expect_refusal, tmp_path, option):
    """Such as datasets in data/, by the names of its own inputs."""
    mine = tmp_path / "mine" / ("convert" if option == "--out" else "celeba") / "mine.jpg"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    given = {"--out": tmp_path / "out", "--inputs": tmp_path / "inputs", option: tmp_path / "mine"}
    arguments = [part for pair in given.items() for part in pair]
    expect_refusal(
        KILL, [*arguments, "--kills", 1, "--commands", "convert"], mine.parent, "of this kit"
    )
    assert mine.read_text() == "mine"
