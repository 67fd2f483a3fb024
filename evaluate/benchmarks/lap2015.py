"""ChaLearn LAP 2015, apparent age in its validation part, after fine-tuning (section IV-E)."""

from __future__ import annotations

import numpy as np

from evaluate import answers, metrics, predictions
from evaluate.benchmark import Benchmark, Figure, Measured, Peer
from evaluate.run import Run, worst


def measure(run: Run) -> Measured:
    """Measure apparent age of a model."""
    said = run.predict(answers.FACES, stage=2, needs=["age"])
    pairs = predictions.all_pairs(run.pictures, said)
    ages = np.array([np.nan if found is None else found.age for _, found in pairs])
    mean = np.float64([face.age for face, _ in pairs])
    sigma = np.float64([face.age_sigma for face, _ in pairs])
    errors, is_found = metrics.epsilon_error(ages, mean, sigma), np.isfinite(ages)
    if not is_found.all():
        run.missing.append(f"{int((~is_found).sum())} pictures in which no face was found")
    mae = np.nan
    if is_found.any():
        mae = metrics.mean_absolute_error(ages[is_found], mean[is_found])
    return Measured(
        figures=dict(epsilon=float(errors.mean()), mae=mae),
        counts=dict(pictures=len(pairs)),
        failures=failures(pairs, errors),
    )


def failures(pairs, errors: np.ndarray) -> list[dict]:
    """Return the pictures whose error is largest."""
    entries = []
    for (face, found), error in zip(pairs, errors):
        said, box = ("no face found", None)
        if found is not None:
            said, box = f"{found.age:.0f} years", found.box
        text = f"{said}, is {face.age:.0f} ± {face.age_sigma:.0f}"
        entries.append((error, face.image, box, text))
    return worst(entries)


def peer(method: str, epsilon: float) -> Peer:
    """Return a row of table IV, left."""
    return Peer(method, dict(epsilon=epsilon), "table IV")


BENCHMARK = Benchmark(
    name="lap2015",
    title="ChaLearn LAP 2015: apparent age",
    about="Apparent age on the validation part of ChaLearn LAP 2015.",
    section="IV-E",
    order=1,
    where="section IV-E, table IV",
    splits=("val",),
    needs="As in the paper: a model that is fine-tuned on the training part "
    "(make finetune-lap2015).",
    figures=(
        Figure("epsilon", "mean epsilon error", "", False, 0.293),
        Figure("mae", "mean absolute error", "years", False),
    ),
    rules=(
        "error of a picture: 1 - exp(-(age - mean)^2 / (2 sigma^2)) by the mean and standard "
        "deviation of what people said; mean over pictures",
        "the set has no boxes: the face of highest score in the picture; a picture where none is "
        "found counts 1, as in the challenge",
    ),
    measure=measure,
    peers=(
        peer("UMD", 0.359),
        peer("Human", 0.34),
        peer("CascadeAge", 0.297),
        peer("CVL ETHZ", 0.295),
        peer("ICT-VIPL", 0.292),
    ),
    score=answers.ALIGNED,
    score_of="the landmarks by which faces are aligned",
)
