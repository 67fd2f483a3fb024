"""Measure a model on held-out real photographs: portraits of CelebA and UTKFace, and photographs with faces of all sizes.

    python -m evaluate.real --data data/real --model models/small --out out/real/eval

The sets are those that data_prep.real_sets made, their parts `test`; nobody there was learnt from. Every figure has its number of samples, a 95 % interval
(Wilson's for shares, else by resampling faces, or people for identity), and what a constant answer or OpenCV's cascade of Haar features would reach.
Portraits are aligned by the model's own landmarks, found in the given box; photographs are searched for faces. Boxes, landmarks and pose to compare with are
those of a teacher model; gender, age, smile and identity are people's labels.
"""

import argparse
import json
import os
import sys

import cv2
import numpy as np

from allinone import analyzer as analysis
from allinone import backend, boxes, device, files, landmarks
from allinone.errors import InputError, command
from data_prep import conversion
from evaluate import headline, intervals, metrics, predictions, tpe

ADULT = 16  # years: from here on UTKFace's gender counts
LEAST_FACE = (
    60  # pixels of height: smaller faces of the photographs are neither asked for nor false
)
PRECISION = 0.85  # at which recall is given
OVERLAP = 0.5
FEW = 10  # faces; of a smaller group no figure is given
CASCADE = "haarcascade_frontalface_default.xml"
AGES = ((0, 16), (16, 30), (30, 50), (50, 120))
YAWS = ((0, 15), (15, 30), (30, 90))
ETHNICITIES = (
    "White",
    "Black",
    "Asian",
    "Indian",
    "other",
)  # UTKFace's words and order, from its file names


def recall_at(scores, true, faces, precision=PRECISION):
    """Return (recall, precision, score) of detections where recall is greatest with at least this precision; zeros where it never is."""
    order = np.argsort(-np.asarray(scores), kind="stable")
    hits = np.cumsum(np.asarray(true, bool)[order])
    precisions = hits / np.arange(1, len(order) + 1)
    good = np.flatnonzero(precisions >= precision)
    return (
        (
            float(hits[good[-1]] / faces),
            float(precisions[good[-1]]),
            float(np.asarray(scores)[order][good[-1]]),
        )
        if len(good)
        else (0.0, 0.0, 1.0)
    )


def matched(found, scores, known, ignored):
    """Return (scores, true) of the detections of a picture that count: those that fit an ignored face better than any other do not."""
    if not len(found):
        return [], []
    overlaps = boxes.iou(found, known) if len(known) else np.zeros((len(found), 0))
    excused = np.array(
        [len(known) > 0 and ignored[row.argmax()] and row.max() > 0.3 for row in overlaps], bool
    )
    asked = [box for box, out in zip(known, ignored) if not out]
    true = metrics.match_detections(
        np.asarray(found)[~excused], np.asarray(scores)[~excused], asked, OVERLAP
    )
    return np.asarray(scores)[~excused].tolist(), true.tolist()


def cascade(paths):
    """Yield (boxes (n, 4), scores (n,)) that OpenCV's cascade of Haar features finds in pictures."""
    detector = cv2.CascadeClassifier(os.path.join(cv2.data.haarcascades, CASCADE))
    for path in paths:
        grey = cv2.cvtColor(files.read_image(path), cv2.COLOR_BGR2GRAY)
        found, _, weights = detector.detectMultiScale3(
            grey, 1.1, 3, minSize=(24, 24), outputRejectLevels=True
        )
        found = np.float32(found).reshape(-1, 4)
        yield np.column_stack([found[:, :2], found[:, :2] + found[:, 2:]]), np.ravel(weights)


def detections(pictures, found):
    """Return (scores, true, faces asked for) of detections [(boxes, scores)] in pictures [(image, [FaceRecord])]."""
    scores, true, faces = [], [], 0
    for (_, some), (place, values) in zip(pictures, found):
        known = [face.box for face in some if face.box is not None]
        ignored = [
            bool(face.ignore) or face.box[3] - face.box[1] < LEAST_FACE
            for face in some
            if face.box is not None
        ]
        one, other = matched(place, values, known, ignored)
        scores, true, faces = scores + one, true + other, faces + ignored.count(False)
    return scores, true, faces


