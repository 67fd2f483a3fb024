"""Time this kit on pictures, as tools.peers.measure times a peer.

    python -m tools.peers.ours --model models/small --engine onnxruntime pictures.json

pictures.json, and what is printed: see tools/peers/measure.py.
"""

import json
import statistics
import sys
import time

import cv2

from allinone import FaceAnalyzer, arguments, engines, reading
from allinone.errors import command
from allinone.model import open_model
from allinone.pictures import read_image


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
    given = reading.read_json(args.pictures, "make it with tools.bench_peers", list)
    analyzer.analyze(given[0]["path"])
    for one in given:
        image, taken = read_image(one["path"]), []
        for _ in range(one["repeats"]):
            start = time.process_time()
            faces = analyzer.analyze(image)
            taken.append(time.process_time() - start)
        faces = [[*map(float, face.box), face.score] for face in faces]
        found[one["name"]] = dict(seconds=statistics.median(taken), faces=faces)
    print(json.dumps(dict(version=args.engine, pictures=found)))


if __name__ == "__main__":
    sys.exit(main())
