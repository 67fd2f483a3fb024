"""Time this kit on pictures, as tools.peers.measure times a peer.

    python -m tools.peers.ours --model models/small --engine onnxruntime pictures.json

pictures.json, and what is printed: see tools/peers/measure.py.
"""

import functools
import json
import sys

import cv2

from allinone import FaceAnalyzer, arguments, engines, reading
from allinone.errors import command
from allinone.model import open_model
from allinone.pictures import read_image
from tools.timing.clock import cpu_seconds


def parse(argv):
    """Return the command's arguments."""
    parser = arguments.Parser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", help="folder of a fused model; default: the shipped one")
    parser.add_argument("--engine", required=True, choices=engines.ENGINES)
    parser.add_argument("pictures", help="JSON file of them")
    return parser.parse_args(argv)


@command
def main(argv=None):
    """Print what this kit takes."""
    args, found = parse(argv), {}
    cv2.setNumThreads(1)
    analyzer = FaceAnalyzer(open_model(args.model).folder, args.engine, "cpu")
    for picture in reading.read_json(args.pictures, "make it with tools.bench_peers", list):
        image = read_image(picture["path"])
        taken = cpu_seconds(functools.partial(analyzer.analyze, image), picture["repeats"])
        faces = [[*map(float, face.box), face.score] for face in analyzer.analyze(image)]
        found[picture["name"]] = dict(seconds=taken, faces=faces)
    print(json.dumps(dict(version=args.engine, pictures=found)))


if __name__ == "__main__":
    sys.exit(main())
