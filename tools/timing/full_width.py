"""Time of a whole picture with the net of profile paper, whose weights are random."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import cv2
import numpy as np

from allinone.analyzer import FaceAnalyzer
from allinone.backend import Backend
from tools.timing import search
from tools.timing.clock import Part, median_seconds

REPEATS = 5


class Answering(Backend):
    """A model that answers, while the full-width net has to look at all that it looks at.

    Random weights find no face, and what a picture takes depends on its faces. So the answers, and
    the nets that search, are those of a trained model, whose time is in the figure too.
    """

    def __init__(self, folder: str, engine: str, wide: Backend) -> None:
        """Open the model; wide: the full-width net."""
        super().__init__(folder, engine)
        self.wide = wide

    @property
    def input_size(self) -> int:
        """Return the side of an image that the full-width net takes."""
        return self.wide.input_size

    def __call__(self, images: Sequence[np.ndarray], stage: int) -> dict[str, np.ndarray]:
        """See Backend."""
        self.wide(images, stage)
        size = (self.model.input_size,) * 2
        small = [cv2.resize(one, size, interpolation=cv2.INTER_AREA) for one in images]
        return super().__call__(small, stage)


def full_width(folder: str, model: str) -> Part:
    """Time pictures of 640x480, each as a whole, with the full-width net in a folder, on all cores.

    model: folder of the model that answers.
    """
    analyzer, rows, figures = FaceAnalyzer(model, device="cpu"), [], {}
    wide = Backend(folder, analyzer.engine)
    analyzer.backend = analyzer.describer = Answering(model, analyzer.engine, wide)
    for name in (search.VIDEO, search.SIX):
        image = search.named(name)[0]
        work = functools.partial(analyzer.analyze, image)
        taken, faces = median_seconds(work, REPEATS), len(analyzer.analyze(image))
        remark = f"{faces} faces found, {analyzer.proposals}, {analyzer.engine}"
        rows.append((f"full width, {name}", f"{taken:.2f} s", remark))
        figures[name] = taken
    return Part(rows, dict(full_width_s=figures))
