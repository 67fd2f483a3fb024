"""The table of results beside chance."""

from allinone import tasks
from evaluate import headline


def of_all(value):
    """Return results in which every task has its figure, and something beside it."""
    return {task.name: {task.figure.metric: value, "more": 1} for task in tasks.TASKS}


def test_it_has_a_row_for_every_task():
    results = of_all(0.5)
    assert set(headline.only_headlines(results)["pose"]) == {"yaw_mae"}
    rows = headline.table(results, of_all(0.25))
    assert [row[0] for row in rows[1:]] == [task.name for task in tasks.TASKS]
    assert rows[1][2:] == ("50.0%", "25.0%", "higher")
    age = next(row for row in rows if row[0] == "age")
    assert age[2:] == ("0.5 years", "0.2 years", "lower")
    assert headline.left_out(results) == ""


def test_a_task_that_was_not_measured_is_left_out_and_named():
    results = of_all(0.5)
    del results["smile"]
    results["age"] = {"another": 1}
    rows = headline.table(results, of_all(0.5))
    names = [row[0] for row in rows]
    assert "smile" not in names and "age" not in names and len(rows) == len(tasks.TASKS) - 1
    assert headline.left_out(results).endswith(": smile, age")
    assert "smile" not in headline.only_headlines(results)


def test_text_is_aligned():
    assert headline.text_table([("a", "bbb"), ("cc", "d")]) == "a   bbb\ncc  d"
