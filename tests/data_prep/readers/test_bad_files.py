"""A file that is not the set's ends its reading with a sentence, and nothing is written."""

import pytest
from spoilt_sets import (
    CELEBA_LIST,
    MORPH_LIST,
    PASCAL,
    execute,
    replace,
)

from allinone.errors import InputError
from data_prep import conversion, reader

BAD_FILES = [
    ("imdb", "imdb.mat", "cut", "cut off"),
    ("wiki", "wiki.mat", "cut", "cut off"),
    ("afw", "anno.mat", "cut", "cut off"),
    ("pascal", PASCAL, "cut", "cut off"),
    ("aflw", "aflw.sqlite", "cut", "SQLite"),
    ("aflw", "aflw.sqlite", "DROP TABLE FacePose", "table FacePose has no column face_id"),
    ("morph", MORPH_LIST, ("age", "years"), "no column age"),
    ("adience", "fold_3_data.txt", ("gender", "sex"), "no column gender"),
    ("celeba", CELEBA_LIST, ("Smiling", "Grinning"), "no attribute Smiling"),
    ("fotw", "smiles_valset/gender_fex_valset.csv", ("Smile", "Grin"), "no column smile"),
    (
        "ijba",
        "IJB-A_1N_sets/split7/search_probe_7.csv",
        ("TEMPLATE_ID", "TEMPLATE"),
        "no column template_id",
    ),
    ("lfw", "pairs.txt", ("10\t1\n", ""), "line 1"),
    ("lfw", "pairs.txt", ("10\t1\n", "10\t0\n"), "line 1"),
    ("custom", "faces.csv", ("image", "picture"), "no column image"),
]


@pytest.mark.parametrize("name, file, how, words", BAD_FILES)
def test_a_file_that_is_not_the_sets_ends_with_a_sentence_and_nothing_is_written(
    laid_out, name, file, how, words
):
    folder = laid_out(name)
    path, before = folder / file, sorted(folder.iterdir())
    if how == "cut":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
    elif isinstance(how, str):
        execute(how)(folder)
    else:
        replace(file, *how)(folder)
    with pytest.raises(InputError) as error:
        conversion.convert_set(name, str(folder))
    assert words in str(error.value) and file in str(error.value)
    assert sorted(folder.iterdir()) == before


def test_the_command_refuses_such_a_file(laid_out, expect_refusal):
    folder = laid_out("lfw")
    (folder / "pairs.txt").write_text("")
    expect_refusal(
        "data_prep.convert", ["lfw", "--folder", folder], f"{folder}/pairs.txt, line 1: must hold"
    )


@pytest.mark.parametrize("name", reader.names())
def test_an_empty_folder_names_every_file_that_is_missing(name, tmp_path):
    which = reader.load(name)
    with pytest.raises(InputError) as error:
        conversion.convert_set(name, str(tmp_path))
    for part in (tmp_path, *which.needs, *which.any_of, "data_prep/README.md"):
        assert str(part) in str(error.value)
