"""What the writers of layouts share: copies of pictures, text files, tables, Matlab cells."""

import csv
import os
import shutil

import numpy as np

from allinone import files


def copy(source, image, target):
    """Copy a picture of the folder `source` to the path `target`; make the folder of `target`."""
    os.makedirs(os.path.dirname(target), exist_ok=True)
    shutil.copyfile(os.path.join(source, image), target)


def write_text(path, text):
    """Write a text file."""
    with files.replacing(path) as stream:
        stream.write(text)


def write_table(path, header, rows, delimiter=","):
    """Write a table with a header."""
    with files.replacing(path) as stream:
        writer = csv.writer(stream, delimiter=delimiter, lineterminator="\n")
        writer.writerows([header, *rows])


def save_matlab(path, variables):
    """Write {name: value} as a Matlab file."""
    import scipy.io  # here: importing it takes a second

    scipy.io.savemat(path, variables)


def cells(values):
    """Return Matlab cells (1, n) of texts or arrays."""
    row = np.empty((1, len(values)), object)
    for place, value in enumerate(values):
        row[0, place] = value if isinstance(value, str) else np.asarray(value)
    return row
