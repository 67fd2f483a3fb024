"""The options of tools.train and their defaults. Nothing here needs Caffe."""

from __future__ import annotations

from dataclasses import dataclass

from allinone.arguments import WORKERS, Real, Whole
from allinone.errors import InputError

NUMBERS = dict(  # what the numbers of a training run must be
    iterations=Whole(1),
    iter_size=Whole(1),
    snapshot=Whole(1),
    seed=Whole(0),
    age_switch=Whole(0),
    age_ramp=Whole(0),
    base_lr=Real(above=0, most=1e6, hint="0.001 is usual"),
    batch=Real(above=0, most=1000, hint="0.5 halves the mini-batches, 2 doubles them"),
    age_weight=Real(above=0, most=1e6, hint="1 is eq. 6 as printed"),
    cores=WORKERS,
)


@dataclass(frozen=True)
class Options:
    """What the user asks of a training run; None: the job's or the profile's own value."""

    db: str
    out: str
    job: str = "joint"
    profile: str | None = None
    init: str | None = None
    towers: tuple[str, ...] = ()
    branches: bool = False
    widen: bool = False
    iterations: int | None = None
    base_lr: float | None = None
    batch: float = 1.0
    age_switch: int | None = None
    age_ramp: int = 0
    age_weight: float | None = None
    without_dropout: tuple[str, ...] = ()
    vary: tuple[str, ...] = ()
    balance: tuple[str, ...] = ()
    taught: bool = False
    iter_size: int = 1
    snapshot: int | None = None
    seed: int = 1
    gpu: str = ""
    cores: int = 1

    def check_numbers(self) -> None:
        """Raise InputError where a number makes no training."""
        for name, numbers in NUMBERS.items():
            value = getattr(self, name)
            if value is not None and not numbers.holds(value):
                raise InputError(f"{flag(name)} {value}: {numbers.must}")


def flag(name: str) -> str:
    """Return an option as it is typed."""
    return "--" + name.replace("_", "-")
