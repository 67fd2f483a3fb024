"""CelebA, gender and smile of its test part (section IV-D)."""

from __future__ import annotations

from evaluate import answers, attributes
from evaluate.benchmark import RECALLED, Benchmark, Figure, Peer


def peer(method: str, gender: float, smile: float) -> Peer:
    """Return a row of the table of Liu et al."""
    source = f"Liu et al. 2015, table of CelebA, {RECALLED}"
    return Peer(method, dict(gender=gender, smile=smile), source)


BENCHMARK = Benchmark(
    name="celeba",
    title="CelebA: gender and smile",
    about="Gender and smile on the test part of CelebA.",
    section="IV-D",
    order=1,
    where="section IV-D",
    splits=("test",),
    figures=(
        Figure("gender", "gender", "%", True, 99.0),
        Figure("smile", "smile", "%", True, 93.0),
    ),
    rules=attributes.RULES,
    measure=attributes.measure,
    peers=(
        peer("FaceTracer", 91.0, 89.0),
        peer("PANDA-w", 93.0, 89.0),
        peer("PANDA-l", 97.0, 92.0),
        peer("LNets + ANet", 98.0, 92.0),
    ),
    score=answers.MEAN_REGIONS,
    score_of=attributes.SCORE_OF,
)