class Portraits:
    """The test part of a set of portraits, and what a model says of it."""

    def __init__(self, name, args):
        folder = os.path.join(args.data, name)
        path = os.path.join(folder, conversion.RECORDS)
        self.pictures = [one for one in predictions.records_in(path) if one[1][0].split == "test"]
        models = {"test": args.model}
        settings = predictions.settings_of(
            path,
            models,
            kind="faces",
            proposals="dense",
            score="aligned",
            stage=2,
            attributes=False,
        )
        self.out = os.path.join(args.out, name)
        lines = predictions.predict(
            self.out, folder, self.pictures, models, settings, args.engine, descriptors=True
        )
        self.pairs = predictions.pair_up(self.pictures, lines)
        self.lost = len(self.pictures) - len(self.pairs)
        self.descriptors = predictions.read_descriptors(self.out)

    def of(self, label, wanted=lambda face: True):
        """Return ((labels), (predictions)) of the faces that have a label."""
        chosen = [
            (getattr(face, label), found[label])
            for face, found in self.pairs
            if getattr(face, label) is not None and wanted(face)
        ]
        return np.array([one for one, _ in chosen], float), np.array(
            [other for _, other in chosen], float
        )


def points_and_yaw(pairs):
    """Return ({figure: (value, low, high, n)}, {figure: a constant's value}) of landmarks and yaw against the teacher's."""
    pairs = [
        (face, found)
        for face, found in pairs
        if face.landmarks is not None and face.box is not None
    ]
    truth, place = (
        np.stack([face.landmark_array() for face, _ in pairs]),
        np.float32([face.box for face, _ in pairs]),
    )
    seen, size = np.isfinite(truth[..., 0]), metrics.box_size(place)
    errors = metrics.nme(np.array([found["landmarks"] for _, found in pairs]), truth, seen, size)
    relative = landmarks.encode(truth, place)
    mean_face = np.divide(
        np.nansum(relative, axis=0),
        seen.sum(axis=0)[:, None],
        out=np.zeros(relative.shape[1:]),
        where=seen.sum(axis=0)[:, None] > 0,
    )
    constant = metrics.nme(
        landmarks.decode(np.repeat(mean_face[None], len(place), 0), place), truth, seen, size
    )
    turned = [(face.pose[2], found["pose"][2]) for face, found in pairs if face.pose is not None]
    yaw, ours = np.array(turned).T
    return (
        dict(
            nme=intervals.mean(errors[np.isfinite(errors)]),
            yaw_mae=intervals.mean(np.abs(ours - yaw)),
        ),
        dict(nme=float(np.nanmean(constant)), yaw_mae=float(np.abs(yaw - np.median(yaw)).mean())),
    )


def majority(labels):
    """Return the share of the more frequent of two labels."""
    return float(max(np.mean(labels), 1 - np.mean(labels)))


def photographs(args):
    """Return (rows, threshold) of the photographs: detection beside the cascade, landmarks and yaw of the faces that are found."""
    folder = os.path.join(args.data, "photos")
    path = os.path.join(folder, conversion.RECORDS)
    pictures, models = predictions.records_in(path), {"test": args.model}
    settings = predictions.settings_of(
        path, models, kind="detect", proposals="dense", score="aligned", stage=1, attributes=False
    )
    lines = predictions.predict(
        os.path.join(args.out, "photos"), folder, pictures, models, settings, args.engine
    )
    found = [
        ([face["box"] for face in line["faces"]], [face["score"] for face in line["faces"]])
        for line in lines
    ]
    theirs = list(cascade(os.path.join(folder, image) for image, _ in pictures))
    rows, thresholds = [], []
    for some in (found, theirs):
        scores, true, faces = detections(pictures, some)
        recall, precision, threshold = recall_at(scores, true, faces)
        rows.append((recall, precision, metrics.average_precision(true, scores, faces), faces))
        thresholds.append(threshold)
    scores, true, faces = detections(pictures, found)
    score = backend.provenance(args.model).get("score", analysis.SCORE)
    at = np.array(scores) >= score
    hits = int(np.array(true)[at].sum())
    pairs = []
    for (_, some), line in zip(pictures, lines):
        for face in some:
            if (
                face.box is not None
                and not face.ignore
                and face.box[3] - face.box[1] >= LEAST_FACE
                and line["faces"]
            ):
                overlaps = boxes.iou([face.box], [one["box"] for one in line["faces"]])[0]
                if overlaps.max() > OVERLAP:
                    pairs.append((face, line["faces"][int(overlaps.argmax())]))
    figures, constant = points_and_yaw(pairs)
    own, haar = rows
    _, low, high, _ = intervals.share(np.arange(faces) < round(own[0] * faces))
    return [
        row(
            "photos",
            "detection",
            f"recall of faces from {LEAST_FACE} px at precision >= {PRECISION:.0%}",
            (own[0], low, high, faces),
            "%",
            0.85,
            haar[0],
            "cascade",
        ),
        row(
            "photos",
            "detection",
            "average precision",
            (own[2], None, None, faces),
            "%",
            None,
            haar[2],
            "cascade",
        ),
        row(
            "photos",
            "detection",
            f"recall at the model's own score {score:g}",
            intervals.share(np.arange(faces) < hits),
            "%",
        ),
        row(
            "photos",
            "detection",
            f"precision at the model's own score {score:g}",
            intervals.share(np.array(true)[at]) if at.any() else (0.0, 0.0, 1.0, 0),
            "%",
        ),
        row(
            "photos",
            "landmarks",
            "mean error / sqrt(w h), against the teacher's",
            figures["nme"],
            "%",
            0.07,
            constant["nme"],
            "mean face in the true box",
        ),
        row(
            "photos",
            "pose",
            "mean absolute error of yaw, against the teacher's",
            figures["yaw_mae"],
            "°",
            9.0,
            constant["yaw_mae"],
        ),
    ], thresholds[0]


