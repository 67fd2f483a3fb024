"""What the fast search finds beside the dense one: in photographs and in drawn scenes."""

from __future__ import annotations

import time
from collections.abc import Sequence

from allinone import engines
from allinone.analyzer import FaceAnalyzer
from allinone.searching import DENSE, FAST
from evaluate import answers, metrics, photographs
from evaluate.photographs import Found
from tools.timing import labelled
from tools.timing.clock import Part
from tools.timing.labelled import Labelled

SCENES = 60


def detection(model: str, real: str) -> Part:
    """Search photographs of the folder `real`, where it has any, and drawn scenes, both ways."""
    rows, figures = [], {}
    analyzers = {way: FaceAnalyzer(model, engines.fastest(), "cpu", way) for way in (FAST, DENSE)}
    sets = {"photographs": labelled.photographs(real), "drawn scenes": labelled.scenes(SCENES)}
    for name, pictures in sets.items():
        for way, analyzer in analyzers.items() if pictures else ():
            one = figures[f"{name}, {way}"] = searched(analyzer, pictures)
            remark = (
                f"recall {one['recall']:.1%}, precision {one['precision']:.1%} at score "
                f"{analyzer.score:g}; {one['false']:.2f} false a picture; {one['seconds']:.2f} s"
            )
            rows.append((f"{len(pictures)} {name}, {way}", f"AP {one['ap']:.1%}", remark))
    return Part(rows, dict(detection=figures))


def searched(analyzer: FaceAnalyzer, pictures: Sequence[Labelled]) -> dict[str, float]:
    """Return what an analyzer finds of the faces from LEAST_FACE pixels on.

    ap; at the model's own score recall, precision and false detections a picture; CPU seconds of a
    picture.
    """
    start, found = time.process_time(), []
    for one in pictures:
        (seen,) = analyzer.find_many([one.image], answers.least_of(analyzer))
        found.append(Found(seen["boxes"], seen["score"]))
    seconds = (time.process_time() - start) / len(pictures)
    known = [(one.name, one.faces) for one in pictures]
    counted = photographs.count(known, found)
    sure = [true for true, score in zip(counted.true, counted.scores) if score >= analyzer.score]
    right = sum(sure)
    return dict(
        ap=metrics.average_precision(counted.true, counted.scores, counted.faces),
        recall=right / counted.faces,
        precision=right / max(len(sure), 1),
        false=(len(sure) - right) / len(pictures),
        seconds=seconds,
    )
