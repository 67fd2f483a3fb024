"""CelebA, gender and smile of its test part (section IV-D)."""

from __future__ import annotations

from evaluate import answers, attributes
from evaluate.benchmark import Benchmark, Figure, Peer


def peer(method: str, **figures: float) -> Peer:
    """Return a row of table III, left."""
    return Peer(method, figures, "table III")


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
    peers=(
        peer("PANDA-1", gender=97.0, smile=92.0),
        peer("MT-RBM", gender=90.0, smile=88.0),
        peer("LNets+ANet", gender=98.0, smile=92.0),
        peer("HyperFace", gender=97.0),
        peer("Walk & Learn", gender=96.0, smile=98.0),
    ),
    score=answers.MEAN_REGIONS,
    score_of=attributes.SCORE_OF,
)
