"""Draw a small set in the layout of every training set and benchmark, so that the whole way from original files to the report can be tried.

python -m data_prep.drawn_sets --out out/drawn
"""

import argparse
import os
import sys
import tempfile

from allinone import files
from allinone.errors import command
from data_prep import drawing, layouts

# Pictures and people of each; nobody is in two sets.
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
SCENES = ("aflw", "afw", "pascal", "fddb")  # the others' are portraits
LEAST = (20, 4)  # pictures and people, so that every part of every set has some


@command
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--out",
        required=True,
        help="folder that gets a folder for each set; those that are there stay",
    )
    parser.add_argument(
        "--scale", type=float, default=1.0, help="how many times as many pictures and people"
    )
    args = parser.parse_args(argv)
    first = 0
    for seed, (name, sizes) in enumerate(SIZES.items(), 1):
        pictures, people = (
            max(least, round(args.scale * size)) for least, size in zip(LEAST, sizes)
        )
        place = os.path.join(args.out, name)
        if not os.path.isdir(place):
            print(name, flush=True)
            with tempfile.TemporaryDirectory() as drawn, files.replacing_folder(place) as partial:
                drawing.draw_set(
                    drawn,
                    "scenes" if name in SCENES else "portraits",
                    pictures,
                    people,
                    seed,
                    first,
                )
                layouts.write(name, drawn, partial)
        first += people


if __name__ == "__main__":
    sys.exit(main())
