"""What all writers of layouts need: copies of pictures, text, tables, Matlab cells."""

import csv
import os
import shutil

import numpy as np

from allinone import files


def copy(source, image, target):
    """Copy a picture of the folder `source` to the path `target`, in whatever folder."""
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


def cells(values):
    """Return a row of Matlab cells."""
    row = np.empty((1, len(values)), object)
    row[0, :] = (
        [np.asarray(value) if not isinstance(value, str) else value for value in values]
        if values
        else []
    )
    return row
