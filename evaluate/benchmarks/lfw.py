"""LFW, verification of 6,000 pairs in ten folds; a bonus, the paper has no figure of it."""

from __future__ import annotations

import os
from typing import Annotated, TypedDict

import numpy as np
from msgspec import Meta

from allinone import embeddings, reading
from allinone.errors import InputError
from evaluate import curves, metrics, peers
from evaluate.benchmark import Benchmark, Figure, Measured
from evaluate.run import Run, worst

PAIRS = "pairs.jsonl"  # of the reader: pictures, same and fold of each pair


class Pair(TypedDict):
    """A line of the pairs."""

    fold: int
    same: Annotated[int, Meta(ge=0, le=1)]
    pictures: Annotated[list[str], Meta(min_length=2, max_length=2)]


def measure(run: Run) -> Measured:
    """Measure verification by a model's descriptors."""
    unit = {face.image: embeddings.unit_length(row) for face, row in run.descriptors()}
    pairs = known_pairs(run, set(unit))
    first = np.stack([unit[row["pictures"][0]] for row in pairs])
    second = np.stack([unit[row["pictures"][1]] for row in pairs])
    scores = (first * second).sum(axis=1)
    same = np.array([row["same"] for row in pairs], bool)
    accuracies = metrics.fold_accuracies(scores, same, [row["fold"] for row in pairs])
    false, true, _ = metrics.roc(scores, same)
    return Measured(
        figures=dict(
            accuracy=100 * float(np.mean(accuracies)),
            accuracy_std=100 * float(np.std(accuracies, ddof=1)),
            auc=100 * metrics.auc(scores, same),
        ),
        counts=dict(pairs=len(pairs), folds=len(accuracies)),
        curves={"ours": curves.curve(false, true, curves.ACCEPTED)},
        failures=failures(pairs, scores),
    )


def known_pairs(run: Run, pictures: set[str]) -> list[dict]:
    """Return the pairs whose pictures both have a descriptor; InputError where they are too few."""
    path = os.path.join(run.folder, PAIRS)
    asked = list(reading.json_lines(path, "read the set again (make data-lfw)", Pair))
    known = [row for row in asked if pictures.issuperset(row["pictures"])]
    if len(known) < len(asked):
        run.note_missing(f"{len(asked) - len(known)} pairs have a picture that is missing")
    if len({row["fold"] for row in known}) < 2:
        raise InputError(
            f"{run.folder}: pairs of two folds are needed, one to decide by the other; get the "
            f"pictures that {PAIRS} names"
        )
    return known


def failures(pairs, scores: np.ndarray) -> list[dict]:
    """Return the pairs whose cosine misleads most."""
    entries = []
    for row, score in zip(pairs, scores.tolist()):
        first, second = row["pictures"]
        word, badness = ("the same", 1 - score) if row["same"] else ("different", score)
        entries.append((badness, first, None, f"{word}, cosine {score:.2f}: {second}"))
    return worst(entries)


BENCHMARK = Benchmark(
    name="lfw",
    title="LFW: verification (not in the paper)",
    about="Verification of pairs on LFW; the paper has no figure of it.",
    figures=(
        Figure("accuracy", "accuracy, mean over 10 folds", "%", True),
        Figure("accuracy_std", "its standard deviation over folds", "%", False),
        Figure("auc", "area under ROC", "%", True),
    ),
    rules=(
        "cosine of descriptors; each fold is decided by the threshold that does best on the other "
        "nine (trained on other data, unrestricted)",
        "the pictures' boxes are guessed: the middle of each, where LFW's own detector saw the "
        "face",
    ),
    measure=measure,
    peer_files=peers.curves_alone("roc", curves.ACCEPTED),
)
