"""FDDB, detection in ten folds (section IV-A).

    python -m evaluate.fddb --data data/fddb --model out/paper/fddb                 # make finetune-fddb: a model for each fold; or one model
    python -m evaluate.fddb --folds FDDB-folds --detections results.txt --out out/roc --json

The second form scores anybody's results: a file, or a folder of fold-01-out.txt, ..., in FDDB's format (rectangles or ellipses). Both write DiscROC.txt
and ContROC.txt as FDDB's own program does. It counts pixels, and so needs the pictures' sizes: where the pictures (--pictures) are not there, sizes are
guessed, which moves the curves a little (0.0004 where it could be compared) and their ends by a few false positives.
"""

import glob
import json
import os
import sys

import numpy as np
from PIL import Image

from allinone import files
from allinone.errors import InputError, command
from data_prep.readers import fddb as reader
from data_prep.tables import lines as lines_of
from evaluate import benchmark, detection, ellipses

PICTURES = "originalPics"
RULES = (
    "one-to-one matching with the largest sum of IoU between drawn ellipses and boxes; discrete: IoU > 0.5, continuous: the IoU itself",
    "false positives of all ten folds together; boxes as the model draws them, not fitted to ellipses",
)
OURS = "fold-{:02d}-out.txt"


def annotations(folder):
    """Return ({picture: ellipses (n, 5)} in the order of the folds, numbers of the folds that are not there); InputError where none is."""
    found, missing = {}, []
    for number, name in enumerate(reader.FOLDS, 1):
        path = os.path.join(folder, os.path.basename(name))
        if not os.path.isfile(path):
            missing.append(number)
            continue
        for picture, faces in reader.ellipses(path):
            try:
                found[picture] = np.float64([text.split()[:5] for _, text in faces]).reshape(-1, 5)
            except ValueError:
                raise InputError(
                    f"{faces[0][0]}: '{picture}' has an ellipse that is not five numbers; get the file again"
                ) from None
    if not found:
        raise InputError(
            f"{folder}: no {os.path.basename(reader.FOLDS[0])} or another fold's list in it"
        )
    return found, missing


def read_results(path):
    """Return {picture: (regions (n, 4 or 5), scores (n,))} of a file of results or a folder of such; InputError with file and line."""
    paths = (
        sorted(glob.glob(os.path.join(glob.escape(path), "*.txt")))
        if os.path.isdir(path)
        else [path]
    )
    if not paths or not os.path.isfile(paths[0]):
        raise InputError(f"{path}: no file of results, nor a folder of them (fold-01-out.txt, ...)")
    found = {}
    for one in paths:
        place = None
        text = ((number, line.strip()) for number, line in lines_of(one) if line.strip())
        try:
            for place, picture in text:
                place, count = next(text)
                rows = []
                for _ in range(int(count)):
                    place, line = next(text)
                    rows.append([float(word) for word in line.split()])
                if rows and {len(row) for row in rows} not in ({5}, {6}):
                    raise ValueError
                numbers = np.float64(rows).reshape(len(rows), -1) if rows else np.zeros((0, 5))
                found[picture] = numbers[:, :-1], numbers[:, -1]
        except (ValueError, StopIteration):
            raise InputError(
                f"{one}, line {place}: must be a picture, the number of its detections, and a line for each: left, top, width, height, score, "
                "or major and minor radius, angle, centre x and y, score"
            ) from None
    return found


def size_of(pictures, name):
    """Return (width, height) of a picture in the folder of pictures, or None."""
    path = os.path.join(pictures or "", f"{name}.jpg")
    if not pictures or not os.path.isfile(path):
        return None
    with Image.open(path) as image:
        return image.size


def together(faces, results, pictures):
    """Return ellipses.Pictures of annotations and results; InputError where a picture has no results (none found is a 0 there)."""
    lacking = [name for name in faces if name not in results]
    if lacking:
        raise InputError(
            f"no results for {len(lacking)} of {len(faces)} pictures, such as {lacking[0]}; a picture in which nothing is found needs its name and a 0"
        )
    return [
        ellipses.Picture(name, some, *results[name], size_of(pictures, name))
        for name, some in faces.items()
    ]


def write_curves(curve, out):
    """Write DiscROC.txt (rate, false positives, score) and ContROC.txt (rate, false positives) as FDDB's program does, low scores first."""
    with (
        files.replacing(os.path.join(out, "DiscROC.txt")) as discrete,
        files.replacing(os.path.join(out, "ContROC.txt")) as continuous,
    ):
        for threshold, rate, hits, false in zip(
            curve.threshold, curve.continuous, curve.discrete, curve.false
        ):
            discrete.write(f"{hits:.6g} {false:.6g} {threshold:.6g}\n")
            continuous.write(f"{rate:.6g} {false:.6g}\n")


