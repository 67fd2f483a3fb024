"""Find the landmarks of faces that a dataset gives none of, with a trained net.

    python -m data_prep.locate --records data/morph/records.jsonl \\
        --model out/paper/hyperface/model

data_prep/landmark_finder.py says how, and where the result stands.
"""

import sys

from allinone import arguments, device, record
from allinone.errors import command
from data_prep.landmark_finder import locate


def parse(argv):
    """Return the command's arguments."""
    parser = arguments.Parser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", required=True, help="records.jsonl")
    parser.add_argument(
        "--model",
        required=True,
        help="folder of a fused model, or of a tower that tools.fuse --tower took out",
    )
    parser.add_argument("--gpu", default="", help="GPU number; empty: CPU")
    arguments.add_dask(parser)
    return parser.parse_args(argv)


@command
def main(argv=None):
    """Run the command."""
    args = parse(argv)
    arguments.refuse_gpu_elsewhere(args)
    device.use(args.gpu)
    path = locate(args.records, args.model, args.workers)
    known = [face.landmarks is not None for face in record.read(path)]
    print(f"{path}: {sum(known)} of {len(known)} records have landmarks")


if __name__ == "__main__":
    sys.exit(main())
