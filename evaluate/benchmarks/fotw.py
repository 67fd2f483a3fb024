"""Faces of the World, gender and smile of its validation part, after fine-tuning (section IV-D)."""

from __future__ import annotations

from evaluate import answers, attributes
from evaluate.benchmark import Benchmark, Figure, peers_of

BENCHMARK = Benchmark(
    name="fotw",
    title="Faces of the World: gender and smile",
    about="Gender and smile on the validation part of Faces of the World.",
    section="IV-D",
    order=2,
    where="section IV-D, table III",
    splits=("val",),
    needs="As in the paper: a model that is fine-tuned on the training part (make finetune-fotw).",
    figures=(
        Figure("gender", "gender", "%", True, 93.12),
        Figure("smile", "smile", "%", True, 90.83),
    ),
    rules=attributes.RULES,
    measure=attributes.measure,
    peers=peers_of(
        "table III",
        ("gender", "smile"),
        {
            "MT-RBM": (71.7, 80.8),
            "CMP+ETH": (89.15, 79.03),
            "DeepBE": (90.44, 88.43),
            "SIAT_MMLAB": (91.66, 89.34),
        },
    ),
    score=answers.MEAN_REGIONS,
    score_of=attributes.SCORE_OF,
)
