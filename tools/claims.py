"""Test the paper's claims in small: joint training, the age loss, identity pre-training.

    python -m tools.claims --db out/demo/db --out out/claims --seeds 1 2 3 --page docs/claims.md

Every run is a `tools.train` of profile tiny with its usual settings, as many at a time as there are
cores. Stopped, it goes on where it was. Figures are those of the last validation, on faces that no
run has seen.
"""

import os
import sys

from allinone import arguments, files, reading
from allinone.errors import command
from tools.claiming import page, runs


def parse(argv):
    """Return the command's arguments."""
    parser = arguments.Parser(description=__doc__.splitlines()[0])
    parser.add_argument("--db", required=True, help="folder of the databases, with val/")
    parser.add_argument("--out", required=True, help="folder for the runs")
    parser.add_argument("--seeds", nargs="+", type=arguments.SEED, default=[1, 2, 3])
    parser.add_argument("--page", required=True, help="where the page goes; claims.json beside it")
    parser.add_argument(
        "--workers",
        type=arguments.WORKERS,
        default=os.cpu_count(),
        help="trainings at a time, default one a core",
    )
    parser.add_argument(
        "--only-age-loss",
        action="store_true",
        help="train and write that part of the page alone; the others stay as they are",
    )
    return parser.parse_args(argv)


@command
def main(argv=None):
    """Train, gather the figures, write the page."""
    args = parse(argv)
    size = page.size_of(args.db)
    path = os.path.join(os.path.dirname(args.page), "claims.json")
    older = reading.read_json(path, "run make claims first", dict) if args.only_age_loss else {}
    chains = runs.age_chains() if args.only_age_loss else runs.CHAINS
    runs.Trainings(args.db, args.out).train_all(args.seeds, args.workers, chains)
    found = runs.figures(args.out, args.seeds, chains)
    if args.only_age_loss:
        found = runs.beside_older(older, found)
    text = page.page(found, args.seeds, size)
    files.write_json(path, found)
    with files.replacing(args.page) as stream:
        stream.write(text)
    print(f"written: {args.page}")


if __name__ == "__main__":
    sys.exit(main())
