"""What LAP 2015 and FG-NET have in common: the age of annotated faces (section IV-E)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

import numpy as np

from allinone.record import FaceRecord
from evaluate import answers, predictions
from evaluate.run import Run, worst

SCORE_OF = "the landmarks by which faces are aligned"
Pairs = Sequence[tuple[FaceRecord, Optional[FaceRecord]]]  # (annotated face, prediction)


def pairs_of(run: Run) -> Pairs:
    """Return the annotated faces with their predicted ages, None where nothing was found."""
    said = run.predict(answers.FACES, stage=2, needs=["age"])
    return predictions.all_pairs(run.pictures, said)


def failures(pairs: Pairs, errors: np.ndarray) -> list[dict]:
    """Return the faces with the largest errors (n,)."""
    entries = []
    for (face, found), error in zip(pairs, errors):
        said, box = "no face found", face.box
        if found is not None:
            said, box = f"{found.age:.0f} years", face.box or found.box
        deviation = "" if face.age_sigma is None else f" ± {face.age_sigma:.0f}"
        entries.append((error, face.image, box, f"{said}, is {face.age:.0f}{deviation}"))
    return worst(entries)
