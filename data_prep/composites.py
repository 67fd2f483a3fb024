"""Make scenes to learn detection from out of portraits (data_prep/composing.py).

    python -m data_prep.composites --records data/real/celeba/records.jsonl --count 8000 \\
        --out data/real/composites

Only parts for training are taken, unless --split names others.
"""

import contextlib
import os
import sys

from allinone import arguments, files, folders
from allinone.errors import InputError, command
from allinone.progress import Progress
from data_prep import composing, parts


def parse(argv):
    """Return the command's arguments."""
    parser = arguments.Parser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", nargs="+", required=True, help="records of portraits")
    parser.add_argument("--split", nargs="+", default=[parts.TRAIN], help="parts of them to take")
    parser.add_argument("--count", type=arguments.Whole(1), required=True, help="scenes")
    parser.add_argument("--seed", type=arguments.SEED, default=1)
    parser.add_argument("--out", required=True, help="new folder for pictures and records.jsonl")
    return parser.parse_args(argv)


def compose(args, folder):
    """Write the scenes, their records and what they are made of into a folder."""
    plan = dict(kind="composites", count=args.count, seed=args.seed, splits=args.split)
    files.write_json(os.path.join(folder, composing.PLAN), plan)
    scenes = composing.write_scenes(folder, args.count, args.seed, args.records, args.split)
    progress = Progress("composing scenes", args.count)
    with open(os.path.join(folder, "records.jsonl"), "w", encoding="utf-8") as stream:
        with contextlib.closing(scenes):  # whatever happens, its processes end before the folder
            for lines in scenes:
                stream.write(lines)
                progress.step()


@command
def main(argv=None):
    """Run the command."""
    args = parse(argv)
    if not len(composing.portraits_of(args.records, args.split)):
        raise InputError(
            f"{', '.join(args.records)}: no picture of one face with box and landmarks in "
            f"{', '.join(args.split)}; name other parts with --split"
        )
    with folders.replacing(args.out, composing.KIND, args.records) as partial:
        os.makedirs(os.path.join(partial, "images"))
        compose(args, partial)
    print(f"{args.out}: {args.count} scenes")


if __name__ == "__main__":
    sys.exit(main())
