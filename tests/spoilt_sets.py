"""Ways to spoil a row, a file or a folder of a dataset, laid out as its reader expects it."""

import sqlite3

import numpy as np
import scipy.io

from data_prep.readers import pascal

PASCAL = pascal.FILE


def append(file, text):
    """Return a function that adds text to a file of a folder."""

    def add(folder):
        with open(folder / file, "a", encoding="utf-8") as stream:
            stream.write(text)

    return add


def replace(file, old, new):
    """Return a function that replaces text once in the first file of a folder that fits."""

    def change(folder):
        path = sorted(folder.glob(file))[0]
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    return change


def execute(statement):
    """Return a function that changes AFLW's database."""

    def change(folder):
        with sqlite3.connect(folder / "aflw.sqlite") as connection:
            connection.execute(statement)

    return change


def another_afw_box(folder):
    cells = scipy.io.loadmat(str(folder / "anno.mat"))["anno"]
    cells[0, 1][0, 0] = np.zeros((3, 3))
    scipy.io.savemat(str(folder / "anno.mat"), {"anno": cells})


def another_pascal_entry(folder):
    entries = scipy.io.loadmat(str(folder / PASCAL))["Annotations"]
    entries[-1, 0]["objects"] = np.ones((1, 3))
    scipy.io.savemat(str(folder / PASCAL), {"Annotations": entries})


def unsure(name):
    """Return a function that makes the first face of imdb.mat or wiki.mat an unsure one."""

    def change(folder):
        path = str(folder / f"{name}.mat")
        struct = scipy.io.loadmat(path)[name]
        struct["face_score"][0, 0][0, 0] = -np.inf
        scipy.io.savemat(path, {name: struct})

    return change


def no_gender(folder):
    """A gender of IMDB that is neither 0, 1 nor NaN."""
    path = str(folder / "imdb.mat")
    struct = scipy.io.loadmat(path)["imdb"]
    struct["gender"][0, 0][0, 0] = 0.5
    scipy.io.savemat(path, {"imdb": struct})


def entry_of_nothing(folder):
    entries = scipy.io.loadmat(str(folder / PASCAL))["Annotations"]
    names = np.empty((1, 1), object)
    names[0, 0] = 7
    entries[-1, 0]["imgname"] = names[:0]
    scipy.io.savemat(str(folder / PASCAL), {"Annotations": entries})


def empty_folder(folder):
    (folder / "0000123").mkdir()


def name_without_labels(folder):
    (folder / "61_3_20170109150557335.jpg").write_bytes(b"")


IJBA_TRAIN = "IJB-A_11_sets/split1/train_1.csv"
IJBA_PAIRS = "IJB-A_11_sets/split2/verify_comparisons_2.csv"
CELEBA_LIST = "Anno/list_attr_celeba.txt"
CELEBA_PARTS = "Eval/list_eval_partition.txt"
FDDB_LIST = "FDDB-folds/FDDB-fold-01-ellipseList.txt"
FOTW_LIST = "smiles_trset/gender_fex_trset.csv"
MORPH_LIST = "MORPH_Album2.csv"
