"""Rows of a table of figures, each with its interval, its number of samples and its baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Optional

from evaluate.intervals import Interval

HEAD = ("set", "task", "figure", "measured", "95 %", "samples", "floor", "baseline")
PLAIN = 6  # columns of a table in which no row has a floor or a baseline
NOTHING = "–"


@dataclass(frozen=True)
class Row:
    """One figure of one task on one set."""

    data: str  # the set
    task: str
    figure: str  # for people
    measured: Interval
    unit: str  # "%": a share from 0 to 1
    floor: Optional[float] = None  # what the kit wants its model to reach
    baseline: Optional[float] = None  # what an answer without any net reaches
    baseline_by: str = "constant"  # whose answer that is

    def plain(self) -> dict[str, Any]:
        """Return the row as types that JSON knows."""
        fields = asdict(self)
        measured, name = fields.pop("measured"), fields.pop("data")
        if self.baseline is None:
            fields["baseline_by"] = None
        return {"set": name, **fields, **measured._asdict()}

    def cells(self) -> tuple[str, ...]:
        """Return the row as text."""
        value, low, high, samples = self.measured
        between, baseline = NOTHING, NOTHING
        if low is not None:
            between = f"{shown(low, self.unit)} to {shown(high, self.unit)}"
        if self.baseline is not None:
            baseline = f"{shown(self.baseline, self.unit)} ({self.baseline_by})"
        return (
            self.data,
            self.task,
            self.figure,
            shown(value, self.unit),
            between,
            f"{samples:,}",
            shown(self.floor, self.unit),
            baseline,
        )


def shown(value: Optional[float], unit: str) -> str:
    """Return a value as text."""
    if value is None:
        return NOTHING
    return f"{value:.1%}" if unit == "%" else f"{value:.2f}{unit}"


def table(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """Return rows as text, a head first; floor and baseline only where some row has one."""
    cells = [HEAD, *(row.cells() for row in rows)]
    if all(row.floor is None and row.baseline is None for row in rows):
        return [line[:PLAIN] for line in cells]
    return cells


def markdown(cells: Sequence[Sequence[str]]) -> str:
    """Return text cells, a head first, as a table of Markdown."""
    head, *lines = ["| " + " | ".join(line) + " |" for line in cells]
    return "\n".join([head, "|" + "---|" * len(cells[0]), *lines]) + "\n"
