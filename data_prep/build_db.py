"""Build databases from records: aligned faces for smile, gender, age, id; scenes with regions for det.

python -m data_prep.build_db aligned --records faces/records.jsonl --out db
python -m data_prep.build_db scenes --records scenes/records.jsonl --without-search faces/records.jsonl --out db
"""

import argparse
import sys

from allinone import tasks
from allinone.errors import InputError, command
from data_prep.aligned_db import build_aligned
from data_prep.scenes_db import build_scenes


@command
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=("aligned", "scenes"))
    parser.add_argument(
        "--records",
        nargs="+",
        default=[],
        help="records.jsonl; for scenes: pictures to search for regions",
    )
    parser.add_argument(
        "--without-search",
        nargs="+",
        default=[],
        help="scenes: records whose pictures are not searched",
    )
    parser.add_argument(
        "--towers", nargs="+", choices=tasks.ALIGNED_TOWERS, default=tasks.ALIGNED_TOWERS
    )
    parser.add_argument(
        "--profile", choices=profiles.PROFILES, default="tiny", help="gives the size of aligned faces"
    )
    parser.add_argument(
        "--set",
        default="",
        help="aligned: name of this training set, where a tower learns from several; <out>/<tower>/<set>",
    )
    parser.add_argument(
        "--landmarks-from",
        metavar="MODEL",
        help="aligned: folder of a fused model that finds the landmarks of faces without any",
    )
    parser.add_argument(
        "--regions-from",
        metavar="MODEL",
        help="scenes: folder of a fused model whose dense net proposes the regions, instead of selective search",
    )
    parser.add_argument(
        "--gpu", default="", help="with --landmarks-from and --regions-from: GPU number; empty: CPU"
    )
    parser.add_argument(
        "--split",
        nargs="+",
        help="parts of the records to take (train, val, fold_03, ...), default all",
    )
    parser.add_argument("--workers", type=int, help="processes, default one a core")
    parser.add_argument("--out", required=True, help="folder for the databases")
    args = parser.parse_args(argv)
    if args.kind == "scenes":
        if not args.records + args.without_search:
            raise InputError(
                "build_db scenes: name at least one records file (--records or --without-search)"
            )
        if args.regions_from:
            from allinone import (
                device,
            )  # late: it imports Caffe, which the processes that search need not wait for

            device.use(args.gpu)
        build_scenes(
            args.records, args.without_search, args.out, args.workers, args.split, args.regions_from
        )
    else:
        if len(args.records) != 1:
            raise InputError("build_db aligned: name one records file with --records")
        records = args.records[0]
        if args.landmarks_from:
            from allinone import (
                device,
            )  # late: they import Caffe, which the processes that align need not wait for
            from data_prep.locate import locate

            device.use(args.gpu)
            records = locate(records, args.landmarks_from)
        build_aligned(
            records,
            args.out,
            args.towers,
            profiles.PROFILES[args.profile],
            args.workers,
            args.set,
            args.split,
        )


if __name__ == "__main__":
    sys.exit(main())