def row(name, task, figure, value, unit, floor=None, baseline=None, by="constant"):
    """Return a figure as a plain dict."""
    middle, low, high, count = value
    return dict(
        set=name,
        task=task,
        figure=figure,
        value=middle,
        low=low,
        high=high,
        samples=count,
        unit=unit,
        floor=floor,
        baseline=baseline,
        baseline_by=by if baseline is not None else None,
    )


def portrait_rows(celeba, utkface, embedding):
    """Return the rows of both sets of portraits; embedding: the model's TPE, or None."""
    rows = []
    for name, some, floor, wanted in (
        ("utkface", utkface, 0.94, lambda face: face.age >= ADULT),
        ("celeba", celeba, 0.95, lambda face: True),
    ):
        truth, found = some.of("gender", wanted)
        rows.append(
            row(
                name,
                "gender",
                f"accuracy, from {ADULT} years on" if name == "utkface" else "accuracy",
                intervals.share((found >= 0.5) == truth),
                "%",
                floor,
                majority(truth),
            )
        )
    truth, found = celeba.of("smile")
    rows.append(
        row(
            "celeba",
            "smile",
            "accuracy",
            intervals.share((found >= 0.5) == truth),
            "%",
            0.88,
            majority(truth),
        )
    )
    truth, found = utkface.of("age")
    rows.append(
        row(
            "utkface",
            "age",
            "mean absolute error, all ages",
            intervals.mean(np.abs(found - truth)),
            " years",
            7.0,
            float(np.abs(truth - np.median(truth)).mean()),
        )
    )
    people = [face.identity for face, _ in celeba.pairs]
    rows.append(
        row(
            "celeba",
            "identity",
            "area under ROC, people never seen, cosine",
            intervals.person_auc(celeba.descriptors, people),
            "%",
            0.80,
            0.5,
        )
    )
    if embedding is not None:
        rows.append(
            row(
                "celeba",
                "identity",
                "area under ROC, people never seen, by TPE",
                intervals.person_auc(tpe.apply(embedding, celeba.descriptors), people),
                "%",
                0.80,
                0.5,
            )
        )
    for name, some in (("celeba", celeba), ("utkface", utkface)):
        figures, constant = points_and_yaw(some.pairs)
        rows.append(
            row(
                name,
                "landmarks",
                "mean error / sqrt(w h), against the teacher's",
                figures["nme"],
                "%",
                None,
                constant["nme"],
                "mean face in the true box",
            )
        )
        rows.append(
            row(
                name,
                "pose",
                "mean absolute error of yaw, against the teacher's",
                figures["yaw_mae"],
                "°",
                None,
                constant["yaw_mae"],
            )
        )
    return rows


