"""FDDB, detection in ten folds (section IV-A): a model for each fold, or one model."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence

from allinone import files
from data_prep.readers import fddb as reader
from evaluate import answers, curves, detection, ellipses, fddb_files, measured_models, peers
from evaluate.benchmark import Benchmark, Figure, Measured
from evaluate.predictions import Said
from evaluate.run import FDDB_DETECTIONS, Run

ALLOWED = (500, 1000, 2000)  # false positives


def measure(run: Run) -> Measured:
    """Measure the detections of a model, or of one for each fold."""
    said = run.predict(answers.DETECT)
    curve = curve_of(run, said)
    tuned = "one model for all folds, not fine-tuned on FDDB"
    if run.is_tuned():
        tuned = "a model for each fold, fine-tuned on the other nine"
    elif measured_models.learnt_from_whole(run.options.model, "fddb") is not None:
        tuned = "one model that has learnt from pictures of FDDB: its figures are no measure"
    figures = {
        f"disc_at_{count}": 100 * fddb_files.rate_at(curve, curve.discrete, count)
        for count in ALLOWED
    }
    figures["cont_at_1000"] = 100 * fddb_files.rate_at(curve, curve.continuous, 1000)
    faces = sum(len(detection.with_box(some)) for _, some in run.pictures)
    return Measured(
        figures=figures,
        counts=dict(pictures=len(run.pictures), faces=faces),
        rules=(tuned,),
        curves={
            "ours": drawn(curve, curve.discrete, curves.DISCRETE),
            "ours, continuous": drawn(curve, curve.continuous, curves.CONTINUOUS),
        },
        failures=detection.failures(run, said),
    )


def curve_of(run: Run, said: Sequence[Said]) -> ellipses.Curve:
    """Return the curve of predictions; writes them and it as FDDB's program has them."""
    results = {}
    for path in write_results(run, said):
        results.update(fddb_files.read_results(path))
    faces, _ = fddb_files.annotations(os.path.join(run.folder, fddb_files.FOLDS))
    # Only folds that have a model, and existing pictures.
    faces = {name: some for name, some in faces.items() if name in results}
    pictures = os.path.join(run.folder, fddb_files.PICTURES)
    curve = ellipses.curve(fddb_files.together(faces, results, pictures))
    fddb_files.write_curves(curve, run.out)
    return curve


def write_results(run: Run, said: Sequence[Said]) -> list[str]:
    """Write detections in FDDB's format, a file for each fold that was measured; return the files.

    Those of other folds, which an earlier model has left, do not stay.
    """
    folder = os.path.join(run.out, FDDB_DETECTIONS)
    folds: dict[int, list[str]] = {}
    for (image, faces), one in zip(run.pictures, said):
        name = os.path.splitext(os.path.relpath(image, fddb_files.PICTURES))[0]
        text = [f"{name}\n{len(one.faces)}\n"]
        for face in one.faces:
            x1, y1, x2, y2 = face.box
            text.append(f"{x1:.2f} {y1:.2f} {x2 - x1:.2f} {y2 - y1:.2f} {face.score:.6f}\n")
        folds.setdefault(int(faces[0].split[-2:]), []).extend(text)
    written = []
    for fold in range(1, len(reader.FOLDS) + 1):
        path = os.path.join(folder, fddb_files.OURS.format(fold))
        if fold in folds:
            with files.replacing(path) as stream:
                stream.writelines(folds[fold])
            written.append(path)
        else:
            with contextlib.suppress(FileNotFoundError):
                os.remove(path)
    return written


def drawn(curve: ellipses.Curve, rates, kind: curves.Kind):
    """Return one of the curves for the report, strict scores first."""
    value = 100 * fddb_files.rate_at(curve, rates, curves.FALSE_POSITIVES)
    return curves.curve(curve.false[::-1], rates[::-1], kind, value)


BENCHMARK = Benchmark(
    name="fddb",
    title="FDDB: detection",
    about="Detection on FDDB, in ten folds.",
    section="IV-A",
    order=3,
    where="section IV-A, figure 6",
    needs="As in the paper: a model for each fold, fine-tuned on the other nine "
    "(make finetune-fddb).",
    figures=(
        Figure("disc_at_500", "discrete true positive rate at 500 false positives", "%", True),
        Figure("disc_at_1000", "the same at 1,000", "%", True),
        Figure("disc_at_2000", "the same at 2,000", "%", True),
        Figure("cont_at_1000", "continuous true positive rate at 1,000 false positives", "%", True),
    ),
    rules=(
        "one-to-one matching with the largest sum of IoU between drawn ellipses and boxes; "
        "discrete: IoU > 0.5, continuous: the IoU itself",
        "false positives of all ten folds together; boxes as the model draws them, not fitted to "
        "ellipses",
    ),
    measure=measure,
    peer_files=peers.roc,
)
