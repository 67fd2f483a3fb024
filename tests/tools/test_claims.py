import json

import pytest

from tools import claims


def test_a_verdict_counts_the_seeds_in_which_the_claimed_side_is_better():
    assert (
        claims.verdict("gender", [0.9, 0.8, 0.9], [0.8, 0.7, 0.8]) == "3 of 3: holds"
    )  # accuracy: more is better
    assert (
        claims.verdict("age", [5.0, 6.0, 5.0], [4.0, 5.0, 4.0]) == "0 of 3: contradicts"
    )  # years: less is better
    assert claims.verdict("age", [5.0, 6.0, 5.0], [6.0, 5.0, 6.0]) == "2 of 3: undecided"


def test_figures_are_shown_with_unit_mean_and_deviation():
    assert claims.shown("smile", [0.80, 0.90, 0.85]) == "85.0 ± 5.0 %"
    assert claims.shown("age", [7.0, 8.0]) == "7.50 ± 0.71 years"


def test_only_the_last_validation_of_a_whole_run_counts(tmp_path):
    lines = [
        dict(iteration=300, validation=dict(age=dict(mae=9.0))),
        dict(iteration=900, loss=dict(age=1.0)),
        dict(iteration=900, validation=dict(age=dict(mae=7.5))),
    ]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert claims.last_figures(str(tmp_path)) == {"age": 7.5}
    (tmp_path / "log.jsonl").write_text(json.dumps(lines[0]) + "\n")
    with pytest.raises(claims.InputError, match="300, not 900"):
        claims.last_figures(str(tmp_path))


def test_a_training_that_fails_is_named_with_its_words(tmp_path):
    with pytest.raises(
        claims.InputError,
        match=r"(?s)joint.log: the training ended with code 2.*build the database",
    ):
        claims.train_chain(
            {"joint": ("--job", "joint")}, 1, str(tmp_path / "db"), str(tmp_path / "out")
        )
