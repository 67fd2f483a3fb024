"""ChaLearn LAP 2015, apparent age in its validation part, after fine-tuning (section IV-E)."""

from __future__ import annotations

import numpy as np

from evaluate import ages, answers, metrics
from evaluate.benchmark import Benchmark, Figure, Measured, peers_of
from evaluate.run import Run


def measure(run: Run) -> Measured:
    """Measure apparent age of a model."""
    pairs = ages.pairs_of(run)
    said = np.array([np.nan if found is None else found.age for _, found in pairs])
    mean = np.float64([face.age for face, _ in pairs])
    sigma = np.float64([face.age_sigma for face, _ in pairs])
    errors, is_found = metrics.epsilon_error(said, mean, sigma), np.isfinite(said)
    if not is_found.all():
        run.note_missing(f"{int((~is_found).sum())} pictures in which no face was found")
    mae = np.nan
    if is_found.any():
        mae = metrics.mean_absolute_error(said[is_found], mean[is_found])
    return Measured(
        figures=dict(epsilon=float(errors.mean()), mae=mae),
        counts=dict(pictures=len(pairs)),
        failures=ages.failures(pairs, errors),
    )


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
    peers=peers_of(
        "table IV",
        ("epsilon",),
        {
            "UMD": (0.359,),
            "Human": (0.34,),
            "CascadeAge": (0.297,),
            "CVL ETHZ": (0.295,),
            "ICT-VIPL": (0.292,),
        },
    ),
    score=answers.ALIGNED,
    score_of=ages.SCORE_OF,
)
