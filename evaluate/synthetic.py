"""Measure a fused model on held-out synthetic faces and scenes; write results.json and predictions.

    python -m evaluate.synthetic --model out/demo/model --faces out/demo/test/faces \\
        --scenes out/demo/test/scenes --out out/demo/eval

Detection: scenes, all faces, IoU > 0.5. All other tasks: portraits, each task by those that have a
label of it. Chance is the best constant answer for these very labels; for detection a coin on the
same region proposals.
"""

import os
import sys

from allinone import arguments, device, files, folders
from allinone.analyzer import FaceAnalyzer
from allinone.errors import InputError, command
from evaluate import headline, synthetic_faces, task_figures

KIND = folders.Kind(
    "measurement on drawn faces",
    holds=("results.json", "chance.json", "counts.json", "predictions.h5"),
    proofs={"counts.json": frozenset({"portraits", "people", "scenes"})},
    is_marked=True,
)


def parse(argv):
    """Return the command's arguments."""
    parser = arguments.Parser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="folder of the fused model")
    parser.add_argument("--faces", required=True, help="folder of held-out portraits")
    parser.add_argument("--scenes", required=True, help="folder of held-out scenes")
    parser.add_argument(
        "--out",
        required=True,
        help="folder for results.json, chance.json, counts.json and predictions.h5",
    )
    parser.add_argument("--gpu", default="", help="GPU number; empty: CPU")
    return parser.parse_args(argv)


def measure(analyzer, portraits, scenes, out):
    """Measure a model, and write what is found into a folder; return (results, chance)."""
    pairs = synthetic_faces.describe_portraits(analyzer, portraits)
    detected = synthetic_faces.detect_in_scenes(analyzer, scenes)
    results, chance = task_figures.of_all(pairs)
    metric = task_figures.DETECTION.figure.metric
    results = {"detection": {metric: detected.precision}, **results}
    chance = {"detection": {metric: detected.by_chance}, **chance}
    counts = dict(
        portraits=len(pairs),
        people=len({known.identity for known, _ in pairs if known.identity is not None}),
        scenes=len(scenes),
        faces_in_scenes=detected.faces,
    )
    files.write_json(os.path.join(out, "chance.json"), chance)
    files.write_json(os.path.join(out, "counts.json"), counts)
    synthetic_faces.write_predictions(os.path.join(out, "predictions.h5"), pairs)
    files.write_json(os.path.join(out, "results.json"), results)
    return results, chance


@command
def main(argv=None):
    """Run the command."""
    args = parse(argv)
    device.use(args.gpu)
    portraits, scenes = synthetic_faces.load(args.faces), synthetic_faces.load(args.scenes)
    portraits = [(path, faces) for path, faces in portraits if faces]
    if not portraits or not any(faces for _, faces in scenes):
        raise InputError(f"{args.faces}, {args.scenes}: no face to measure on; draw the sets again")
    analyzer = FaceAnalyzer(args.model, "caffe")
    with folders.only_one(args.out):
        folders.claim(args.out, KIND)
        results, chance = measure(analyzer, portraits, scenes, args.out)
    print(headline.text_table(headline.table(results, chance)))
    if headline.left_out(results):
        print(headline.left_out(results))


if __name__ == "__main__":
    sys.exit(main())
