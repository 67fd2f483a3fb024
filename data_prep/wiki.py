"""IMDB-WIKI (Rothe et al. 2015), the part of Wikipedia: 62,328 pictures, from wiki.mat; see data_prep.imdb."""

from data_prep import imdb

SET = "WIKI"
NEEDS = ("wiki.mat",)


def rows(folder):
    """Yield the records of wiki.mat, in its order."""
    return imdb.rows(folder, "wiki")
