"""CelebA, gender and smile of its test part (section IV-D)."""

from __future__ import annotations

from evaluate import answers, attributes
from evaluate.benchmark import Benchmark, Figure, peers_of

BENCHMARK = Benchmark(
    name="celeba",
    title="CelebA: gender and smile",
    about="Gender and smile on the test part of CelebA.",
    section="IV-D",
    order=1,
    where="section IV-D, table III",
    splits=("test",),
    figures=(
        Figure("gender", "gender", "%", True, 99.0),
        Figure("smile", "smile", "%", True, 93.0),
    ),
    rules=attributes.RULES,
    measure=attributes.measure,
    peers=peers_of(
        "table III",
        ("gender", "smile"),
        {
            "PANDA-1": (97.0, 92.0),
            "MT-RBM": (90.0, 88.0),
            "LNets+ANet": (98.0, 92.0),
            "HyperFace": (97.0, None),
            "Walk & Learn": (96.0, 98.0),
        },
    ),
    score=answers.MEAN_REGIONS,
    score_of=attributes.SCORE_OF,
)
