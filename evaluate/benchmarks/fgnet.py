"""FG-NET, age, leaving one person out (section IV-E): 82 fine-tuned models, or one for all."""

from __future__ import annotations

import numpy as np

from evaluate import answers, metrics, predictions
from evaluate.benchmark import Benchmark, Figure, Measured, Peer
from evaluate.run import Run, worst


def measure(run: Run) -> Measured:
    """Measure age of a model, or of one for each person."""
    said = run.predict(answers.FACES, stage=2, needs=["age"])
    pairs = predictions.pair_up(run.pictures, said)
    errors = np.abs([found.age - face.age for face, found in pairs])
    people = [face.split for face, _ in pairs]
    tuned = "one model for all, not fine-tuned on FG-NET"
    if run.is_tuned():
        tuned = "one model for each person, fine-tuned on all others"
    return Measured(
        figures=dict(mae=float(errors.mean()), mae_people=metrics.mean_over_people(errors, people)),
        counts=dict(pictures=len(pairs), people=len(set(people))),
        rules=(tuned,),
        failures=failures(pairs, errors),
    )


def failures(pairs, errors: np.ndarray) -> list[dict]:
    """Return the faces whose age is furthest off."""
    entries = []
    for (face, found), error in zip(pairs, errors):
        text = f"{found.age:.0f} years, is {face.age:.0f}"
        entries.append((error, face.image, face.box, text))
    return worst(entries)


def peer(method: str, mae: float) -> Peer:
    """Return a row of table IV, right."""
    return Peer(method, dict(mae=mae), "table IV")


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
    rules=(
        "mean absolute error over all pictures; every person is judged by a model that has not "
        "learnt from his or her pictures",
    ),
    measure=measure,
    peers=(
        peer("Han2013", 4.6),
        peer("Chao2013", 4.38),
        peer("Hong2013", 4.18),
        peer("El Dib 2010", 3.17),
        peer("CascadeAge", 3.49),
    ),
    score=answers.ALIGNED,
    score_of="the landmarks by which faces are aligned",
)
