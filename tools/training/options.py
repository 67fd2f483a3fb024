"""The options of tools.train and their defaults. Nothing here needs Caffe."""

from __future__ import annotations

import math
from dataclasses import dataclass

from allinone.errors import InputError

LARGEST = 2**31 - 1  # what Caffe's solver files can hold; Caffe aborts at a larger number
LEAST = dict(iterations=1, iter_size=1, snapshot=1, seed=0, age_switch=0, age_ramp=0)
POSITIVE = dict(  # options that must be above 0, with a hint
    base_lr="0.001 is usual",
    batch="0.5 halves the mini-batches, 2 doubles them",
    age_weight="1 is eq. 6 as printed",
)


@dataclass(frozen=True)
class Options:
    """What the user asks of a training run; None: the job's or the profile's own value."""

    db: str
    out: str
    job: str = "joint"
    profile: str | None = None
    init: str | None = None
    widen: bool = False
    iterations: int | None = None
    base_lr: float | None = None
    batch: float = 1.0
    age_switch: int | None = None
    age_ramp: int = 0
    age_weight: float | None = None
    without_dropout: tuple[str, ...] = ()
    iter_size: int = 1
    snapshot: int | None = None
    seed: int = 1
    gpu: str = ""
    cores: int = 1

    def check_numbers(self) -> None:
        """Raise InputError where a number makes no training."""
        for name, least in LEAST.items():
            value = getattr(self, name)
            if value is not None and not least <= value <= LARGEST:
                raise InputError(
                    f"{flag(name)} {value}: must be a whole number from {least} up to {LARGEST}"
                )
        for name, hint in POSITIVE.items():
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise InputError(f"{flag(name)} {value}: must be a number above 0; {hint}")


def flag(name: str) -> str:
    """Return an option as it is typed."""
    return "--" + name.replace("_", "-")
