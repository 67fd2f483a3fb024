"""Tables as users and datasets write them."""

import pytest

from allinone import tasks
from allinone.errors import InputError
from data_prep import tables
from data_prep.reader import Dropped


def written(folder, text, encoding="utf-8"):
    path = folder / "table.csv"
    path.write_text(text, encoding=encoding)
    return str(path)


def test_a_table_of_a_spreadsheet_program(tmp_path):
    """A byte order mark, blanks and large letters in the header, quotes, empty lines, CRLF."""
    text = 'Image, AGE \r\n"a, b.jpg",3\r\n\r\n,\r\nc.jpg,4,5\r\nd.jpg, 6 \r\n'
    path = written(tmp_path, text, "utf-8-sig")
    assert list(tables.table(path, ("age",))) == [
        (f"{path}, line 2", {"image": "a, b.jpg", "age": "3"}),
        (
            f"{path}, line 5",
            Dropped(f"{path}, line 5", "wrong number of fields", "3 instead of 2"),
        ),
        (f"{path}, line 6", {"image": "d.jpg", "age": "6"}),
    ]


@pytest.mark.parametrize(
    "text, words",
    [("image;age\n", "no column image, age; its header is image;age"), ("", "header is empty")],
)
def test_a_table_without_its_columns_is_refused(tmp_path, text, words):
    with pytest.raises(InputError, match=words):
        list(tables.table(written(tmp_path, text), ("image", "age")))


def test_classes_in_words():
    gender = {"0": 0, "1": 1, "male": 0, "female": 1, "m": 0, "f": 1}
    assert tables.codes_of(tasks.BY_NAME["gender"]) == gender
    smile = {"0": 0, "1": 1, "no smile": 0, "smile": 1}
    assert tables.codes_of(tasks.BY_NAME["smile"]) == smile


def test_numbers():
    texts = ("3", " -2.5e1 ", "", "x", None)
    assert [tables.number(text) for text in texts] == [3.0, -25.0, None, None, None]


def test_a_matlab_file_that_is_none_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such file; check the path"):
        tables.variables_of(str(tmp_path / "a.mat"))
    with pytest.raises(InputError, match="not a Matlab file, or cut off"):
        tables.matrix_file(written(tmp_path, "text"), "anno")
