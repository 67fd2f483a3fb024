"""The trainings that make the shipped model, in their order (tools.recipes.real).

A first net learns identity, then all tasks; what it takes for faces in new scenes, rightly and
wrongly, is half of what the net that starts with its answers learns detection from. With a
teacher's descriptors the net of profile small learns these first; without, a narrow net learns
people, and is widened. How these runs came about is told in docs/training_notes.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from allinone.tasks import DISTILL, PROPOSAL, SCREEN
from tools.recipes.options import EUCLIDEAN, WITHOUT_DROPOUT

# Databases with regions that nets took for faces: the scout, the first and the last proposal net.
HARD, WINDOWS, CLOSE = "hard", "windows", "close"
# Pictures vary as photographs of other sources do; the old come more often than they are.
VARIED = ("--vary", "all", "--balance", "gender", "age")


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


@dataclass(frozen=True)
class Plan:
    """The trainings of the net that looks closer, in their order."""

    scouting: tuple[Run, ...]  # the last one is the scout, which finds the hard regions
    learning: tuple[Run, ...]  # the last one is the model's
    branches: tuple[Run, ...] = ()  # of towers whose own layers go on behind that one's

    @property
    def scout(self) -> Run:
        """Return the run of the scout."""
        return self.scouting[-1]

    @property
    def last(self) -> Run:
        """Return the run of the model."""
        return self.learning[-1]


REST = (*VARIED, *EUCLIDEAN)
PLAIN = ("--without-dropout", *WITHOUT_DROPOUT)
ALONE = ("--towers", "id", "--branches", "--batch", "2")
ON = "--taught"  # by people alone, of whom there are few, descriptors forget what they learnt

PEOPLE = Plan(  # without a teacher
    (
        Run("identity", "tiny", 1500, more=("--job", "pretrain")),
        Run("narrow", "tiny", 4000, start="identity", rate="0.001", more=VARIED),
    ),
    (
        Run("narrow_hard", "tiny", 8000, start="narrow", rate="0.001", db=HARD, more=VARIED),
        Run("wide", "small", 10000, "narrow_hard", "0.001", HARD, ("--widen", *REST)),
        Run("wide_longer", "small", 7200, "wide", "0.0007", HARD, REST),
        Run("wide_without_dropout", "small", 2000, "wide_longer", "0.0004", HARD, (*PLAIN, *REST)),
    ),
)
TAUGHT = Plan(  # by a teacher's descriptors
    (
        Run("distilled", "small", 3000, more=("--job", DISTILL)),
        Run("scout", "small", 2000, start="distilled", rate="0.001", more=(ON, *VARIED)),
    ),
    (
        Run("wide", "small", 1800, "scout", "0.001", HARD, (ON, *PLAIN, *REST)),
        Run("wide_longer", "small", 4500, "wide", "0.0006", HARD, (ON, *PLAIN, *REST)),
    ),
    # Descriptors lose most beside other tasks; here pictures are varied as usual alone.
    (Run("descriptor", "small", 1500, "wide_longer", "0.0005", HARD, (*ALONE, ON)),),
)
# The proposal net learns from regions that the scout, then from windows that it took for faces; the
# screening net from those that the last proposal net did.
NEAR = Run("near", "small", 2500, db=HARD, more=("--job", PROPOSAL))
SEARCH = Run("proposal", "small", 6000, db=WINDOWS, more=("--job", PROPOSAL))
CLOSER = Run("screen", "small", 6000, db=CLOSE, more=("--job", SCREEN))
