"""Tables as users and datasets write them."""

import io

import numpy as np
import pytest
import scipy.io

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
    [
        ("image;age\n", "its columns are parted by ';', not by ','; save it"),
        ("image.age\n", "no column image, age; its header is image.age; rename"),
        ("", "header is empty"),
    ],
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


def test_a_matlab_file_that_crashes_scipy_is_refused(tmp_path):
    """Of this one SciPy 1.13 reads beyond its end, which ends the process with a signal."""
    entries = np.zeros((3, 1), [(name, object) for name in ("imgname", "imgsize", "box", "flags")])
    for number in range(3):
        size, box = np.array([[100, 100, 3]]), np.ones((2, 6))
        entries[number, 0] = (f"{number:06d}.jpg", size, box, np.zeros((2, 1)))
    whole = io.BytesIO()
    scipy.io.savemat(whole, dict(anno=entries))
    data, start = whole.getvalue(), 594
    path = tmp_path / "anno.mat"
    path.write_bytes(data)
    assert tables.matrix_file(str(path), "anno").shape == (3, 1)
    path.write_bytes(data[: start + 512] + data[start:])
    with pytest.raises(InputError, match="anno.mat: not a Matlab file, or cut off"):
        tables.matrix_file(str(path), "anno")
