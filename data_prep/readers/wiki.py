"""IMDB-WIKI (Rothe et al. 2015), the part of Wikipedia: 62,328 pictures, from wiki.mat; see data_prep.imdb."""

from data_prep.reader import Reader
from data_prep.readers import imdb

NEEDS = ("wiki.mat",)


def rows(folder):
    """Yield the records of wiki.mat, in its order."""
    return imdb.rows(folder, "wiki")


READER = Reader(
    name="wiki",
    title="WIKI",
    needs=NEEDS,
    rows=rows,
    trains={"age": None, "gender": None},
)
