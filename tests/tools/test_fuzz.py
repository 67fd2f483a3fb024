"""The fuzzer: cases are the same whenever they are made, verdicts tell failures from answers."""

import os
import random
import re

import pytest
from conftest import run

from tools.fuzzing import campaign, case, damage, verdict
from tools.fuzzing.case import Case, Finished

CASES = 500  # of seed 1: two minutes of one core; `make fuzz` tries 10,000


def finished(code=0, signal=0, hung=False, out="", err=""):
    return Finished(code, signal, hung, out, err, 0.1)


def outcome(tmp_path, done, before=None, **more):
    folder = str(tmp_path)
    state = verdict.state(folder)
    made = Case("x", ["tools.analyze"], names=("a.jpg",), **more)
    return verdict.of(made, done, before or state, state, folder).outcome


@pytest.mark.parametrize(
    "done, expected",
    [
        (finished(), verdict.RIGHT),
        (finished(2, err="error: a.jpg: no picture; get it again\n"), verdict.SAID),
        (finished(2, err="usage: x\nanalyze.py: error: a.jpg is none\n"), verdict.SAID),
        (finished(2, err="error: something is wrong\n"), verdict.WORDLESS),
        (finished(2, err="a.jpg\n"), verdict.WORDLESS),
        (finished(1, err="a.jpg\n"), verdict.TRACEBACK),
        (finished(0, err="Traceback (most recent call last):\n"), verdict.TRACEBACK),
        (finished(None, 6), verdict.ABORT),
        (finished(None, 9, hung=True), verdict.HANG),
    ],
)
def test_verdicts(tmp_path, done, expected):
    assert outcome(tmp_path, done) == expected


def test_an_answer_that_is_not_that_of_the_healthy_input_is_silent(tmp_path):
    def wrong(_):
        return "other faces"

    assert outcome(tmp_path, finished(), wrong=wrong) == verdict.SILENT
    said = finished(2, err="error: a.jpg: no picture\n")
    assert outcome(tmp_path, said, wrong=wrong) == verdict.WRONG


def test_a_file_that_is_no_output_must_stay_as_it_is(tmp_path):
    (tmp_path / "out").mkdir()
    for name in ("photo.jpg", "out/faces.jsonl"):
        (tmp_path / name).write_text("1")
    before = verdict.state(str(tmp_path))
    (tmp_path / "out" / "faces.jsonl").write_text("2")
    assert outcome(tmp_path, finished(), before, writes=("out",)) == verdict.RIGHT
    (tmp_path / "photo.jpg").write_text("2")
    assert outcome(tmp_path, finished(), before, writes=("out",)) == verdict.LOST
    (tmp_path / "photo.jpg").unlink()
    assert outcome(tmp_path, finished(), before, writes=("out",)) == verdict.LOST


def test_damage_of_a_seed_is_the_same_every_time():
    data = bytes(range(256)) * 8
    for number in range(200):
        some, others = (damage.of_bytes(random.Random(number), data) for _ in range(2))
        assert some == others
    kinds = {damage.of_bytes(random.Random(number), data)[0] for number in range(200)}
    assert kinds == {change.__name__ for change in damage.BYTES}


def test_every_class_has_its_share_of_the_cases():
    names = campaign.drawn(1, 500, case.names())
    assert {name.kind for name in names} == set(case.names())
    assert names == campaign.drawn(1, 500, case.names()) and len(set(names)) == len(names)
    assert abs(len(names) - 500) < len(case.names())


@pytest.mark.parametrize(
    "arguments, part",
    [
        (["--only", "1:nothing:2"], "seed:class:number"),
        (["--only", "x"], "seed:class:number"),
        (["--cases", 0], "--cases"),
        (["--classes", "nothing"], "pictures"),
        (["--page", __file__], "has no lines <!-- fuzz"),
    ],
)
def test_what_is_no_case_is_refused(arguments, part, command):
    done = command("tools.fuzz", *arguments)
    assert done.returncode == 2 and part in done.stderr and "Traceback" not in done.stderr


def test_a_case_is_shown_again_by_its_name_and_can_be_kept(tmp_path, command):
    kept = tmp_path / "case"
    done = command("tools.fuzz", "--only", "1:galleries:3", "--keep", kept)
    assert re.search(r"^1:galleries:3: \S", done.stdout, re.M), done.stdout + done.stderr
    assert done.returncode == 0 and os.path.isdir(kept)
    again = command("tools.fuzz", "--only", "1:galleries:3", "--keep", kept)
    assert again.returncode == 2 and str(kept) in again.stderr


def test_no_case_of_the_short_form_fails(tmp_path):
    results = tmp_path / "results.jsonl"
    # On one core: healthy answers are found once a process, and other tests have the other cores.
    done = run("tools.fuzz", "--cases", CASES, "--seed", 1, "--cores", 1, "--out", results)
    failed = [one for one in campaign.read(str(results)) if is_failure(one)]
    assert done.returncode == 0 and not failed, "\n".join(map(campaign.failure, failed))


def is_failure(result):
    return result.outcome in verdict.BAD
