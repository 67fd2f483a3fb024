"""PASCAL faces, detection (section IV-A), by the rules of the face-eval toolbox."""

from __future__ import annotations

from data_prep.readers.pascal import FILE
from evaluate import answers, detection, face_eval, peers
from evaluate.benchmark import Benchmark, Figure, Measured
from evaluate.run import Run


def measure(run: Run) -> Measured:
    """Measure the detections of a model."""
    said = run.predict(answers.DETECT)
    found, curve = detection.measure(run, said)
    return Measured(
        figures={name: found[name] for name in face_eval.PRECISIONS},
        counts=dict(pictures=len(run.pictures), faces=found["faces"], ignored=found["ignored"]),
        rules=(detection.tuning(run),),
        curves={"ours": curve},
        failures=detection.failures(run, said),
    )


def peer_files(data: str):
    """Return what the detections in `peers` reach, by the set's annotations."""
    return peers.precision_recall(data, FILE)


BENCHMARK = Benchmark(
    name="pascal",
    title="PASCAL faces: detection",
    about="Detection on PASCAL faces, by the rules of the face-eval toolbox.",
    section="IV-A",
    order=2,
    where="section IV-A, figure 6",
    figures=(
        Figure("ap_refined", "average precision, boxes refined (face-eval)", "%", True, 95.01),
        Figure("ap_plain", "average precision, boxes as they are", "%", True),
    ),
    rules=detection.RULES,
    measure=measure,
    tuned="fddb/all",
    peer_files=peer_files,
)
