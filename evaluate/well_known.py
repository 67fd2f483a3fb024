"""Two photographs that everybody has who has the kit: an astronaut and Admiral Hopper, two women.

They come with scikit-image and Matplotlib. A model is right on one of them where it finds one face
at its own score, over the face, and calls it a woman's.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from allinone import pictures
from allinone.analyzer import FaceAnalyzer
from evaluate import intervals
from evaluate.rows import Row

SET = "packages"
# {picture: a point of its face, x and y in pixels}
FACES = dict(astronaut=(222, 115), hopper=(252, 215))


def photographs() -> Iterator[tuple[str, np.ndarray]]:
    """Yield name and picture, BGR uint8, of each."""
    from matplotlib import cbook  # here: importing them takes a second
    from skimage import data

    yield "astronaut", cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR)
    path = cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)
    yield "hopper", pictures.read_image(path)


def is_right(analyzer: FaceAnalyzer, name: str, image: np.ndarray) -> bool:
    """Tell whether a model is right on one of them."""
    found = analyzer.analyze(image)
    if len(found) != 1 or found[0].gender is None:
        return False
    (x1, y1, x2, y2), (x, y) = found[0].box, FACES[name]
    return bool(x1 < x < x2 and y1 < y < y2 and found[0].gender >= 0.5)


def rows(model: str, engine: str, gpu: str) -> list[Row]:
    """Return the row of a model's folder; engine, gpu: as for evaluate.predictions."""
    analyzer = FaceAnalyzer(model, engine, gpu if gpu and engine != "caffe" else None)
    right = [is_right(analyzer, *one) for one in photographs()]
    words = "astronaut and Admiral Hopper: one face found, and called a woman's"
    return [Row(SET, "detection", words, intervals.share(right), "%", 1.0)]
