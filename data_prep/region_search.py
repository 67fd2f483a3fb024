"""Ways to search a picture for region proposals, from which the detection tower learns.

A search has find(image), which returns the regions (n, 4) of a BGR picture; folder and name, which
tell its results from those of another search; in_processes, whether the processes that read the
pictures also search them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from allinone import dense, engines, fast, landmarks, proposals, refine
from allinone.model import PROPOSAL
from allinone.own_analyzer import OwnAnalyzer, models_in
from allinone.searching import DENSE, FAST

MOST = 60  # our choice: windows of a picture that a model proposes,
LEAST = 40  # for faces of so many pixels and more; half the size takes four times as long
DOUBTFUL = 0.05  # our choice: least score of a window of the proposal net

Search = Any  # one of the classes below, or of what has the same


class Selective:
    """Selective search, the same in every process."""

    folder = "proposals"
    name = f"fast {proposals.LEAST_SIDE} {proposals.LARGEST_SIDE} {proposals.LONGEST}"
    in_processes = True
    find = staticmethod(proposals.selective_search)


class Dense(OwnAnalyzer):
    """What a model takes for faces, rightly and wrongly: what it should learn from next.

    These are the best windows of its dense net, and the rectangles of the landmarks that are found
    in those windows that may be faces.
    """

    in_processes = False  # the model is in memory once

    def __init__(self, model: str) -> None:
        """Open the folder of a fused model; a worker of a cluster opens it for itself."""
        given = dict(model_dir=model, engine=engines.OPENCV, proposals=DENSE)
        super().__init__(given, models_in(model))
        weights = self.analyzer.backend.model.sha256[:12]
        self.folder, self.name = f"proposals_{weights}", f"dense {weights} {MOST}"

    def find(self, image: np.ndarray) -> np.ndarray:
        """Return the regions (n, 4) of a BGR picture."""
        windows, scores = dense.windows(self.analyzer.backend, image, LEAST)
        best = windows[np.argsort(-scores, kind="stable")[:MOST]]
        seen = self.analyzer.look(image, best)
        kept = self.analyzer.backend.model.calibrated(refine.KEPT)
        faces = landmarks.face_rectangle(seen["landmarks"][seen["score"] >= kept])
        return np.concatenate([best, faces]).reshape(-1, 4).astype(np.float32)


class Windows(OwnAnalyzer):
    """What a model's proposal net takes for faces, rightly and wrongly: what it should learn next.

    These are its best windows.
    """

    in_processes = False  # the model is in memory once

    def __init__(self, model: str) -> None:
        """Open the folder of a fused model that has a proposal net, as `Dense` does."""
        given = dict(model_dir=model, engine=engines.OPENCV, proposals=FAST)
        super().__init__(given, models_in(model))
        weights = self.analyzer.backend.model.about.files[PROPOSAL[1]][:12]
        self.folder, self.name = f"proposals_{weights}", f"windows {weights} {MOST} {DOUBTFUL}"

    def find(self, image: np.ndarray) -> np.ndarray:
        """Return the regions (n, 4) of a BGR picture."""
        found, scores = fast.windows(self.analyzer.backend, image, fast.SMALLEST, DOUBTFUL)
        return found[np.argsort(-scores, kind="stable")[:MOST]]
