"""What a proof of a machine is asked to do, and what its steps find."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field
from typing import Any

from allinone import device
from allinone.profiles import PROFILES, Profile

GOOD, WRONG, NOT_RUN, MEASURED = "good", "wrong", "not run", "measured"  # states of a row
NO_GPU = "not run: no GPU"
DRAWN, PEAK = "drawn", "peak"  # folders of a proof, beside a profile's own


@dataclass(frozen=True)
class Job:
    """A proof: the cards, the folder, and how long it trains."""

    gpu: str  # "0" or "0,1"; "": the CPU
    out: str
    iterations: int
    profiles: tuple[str, ...]
    profile_name: str = ""  # of a step that is done for each profile

    @property
    def cards(self) -> list[int]:
        """Return the numbers of the GPUs."""
        return device.parse_gpus(self.gpu)

    @property
    def card(self) -> str:
        """Return the number of the first GPU as text, "" for the CPU."""
        return str(self.cards[0]) if self.cards else ""

    @property
    def used(self) -> str:
        """Return the device of the steps that use one."""
        return f"GPU {self.card}" if self.cards else "CPU"

    @property
    def profile(self) -> Profile:
        """Return the profile of a step that is done for each."""
        return PROFILES[self.profile_name]

    def path(self, *names: str) -> str:
        """Return a path in the folder."""
        return os.path.join(self.out, *names)


@dataclass
class Found:
    """What a step finds: rows for people, figures for programs."""

    rows: list[dict[str, str]] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """Return it for JSON, which has no infinite numbers and no NaN: these are texts."""
        return dict(rows=self.rows, figures=_plain(self.figures))

    def add(self, what: str, figure: str, beside: str = "", state: str = MEASURED) -> None:
        """Add a row: what was looked at, its figure, what it is set beside, and how it stands."""
        self.rows.append(dict(what=what, figure=figure, beside=beside, state=state))

    def judge(self, what: str, good: bool, figure: str, beside: str = "") -> None:
        """Add a row that is good or wrong."""
        self.add(what, figure, beside, GOOD if good else WRONG)

    def leave_out(self, what: str, why: str = NO_GPU) -> None:
        """Add a row of something that was not run."""
        self.add(what, "", why, NOT_RUN)


def _plain(value: Any) -> Any:
    """Return a value for JSON."""
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def apart(difference: float) -> str:
    """Return a difference in words."""
    return f"apart {difference:.0e}" if difference else "the same to the bit"
