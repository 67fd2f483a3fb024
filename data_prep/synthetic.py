"""Draw a labelled face set: pictures, records.jsonl and a contact sheet, from a seed.

    python -m data_prep.synthetic --kind portraits --count 3000 --identities 1000 --out out/faces
    python -m data_prep.synthetic --kind scenes --count 200 --seed 2 --out out/scenes
    python -m data_prep.synthetic --kind portraits --count 100 --layout celeba --out data/celeba

The same arguments give the same files, whatever the number of workers. A run that was stopped goes
on where it was.
"""

import os
import sys
import tempfile

from allinone import arguments, folders
from allinone.errors import InputError, command
from data_prep import contact_sheet, drawing, layouts


def parse(argv):
    """Return the command's arguments."""
    parser = arguments.Parser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--kind", choices=drawing.KINDS, required=True)
    add("--count", type=arguments.Whole(1), required=True, help="pictures")
    add("--identities", type=arguments.Whole(1), default=300, help="different people")
    add("--first-identity", type=arguments.Whole(0), default=0, help="number of the first person")
    add("--seed", type=arguments.SEED, default=1)
    add("--workers", type=arguments.WORKERS, help="processes, default one a core")
    add("--out", required=True, help="folder for images/, records.jsonl and sheet.jpg")
    add(
        "--layout",
        choices=layouts.WRITERS,
        help="write the set into OUT as this dataset is distributed, in place of our records",
    )
    return parser.parse_args(argv)


def draw(args, out):
    """Draw the set that the arguments ask for into a folder."""
    drawing.draw_set(
        out,
        args.kind,
        args.count,
        args.identities,
        args.seed,
        args.first_identity,
        args.workers,
    )


@command
def main(argv=None):
    """Run the command."""
    args = parse(argv)
    if not args.layout:
        draw(args, args.out)
        contact_sheet.write(args.out)
        print(f"{args.count} {args.kind} in {args.out}; labels drawn in {args.out}/sheet.jpg")
        return
    if os.path.isdir(args.out) and os.listdir(args.out):
        raise InputError(f"{args.out}: holds files already; give an empty or a new folder")
    place = folders.replacing(args.out, drawing.NEW)
    with tempfile.TemporaryDirectory() as drawn, place as partial:
        draw(args, drawn)
        layouts.write(args.layout, drawn, partial)
    print(
        f"{args.count} {args.kind} in {args.out}, in the layout of {args.layout}; "
        "read them with data_prep.convert"
    )


if __name__ == "__main__":
    sys.exit(main())
