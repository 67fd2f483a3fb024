"""The ways to look for faces in a picture: each proposes regions, in which stage 1 then looks.

A way is called with (backend, BGR picture, least height in pixels of a face or None: the way's own)
and returns regions (n, 4). Selective search knows no least height.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Optional

import numpy as np

from allinone import dense, fast, proposals
from allinone import model as models
from allinone.backend import Backend

Way = Callable[[Backend, np.ndarray, Optional[float]], np.ndarray]


def selective_search(backend: Backend, image: np.ndarray, smallest: float | None) -> np.ndarray:
    """Return the regions (n, 4) that selective search proposes, about 2,000."""
    return proposals.selective_search(image)


def selective_search_quality(
    backend: Backend, image: np.ndarray, smallest: float | None
) -> np.ndarray:
    """Return the regions (n, 4) that selective search proposes, about 10,000."""
    return proposals.selective_search(image, quality=True)


FAST, DENSE, SELECTIVE_SEARCH = "fast", "dense", "selective-search"
PROPOSALS: dict[str, Way] = {
    FAST: fast.proposals,
    DENSE: dense.proposals,
    SELECTIVE_SEARCH: selective_search,
    "selective-search-quality": selective_search_quality,
}
# The net without which a way cannot be gone.
NEEDED = {FAST: models.PROPOSAL, DENSE: models.DENSE}


def usual_proposals(has: Callable[[str], bool]) -> str:
    """Return where faces are looked for unless a user says it; has(file): whether the model has."""
    for way, (_, weights) in NEEDED.items():
        if has(weights):
            return way
    return SELECTIVE_SEARCH
