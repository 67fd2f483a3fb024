"""FG-NET, age, leaving one person out (section IV-E): 82 fine-tuned models, or one for all."""

from __future__ import annotations

import numpy as np

from evaluate import ages, answers, measured_models, metrics
from evaluate.benchmark import Benchmark, Figure, Measured, peers_of
from evaluate.run import Run

FOUND = "the set has no points: the face of highest score in the picture"


def measure(run: Run) -> Measured:
    """Measure age of a model, or of one for each person."""
    asked = ages.pairs_of(run)
    pairs = [(face, found) for face, found in asked if found is not None]
    unknown = [found for face, found in asked if face.lacks_box()]
    if None in unknown:
        run.note_missing(f"{unknown.count(None)} pictures in which no face was found")
    errors = np.abs([found.age - face.age for face, found in pairs])
    people, mae, mae_people = [face.split for face, _ in pairs], np.nan, np.nan
    if pairs:
        mae, mae_people = errors.mean(), metrics.mean_over_people(errors, people)
    tuned = "one model for all, not fine-tuned on FG-NET"
    if run.is_tuned():
        tuned = "one model for each person, fine-tuned on all others"
    elif measured_models.learnt_from_whole(run.options.model, "fgnet") is not None:
        tuned = "one model that has learnt from pictures of FG-NET: its figures are no measure"
    return Measured(
        figures=dict(mae=float(mae), mae_people=float(mae_people)),
        counts=dict(pictures=len(pairs), people=len(set(people))),
        rules=(tuned, *([FOUND] if unknown else [])),
        failures=ages.failures(pairs, errors),
    )


BENCHMARK = Benchmark(
    name="fgnet",
    title="FG-NET: age",
    about="Age on FG-NET, one person left out at a time.",
    section="IV-E",
    order=2,
    where="section IV-E, table IV",
    needs="As in the paper: a model for each person, fine-tuned on all others "
    "(make finetune-fgnet).",
    figures=(
        Figure("mae", "mean absolute error", "years", False, 2.00),
        Figure("mae_people", "the same, mean over people", "years", False),
    ),
    rules=("mean absolute error over all pictures",),
    measure=measure,
    peers=peers_of(
        "table IV",
        ("mae",),
        {
            "Han2013": (4.6,),
            "Chao2013": (4.38,),
            "Hong2013": (4.18,),
            "El Dib 2010": (3.17,),
            "CascadeAge": (3.49,),
        },
    ),
    score=answers.ALIGNED,
    score_of=ages.SCORE_OF,
)
