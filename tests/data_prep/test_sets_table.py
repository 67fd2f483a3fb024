"""The table of sets in data_prep/README.md, and the command that writes it."""

import shutil

import pytest

from allinone.errors import InputError
from data_prep import reader, sets_table
from data_prep.reader import BY_TURNS, Reader


def test_the_committed_page_is_what_the_command_writes(command):
    done = command("data_prep.describe_sets", "--check")
    assert done.returncode == 0, done.stderr
    assert "up to date" in done.stdout


def test_a_page_that_is_out_of_date_is_refused_and_mended(command, expect_refusal, tmp_path):
    page = tmp_path / "README.md"
    shutil.copy(sets_table.PAGE, page)
    text = page.read_text(encoding="utf-8")
    page.write_text(text.replace("25,993", "26,000"), encoding="utf-8")
    arguments = ["--check", "--page", page]
    expect_refusal(
        "data_prep.describe_sets", arguments, "out of date", "run python -m data_prep.describe_sets"
    )
    assert "26,000" in page.read_text(encoding="utf-8")  # --check writes nothing
    done = command("data_prep.describe_sets", "--page", page)
    assert done.returncode == 0 and page.read_text(encoding="utf-8") == text
    page.write_text("no markers", encoding="utf-8")
    expect_refusal("data_prep.describe_sets", ["--page", page], "the lines '<!-- table of sets")
    expect_refusal("data_prep.describe_sets", ["--page", tmp_path / "x"], "no such page")


def test_every_set_has_a_row():
    rows = sets_table.render(reader.readers()).splitlines()[2:]
    assert [row.split("`")[1] for row in rows] == list(reader.names())
    columns = {row.replace("\\|", "").count("|") for row in rows}
    assert columns == {len(sets_table.COLUMNS) + 1}


def test_a_row_by_hand():
    which = Reader(
        "mine",
        "My | set",
        ("a",),
        iter,
        tree="`a`",
        faces="3",
        ask="me",
        splits=("train", "test"),
        trains={"smile": ("train",), "gender": ("train",), "age": None},
        if_named={"id": None},
        finetunes={"det": BY_TURNS},
    )
    assert sets_table.row_of(which) == (
        "| `mine`: My \\| set | `a` | 3 | smile, gender (train); age; if named: id "
        "| det (all parts but one, by turns) |  | me |"
    )


def test_a_page_without_markers_is_refused():
    with pytest.raises(InputError, match="page.md: the lines"):
        sets_table.with_table(sets_table.BEGIN, "table", "page.md")
