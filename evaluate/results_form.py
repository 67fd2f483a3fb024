"""What a results.json, and the figures of make bench, must be where the report reads them."""

from __future__ import annotations

from typing import Annotated, Optional, TypedDict

from msgspec import Meta

from allinone import reading
from allinone.errors import InputError
from allinone.record import Box
from evaluate.measured_models import History

FURTHEST = 1e12  # our choice: no figure and no time is larger; NaN is none
Number = Annotated[float, Meta(ge=-FURTHEST, le=FURTHEST)]
Seconds = Annotated[float, Meta(ge=0, le=FURTHEST)]
SomeTexts = Annotated[list[str], Meta(min_length=1)]


class _Curve(TypedDict):
    x: list[Number]
    y: list[Number]
    xlabel: str
    ylabel: str


class Curve(_Curve, total=False):
    """A curve of evaluate.curves."""

    value: Number
    log: bool


class Failure(TypedDict):
    """One of the worst results."""

    image: str
    box: Optional[Box]
    text: str


class _Folders(TypedDict):
    folders: SomeTexts


class _Models(_Folders):
    sha256: SomeTexts


class Measured(_Models, total=False):
    """The models that were measured."""

    profile: Optional[str]
    provenance: Optional[History]
    stage1: Optional[_Folders]


class Between(TypedDict):
    """The 95 % interval of a figure, and its number of samples."""

    low: Optional[Number]
    high: Optional[Number]
    samples: int


class Other(TypedDict):
    """What stands beside the model, measured on the same faces."""

    method: str
    figures: dict[str, Number]


class _Beside(TypedDict, total=False):
    intervals: dict[str, Between]
    others: list[Other]


class Result(_Beside):
    """A results.json."""

    benchmark: str
    figures: dict[str, Optional[Number]]
    deviations: dict[str, Optional[Number]]
    counts: dict[str, int]
    rules: list[str]
    incomplete: list[str]
    data: str
    records_sha256: str
    model: Measured
    curves: dict[str, Curve]
    failures: list[Failure]
    drawn: bool
    proposals: str
    engine: str
    machine: str
    date: str


class Bench(TypedDict, total=False):
    """What of the figures of make bench the report shows."""

    image_full_width_s: dict[str, Seconds]
    stage2_s_per_face: Seconds
    machine: str


def read(path: str, mend: str) -> Result:
    """Return a results.json; InputError with field and mend where it is none."""
    found = reading.read_json(path, mend, Result)
    for name, curve in found["curves"].items():
        if len(curve["x"]) != len(curve["y"]) or not curve["x"]:
            raise InputError(f"{path}: the curve '{name}' has not as many x as y; {mend}")
    return found