def rate_at(curve, rates, false):
    """Return a true positive rate where at most `false` false positives are let in: that of the loosest such score."""
    allowed = np.flatnonzero(curve.false <= false)
    return float(rates[allowed[0]]) if len(allowed) else 0.0


def score(args):
    """Score args.detections by args.folds: write both curves and print their ends."""
    if not args.folds or not args.out:
        raise InputError(
            "--detections: name the folder of the fold lists with --folds and one for the curves with --out"
        )
    faces, missing = annotations(args.folds)
    beside = args.pictures or os.path.join(os.path.dirname(os.path.abspath(args.folds)), PICTURES)
    pictures = together(
        faces, read_results(args.detections), beside if os.path.isdir(beside) else None
    )
    curve = ellipses.curve(pictures)
    write_curves(curve, args.out)
    ends = dict(
        disc_end=[round(float(curve.discrete[0]), 6), int(curve.false[0])],
        cont_end=[round(float(curve.continuous[0]), 6), int(curve.false[0])],
    )
    if args.json:
        print(json.dumps(ends))
        return
    if missing:
        print(
            f"  incomplete: no list of fold {', '.join(map(str, missing))}; figures are of the others"
        )
    if any(picture.size is None for picture in pictures):
        print(
            "  the pictures are not there (--pictures): their sizes are guessed, see the head of evaluate/fddb.py"
        )
    print(
        f"{len(pictures)} pictures, {sum(len(picture.faces) for picture in pictures)} faces, {sum(len(picture.scores) for picture in pictures)} detections\n"
        f"  at the end, {ends['disc_end'][1]} false positives: discrete {ends['disc_end'][0]:.4f}, continuous {ends['cont_end'][0]:.4f}; curves in {args.out}"
    )


def write_results(run, lines):
    """Write a model's detections as FDDB's format, a file for each fold, into the folder results; return their folder."""
    folder = os.path.join(run.out, "results")
    folds = {}
    for (image, faces), line in zip(run.pictures, lines):
        name = os.path.splitext(os.path.relpath(image, PICTURES))[0]
        rows = [
            f"{x1:.2f} {y1:.2f} {x2 - x1:.2f} {y2 - y1:.2f} {face['score']:.6f}\n"
            for face in line["faces"]
            for x1, y1, x2, y2 in [face["box"]]
        ]
        folds.setdefault(faces[0].split, []).append(f"{name}\n{len(rows)}\n{''.join(rows)}")
    for fold, texts in folds.items():
        with files.replacing(os.path.join(folder, OURS.format(int(fold[-2:])))) as stream:
            stream.writelines(texts)
    return folder


def measure(run, lines):
    """Return ({figure: value}, curves) of predictions."""
    faces, _ = annotations(os.path.join(run.folder, os.path.dirname(reader.FOLDS[0])))
    results = read_results(write_results(run, lines))
    faces = {
        name: some for name, some in faces.items() if name in results
    }  # folds with a model, pictures that are there
    curve = ellipses.curve(together(faces, results, os.path.join(run.folder, PICTURES)))
    write_curves(curve, run.out)
    shown = lambda rates: dict(
        x=detection.thin(curve.false[::-1]),
        y=detection.thin(rates[::-1]),
        xlabel="false positives",
        ylabel="true positive rate",
    )
    figures = {
        f"disc_at_{count}": 100 * rate_at(curve, curve.discrete, count)
        for count in (500, 1000, 2000)
    }
    return dict(figures, cont_at_1000=100 * rate_at(curve, curve.continuous, 1000)), {
        "ours": shown(curve.discrete),
        "ours, continuous": shown(curve.continuous),
    }


@command
def main(argv=None):
    parser = benchmark.parser_of("fddb", __doc__.splitlines()[0])
    parser.add_argument(
        "--detections", help="score this file or folder of results instead of a model"
    )
    parser.add_argument(
        "--folds", help="with --detections: folder of FDDB-fold-01-ellipseList.txt, ..."
    )
    parser.add_argument(
        "--pictures",
        help=f"with --detections: folder of FDDB's pictures; default: {PICTURES} beside the folds' folder, if it is there",
    )
    parser.add_argument(
        "--json", action="store_true", help="with --detections: print nothing but one line of JSON"
    )
    args = parser.parse_args(argv)
    if args.detections:
        return score(args)
    run = benchmark.start("fddb", args)
    lines = benchmark.predict(run, "detect")
    figures, curves = measure(run, lines)
    tuned = (
        "a model for each fold, fine-tuned on the other nine"
        if benchmark.tuned(run)
        else "one model for all folds, not fine-tuned on FDDB"
    )
    benchmark.finish(
        run,
        figures,
        dict(
            pictures=len(run.pictures),
            faces=sum(face.box is not None for _, faces in run.pictures for face in faces),
        ),
        RULES + (tuned,),
        curves,
        detection.failures(run, lines),
    )


if __name__ == "__main__":
    sys.exit(main())
