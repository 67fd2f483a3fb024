"""IMDB-WIKI (Rothe et al. 2015), the part of Wikipedia: 62,328 pictures, in wiki.mat.

data_prep.readers.imdb describes the file.
"""

from data_prep.reader import Reader
from data_prep.readers import imdb


def rows(folder):
    """Yield the rows of wiki.mat."""
    return imdb.rows_of(folder, "wiki")


READER = Reader(
    name="wiki",
    title="WIKI",
    needs=("wiki.mat",),
    rows=rows,
    tree="`wiki.mat`, `00/` to `99/`",
    faces="62,328",
    ask="Computer Vision Lab, ETH Zürich",
    trains={"age": None, "gender": None},
)
