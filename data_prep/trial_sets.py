"""Small drawn sets in the layouts of the real ones, to try the kit without a download."""

from __future__ import annotations

import math
import os
import tempfile

from allinone import folders
from allinone.errors import InputError
from data_prep import drawing, layouts

# {set: (pictures, people)}; nobody is in two sets. The order decides seeds and people.
SIZES = dict(
    aflw=(300, 300),
    casia=(1200, 300),
    celeba=(900, 300),
    imdb=(500, 250),
    wiki=(250, 250),
    morph=(500, 250),
    adience=(300, 150),
    fgnet=(164, 82),
    lfw=(200, 50),
    afw=(100, 100),
    pascal=(100, 100),
    fddb=(100, 100),
    fotw=(300, 150),
    lap2015=(300, 150),
    ijba=(300, 60),
)
LEAST = (20, 4)  # pictures and people, so that every part of every set has some


def draw(out: str, scale: float = 1.0) -> None:
    """Draw each set that is not there yet into a folder of its name in `out`.

    scale: how many times as many pictures and people, but at least LEAST. InputError where it is
    negative or no number.
    """
    if not 0 <= scale < math.inf:
        raise InputError(f"--scale must be a number from 0, is {scale}")
    first = 0
    for seed, (name, sizes) in enumerate(SIZES.items(), 1):
        pictures, people = (max(few, round(scale * size)) for few, size in zip(LEAST, sizes))
        place = os.path.join(out, name)
        if not os.path.isdir(place):
            print(name, flush=True)
            with (
                tempfile.TemporaryDirectory() as drawn,
                folders.replacing(place, drawing.NEW) as partial,
            ):
                drawing.draw_set(drawn, layouts.kind_of(name), pictures, people, seed, first)
                layouts.write(name, drawn, partial)
        first += people
