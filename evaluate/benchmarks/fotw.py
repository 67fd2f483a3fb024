"""Faces of the World, gender and smile of its validation part, after fine-tuning (section IV-D)."""

from __future__ import annotations

from evaluate import answers, attributes
from evaluate.benchmark import RECALLED, Benchmark, Figure, Peer


def peer(method: str, gender: float, smile: float) -> Peer:
    """Return a row of the challenge's table."""
    source = f"Escalera et al. 2016, on the test part, {RECALLED}"
    return Peer(method, dict(gender=gender, smile=smile), source)


BENCHMARK = Benchmark(
    name="fotw",
    title="Faces of the World: gender and smile",
    about="Gender and smile on the validation part of Faces of the World.",
    section="IV-D",
    order=2,
    where="section IV-D",
    splits=("val",),
    needs="As in the paper: a model that is fine-tuned on the training part (make finetune-fotw).",
    figures=(
        Figure("gender", "gender", "%", True, 93.12),
        Figure("smile", "smile", "%", True, 90.83),
    ),
    rules=attributes.RULES,
    measure=attributes.measure,
    peers=(
        peer("SIAT MMLAB", 92.69, 85.83),
        peer("IVA NLPR", 91.52, 82.52),
        peer("VISI.CRIM", 90.16, 82.12),
        peer("SMILELAB NEU", 89.99, 79.71),
    ),
    score=answers.MEAN_REGIONS,
    score_of=attributes.SCORE_OF,
)
