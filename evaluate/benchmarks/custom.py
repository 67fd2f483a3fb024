"""Faces of one's own (data/custom): every task of which they have labels."""

from __future__ import annotations

from allinone import model
from data_prep.parts import TEST, VAL
from evaluate import own_faces
from evaluate.benchmark import Benchmark

BENCHMARK = Benchmark(
    name="custom",
    title="Your own faces: every task that has labels",
    about="Every task of which faces of one's own have labels, beside a constant and a model.",
    parts=(TEST, VAL),
    beside=model.SHIPPED,
    own_model="out/custom/model",
    figures=own_faces.FIGURES,
    rules=own_faces.RULES,
    measure=own_faces.measure,
)
