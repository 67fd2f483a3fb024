"""Arguments that name several paths, as make hands them on."""

import pytest

from allinone import arguments
from allinone.analysis import inputs
from allinone.commands import analyze, export, identify, serve
from allinone.errors import InputError

HERE = (
    "a.jpg",
    "b.jpg",
    "a b.jpg",
    "my photos/a b.jpg",
    "my photos/c.jpg",
    "x [1]/d e.jpg",
    "it's",
)


@pytest.fixture(autouse=True)
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in HERE:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()


@pytest.mark.parametrize(
    "text, paths",
    [
        ("a.jpg", ["a.jpg"]),
        ("a.jpg b.jpg", ["a.jpg", "b.jpg"]),
        ("  a.jpg   b.jpg ", ["a.jpg", "b.jpg"]),
        ("a b.jpg", ["a b.jpg"]),
        ("my photos/a b.jpg", ["my photos/a b.jpg"]),
        ("my photos", ["my photos"]),
        ("a.jpg my photos/a b.jpg b.jpg", ["a.jpg", "my photos/a b.jpg", "b.jpg"]),
        ("my photos/*.jpg a.jpg", ["my photos/*.jpg", "a.jpg"]),
        ("x [1]/d e.jpg a.jpg", ["x [1]/d e.jpg", "a.jpg"]),
        ("x [1]/*.jpg a.jpg", ["x [1]/*.jpg", "a.jpg"]),
        ("'my photos/a b.jpg' \"b.jpg\"", ["my photos/a b.jpg", "b.jpg"]),
        ("my\\ photos/a\\ b.jpg a.jpg", ["my photos/a b.jpg", "a.jpg"]),
        ("it's a.jpg", ["it's", "a.jpg"]),
        ("a.jpg 0", ["a.jpg", "0"]),  # a camera
        ("a.jpg gone.jpg", ["a.jpg", "gone.jpg"]),
        ("'a.jpg' 'gone one.jpg'", ["a.jpg", "gone one.jpg"]),
        ("gone one.jpg", ["gone one.jpg"]),
        ("it's gone", ["it's", "gone"]),
        ("", [""]),
    ],
)
def test_an_argument_with_blanks_may_be_several_paths(text, paths):
    assert arguments.several([text], inputs.is_there) == paths


@pytest.mark.parametrize(
    "command, given, option",
    [
        (analyze, ["a.jpg", "--out", ""], "--out"),
        (analyze, ["a.jpg", "--out", "out", "--boxes", ""], "--boxes"),
        (analyze, ["a.jpg", "--out", "out", "--model", ""], "--model"),
        (analyze, ["a.jpg", "--out", "out", "--stage1="], "--stage1"),
        (export, ["--out", ""], "--out"),
        (identify, ["verify", "a.jpg", "b.jpg", "--model", ""], "--model"),
        (identify, ["find", "a.jpg", "--gallery", ""], "--gallery"),
        (serve, ["--people", ""], "--people"),
        (serve, ["--token-file", ""], "--token-file"),
    ],
)
def test_a_name_that_is_empty_is_no_default(command, given, option):
    """As where a shell's variable is not set."""
    with pytest.raises(InputError, match=f"^{option} is empty; give a name, or leave the option"):
        command.parse(given)


@pytest.mark.parametrize(
    "given, option",
    [
        (["verify", "a.jpg", "b.jpg", "--gallery", "g.h5"], "--gallery: verify compares"),
        (["enroll", "people", "--gallery", "g.h5", "--threshold", "0"], "--threshold: enroll"),
    ],
)
def test_options_of_identify_that_mean_nothing_are_refused(given, option):
    with pytest.raises(InputError, match=option):
        identify.parse(given)


def test_a_pattern_in_a_folder_with_brackets_finds_its_files():
    assert inputs.expand(["x [1]/*.jpg"]) == (["x [1]/d e.jpg"], [])
    assert inputs.expand(["my photos/[ac]*.jpg"])[0] == ["my photos/a b.jpg", "my photos/c.jpg"]


def test_a_thousand_names_are_told_apart():
    names = [f"{number}.jpg" for number in range(1000)]
    assert arguments.several([" ".join([*names, "a b.jpg"])]) == [*names, "a b.jpg"]
