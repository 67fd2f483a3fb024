"""The trainings that make the shipped model, in their order (tools.recipes.real).

A narrow net learns identity, then all tasks; what it takes for faces in new scenes, rightly and
wrongly, is half of what it and a wide net that starts with its answers learn detection from. How
these runs came about is told in docs/training_notes.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from allinone.tasks import PROPOSAL, SCREEN
from tools.recipes.options import EUCLIDEAN, WITHOUT_DROPOUT

# Databases with regions that nets took for faces: the scout, the first and the last proposal net.
HARD, WINDOWS, CLOSE = "hard", "windows", "close"


@dataclass(frozen=True)
class Run:
    """A training of the recipe."""

    name: str
    profile: str
    iterations: int
    start: str = ""  # the run whose weights it starts from; "": random weights
    rate: str = ""  # learning rate at the start; "": the job's
    db: str = "db"  # HARD, WINDOWS: half of the pictures for detection with hard regions
    more: tuple[str, ...] = ()  # other options of tools.train

    def settings(self) -> list[str]:
        """Return its options for tools.train but the folders."""
        rate = ["--base-lr", self.rate] if self.rate else []
        return [*self.more, "--iterations", str(self.iterations), *rate]


RUNS = (
    Run("identity", "tiny", 1500, more=("--job", "pretrain")),
    Run("narrow", "tiny", 4000, start="identity", rate="0.001"),
    Run("narrow_hard", "tiny", 8000, start="narrow", rate="0.001", db=HARD),
    Run(
        "wide",
        "small",
        10000,
        start="narrow_hard",
        rate="0.001",
        db=HARD,
        more=("--widen", *EUCLIDEAN),
    ),
    Run("wide_longer", "small", 7200, start="wide", rate="0.0007", db=HARD, more=EUCLIDEAN),
    Run(
        "wide_without_dropout",
        "small",
        2000,
        start="wide_longer",
        rate="0.0004",
        db=HARD,
        more=("--without-dropout", *WITHOUT_DROPOUT, *EUCLIDEAN),
    ),
)
SCOUT, LAST = RUNS[1], RUNS[-1]  # the scout finds the hard regions
# The proposal net learns from regions that the scout, then from windows that it took for faces; the
# screening net from those that the last proposal net did.
NEAR = Run("near", "small", 2500, db=HARD, more=("--job", PROPOSAL))
SEARCH = Run("proposal", "small", 6000, db=WINDOWS, more=("--job", PROPOSAL))
CLOSER = Run("screen", "small", 6000, db=CLOSE, more=("--job", SCREEN))
