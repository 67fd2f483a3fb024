"""Write the report: what was measured beside the paper, as a page and as tables.

    python -m evaluate.report --results out/paper/eval --data data --out report
    python -m evaluate.report --results out/paper/eval --systems out/paper/eval-vi

What other methods reached is drawn from files in data/<set>/peers, see evaluate.peers; run times
from the figures of make bench, if they exist.
"""

from __future__ import annotations

import os
import sys

from allinone import arguments, files, folders
from allinone.errors import InputError, command
from evaluate import benchmark, report_page


def parse(argv=None):
    """Return the arguments."""
    parser = arguments.Parser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--results", required=True, help="folder with a folder for each benchmark that was measured"
    )
    parser.add_argument(
        "--data", default="data", help="folder with a folder for each set, for peers' files"
    )
    parser.add_argument(
        "--systems",
        nargs="+",
        default=[],
        help="such folders of other models, or of two models, one for each stage: rows of table VI",
    )
    parser.add_argument("--bench", default="out/bench.json", help="figures of make bench")
    parser.add_argument(
        "--out", default="report", help="folder for index.html, results.json and results.csv"
    )
    args = parser.parse_args(argv)
    args.systems = arguments.several(args.systems)
    return args


@command
def main(argv=None):
    """Write the page and the tables."""
    args = parse(argv)
    found = report_page.gather(args.results)
    systems = [report_page.gather(folder) for folder in args.systems]
    compared = [(args.results, found), *zip(args.systems, systems)] if systems else []
    for folder, results in compared:
        if not any(benchmark.load(name).pipelines for name in results):
            raise InputError(
                f"{folder}: no results of IJB-A in it, whose table --systems is about; make "
                f"eval-ijba EVAL={folder} measures them"
            )
    path = os.path.join(args.out, report_page.PAGE)
    text = report_page.page(found, args.data, args.bench, systems)
    with folders.only_one(args.out):
        folders.claim(args.out, report_page.KIND)
        report_page.write_tables(found, args.out)
        with files.replacing(path) as stream:
            stream.write(text)
    absent = [name for name in benchmark.names() if name not in found]
    missing = f"; missing: {', '.join(absent)}" if absent else ""
    print(f"{path}: {', '.join(found) or 'no benchmark yet'}{missing}")


if __name__ == "__main__":
    sys.exit(main())
