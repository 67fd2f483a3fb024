"""The figures of a benchmark as text: measured, and what stands beside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

from evaluate import headline
from evaluate.benchmark import Benchmark, Figure


def between(figure: Figure, interval: Optional[Mapping[str, Any]]) -> str:
    """Return a figure's 95 % interval as text."""
    if interval is None or interval["low"] is None:
        return "–"
    return f"{figure.show(interval['low'])} to {figure.show(interval['high'])}"


def text(benchmark: Benchmark, results: Mapping[str, Any]) -> str:
    """Return the figures of a results.json beside the paper's, or beside others where it has any.

    With intervals and numbers of samples, where it has them.
    """
    intervals, others = results["intervals"], results["others"]
    head = ["figure", "measured"] + (["95 %", "samples"] if intervals else [])
    head += [one["method"] for one in others] or ["the paper's"]
    rows = [(*head, "better")]
    for figure in benchmark.figures:
        if figure.name not in results["figures"]:
            continue
        interval = intervals.get(figure.name)
        value, deviation = (results[kind].get(figure.name) for kind in ("figures", "deviations"))
        row = [figure.means, figure.show(value, deviation)]
        if intervals:
            row += [between(figure, interval), f"{interval['samples']:,}" if interval else "–"]
        beside = [figure.show(one["figures"].get(figure.name)) for one in others]
        rows.append((*row, *(beside or [figure.show_paper()]), figure.better))
    return headline.text_table(rows)
