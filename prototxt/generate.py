"""Write the nets and solvers of profile paper, or compare them with what is committed.

    python -m prototxt.generate            writes prototxt/paper/ and solvers/paper/
    python -m prototxt.generate --check    names the files that differ and ends with code 1

The nets of other profiles are written where they are used: by tools.train into the folder of its
run, by tools.fuse into that of the model.
"""

import glob
import os
import sys

from allinone import arguments, files, reading
from allinone.errors import command


def strangers(texts):
    """Return the prototxt files below prototxt/ and solvers/ that no generator writes."""
    found = []
    for folder in ("prototxt", "solvers"):
        found += glob.glob(f"{folder}/**/*.prototxt", recursive=True)
    return sorted(set(found) - set(texts))


def differing(texts):
    """Return the paths whose file is missing or has another text."""
    paths = []
    for path, text in texts.items():
        if not os.path.isfile(path) or reading.read_text(path, "make nets writes it") != text:
            paths.append(path)
    return paths


def parse(argv):
    """Return the command's arguments."""
    parser = arguments.Parser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare only")
    return parser.parse_args(argv)


@command
def main(argv=None):
    """Write or compare; return 1 where a file differs."""
    args = parse(argv)
    from prototxt import committed  # here: where Caffe is missing, that is a sentence

    texts = committed.texts()
    for path in strangers(texts):
        print(f"{path} is not written by the generator; remove it", file=sys.stderr)
    if not args.check:
        for path, text in texts.items():
            with files.replacing(path) as stream:
                stream.write(text)
        print(f"wrote {len(texts)} files in {committed.NETS}/ and {committed.SOLVERS}/")
        return 0
    different = differing(texts)
    for path in different:
        print(
            f"{path} is not what the generator writes; run `make nets` and commit the result",
            file=sys.stderr,
        )
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