def groups(celeba, utkface, ethnicity):
    """Return rows by age, by what UTKFace calls ethnicity, by gender and by yaw, for the model card; gender of children only by age."""
    rows = []
    ages = [
        (f"{low} to {high - 1} years", lambda face, low=low, high=high: low <= face.age < high)
        for low, high in AGES
    ]
    others = [
        (f"called {word}", lambda face, number=number: ethnicity.get(face.image) == number)
        for number, word in enumerate(ETHNICITIES)
    ]
    both = [
        (word, lambda face, number=number: face.gender == number)
        for number, word in enumerate(("men", "women"))
    ]
    both += [
        (
            f"turned {low} to {high}°",
            lambda face, low=low, high=high: (
                face.pose is not None and low <= abs(face.pose[2]) < high
            ),
        )
        for low, high in YAWS
    ]
    adults = [
        (
            f"{what}, from {ADULT} years on",
            lambda face, wanted=wanted: face.age >= ADULT and wanted(face),
        )
        for what, wanted in others + both
    ]
    for task, unit, parts in (
        ("gender", "%", ages + adults),
        ("age", " years", ages + others + both),
    ):
        for what, wanted in parts:
            truth, found = utkface.of(task, wanted)
            if len(truth) >= FEW:
                value = (
                    intervals.share((found >= 0.5) == truth)
                    if task == "gender"
                    else intervals.mean(np.abs(found - truth))
                )
                rows.append(
                    row(
                        "utkface",
                        task,
                        f"{'accuracy' if task == 'gender' else 'mean absolute error'}, {what}",
                        value,
                        unit,
                    )
                )
    for what, wanted in both:
        truth, found = celeba.of("smile", wanted)
        if len(truth) >= FEW:
            rows.append(
                row(
                    "celeba",
                    "smile",
                    f"accuracy, {what}",
                    intervals.share((found >= 0.5) == truth),
                    "%",
                )
            )
    return rows


def shown(value, unit):
    """Return a value of a row as text."""
    return "–" if value is None else f"{value:.1%}" if unit == "%" else f"{value:.2f}{unit}"


def table(rows):
    """Return rows as text cells, a head first; floor and baseline only where some row has one."""
    cells = [("set", "task", "figure", "measured", "95 %", "samples", "floor", "baseline")] + [
        (
            one["set"],
            one["task"],
            one["figure"],
            shown(one["value"], one["unit"]),
            f"{shown(one['low'], one['unit'])} to {shown(one['high'], one['unit'])}"
            if one["low"] is not None
            else "–",
            f"{one['samples']:,}",
            shown(one["floor"], one["unit"]),
            f"{shown(one['baseline'], one['unit'])} ({one['baseline_by']})"
            if one["baseline"] is not None
            else "–",
        )
        for one in rows
    ]
    return (
        cells
        if any(one["floor"] is not None or one["baseline"] is not None for one in rows)
        else [line[:6] for line in cells]
    )


def markdown(cells):
    """Return text cells as a table of Markdown."""
    lines = ["| " + " | ".join(line) + " |" for line in cells]
    return "\n".join([lines[0], "|" + "---|" * len(cells[0]), *lines[1:]]) + "\n"


def ethnicities(data):
    """Return {image: UTKFace's number of what it calls ethnicity} by the file names, <age>_<gender>_<ethnicity>_...; other names are left out."""
    found = {}
    for image, _ in predictions.records_in(os.path.join(data, "utkface", conversion.RECORDS)):
        words = os.path.basename(image).split("_")
        if len(words) == 4 and words[2].isdigit():
            found[image] = int(words[2])
    return found


@command
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--data",
        default="data/real",
        help="folder of celeba, utkface and photos, as data_prep.real_sets makes it",
    )
    parser.add_argument("--model", required=True, help="folder of the fused model")
    parser.add_argument(
        "--out", required=True, help="folder for predictions, results.json and results.md"
    )
    parser.add_argument("--engine", default="caffe")
    parser.add_argument("--gpu", default="", help="GPU number; empty: CPU")
    args = parser.parse_args(argv)
    device.use(args.gpu)
    for name in ("celeba", "utkface", "photos"):
        if not os.path.isfile(os.path.join(args.data, name, conversion.RECORDS)):
            raise InputError(f"{args.data}/{name}: no {conversion.RECORDS}; make train-real makes it")
    celeba, utkface = Portraits("celeba", args), Portraits("utkface", args)
    found, threshold = photographs(args)
    rows = found + portrait_rows(celeba, utkface, (tpe.of_model(args.model) or [None])[0])
    parts = groups(celeba, utkface, ethnicities(args.data))
    lost = {name: some.lost for name, some in (("celeba", celeba), ("utkface", utkface))}
    files.write_json(
        os.path.join(args.out, "results.json"),
        dict(rows=rows, groups=parts, not_found=lost, threshold=threshold),
    )
    with files.replacing(os.path.join(args.out, "results.md")) as stream:
        stream.write(markdown(table(rows)) + "\n" + markdown(table(parts)))
    print(headline.text_table(table(rows)))
    print(json.dumps(dict(not_found=lost, score_for_that_precision=round(threshold, 4))))


if __name__ == "__main__":
    sys.exit(main())
