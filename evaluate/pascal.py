"""PASCAL faces, detection (section IV-A), by the rules of face-eval.

python -m evaluate.pascal --data data/pascal --model out/paper/model
python -m evaluate.pascal --annotations Annotations_Face_PASCALLayout_large_fixed.mat --detections DPM.txt --json
"""

import sys

from allinone.errors import command
from evaluate import benchmark, detection, scored_files


@command
def main(argv=None):
    parser = benchmark.parser_of("pascal", __doc__.splitlines()[0])
    scored_files.add_options(parser)
    args = parser.parse_args(argv)
    if args.detections:
        return scored_files.score(args)
    run = benchmark.start("pascal", args)
    lines = benchmark.predict(run, "detect")
    found, curve = detection.measure(run, lines)
    benchmark.finish(
        run,
        {name: found[name] for name in ("ap_refined", "ap_plain")},
        dict(pictures=len(run.pictures), faces=found["faces"], ignored=found["ignored"]),
        detection.RULES,
        {"ours": curve},
        detection.failures(run, lines),
    )


if __name__ == "__main__":
    sys.exit(main())
