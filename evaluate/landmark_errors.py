"""What AFW and AFLW have in common: landmark errors over the size of the face (section IV-B)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from allinone.record import FaceRecord
from evaluate import metrics


def of(
    pairs: Sequence[tuple[FaceRecord, FaceRecord]], size_of: Callable[[list], np.ndarray]
) -> np.ndarray:
    """Return each face's mean error (n,) over its size, of [(annotated face, prediction)].

    size_of: metrics.face_size or metrics.box_size, which gives the sizes (n,) of boxes (n, 4).
    """
    return metrics.nme(
        np.float64([found.landmarks for _, found in pairs]),
        np.stack([face.landmark_array() for face, _ in pairs]),
        np.stack([face.visibility_array() for face, _ in pairs]),
        size_of([face.box for face, _ in pairs]),
    )
