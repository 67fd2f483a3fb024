"""The tables of the report: ours beside the paper's and beside others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

from evaluate import figures_table
from evaluate.benchmark import Benchmark, Figure, Peer
from evaluate.results_form import Result


def overview(one: Benchmark, found: Optional[Result]) -> dict[str, Any]:
    """Return a benchmark's rows of the first table: the figures that the paper has, or one."""
    rows = []
    chosen = [figure for figure in one.figures if figure.paper is not None]
    if not chosen and found is not None:
        chosen = [figure for figure in one.figures if figure.name in found["figures"]][:1]
    for figure in chosen or one.figures[:1]:
        measured = "missing"
        if found is not None:
            measured = figure.show(found["figures"].get(figure.name))
        paper = figure.show_paper()
        rows.append(dict(means=figure.means, measured=measured, paper=paper))
    return dict(benchmark=one, drawn=found is not None and found["drawn"], rows=rows)


def figures(one: Benchmark, found: Result) -> list[dict[str, Any]]:
    """Return the rows of a benchmark's figures: ours, the paper's, and what stands beside."""
    rows, others = [], found.get("others", [])
    for figure in one.figures:
        if figure.name in found["figures"] or figure.paper is not None:
            name = figure.name
            measured = figure.show(found["figures"].get(name), found["deviations"].get(name))
            rows.append(
                dict(
                    means=figure.means,
                    measured=measured,
                    interval=_interval(figure, found),
                    paper=figure.show_paper(),
                    others=[figure.show(other["figures"].get(name)) for other in others],
                    better=figure.better,
                )
            )
    return rows


def _interval(figure: Figure, found: Result) -> str:
    """Return a figure's 95 % interval and samples as text, "" where it has none."""
    interval = found.get("intervals", {}).get(figure.name)
    if interval is None:
        return ""
    return f"{figures_table.between(figure, interval)}; {interval['samples']:,} samples"


def peers(one: Benchmark, methods: list[Peer]) -> Optional[dict[str, Any]]:
    """Return head and rows of what other methods reached; None where there are none."""
    if not methods:
        return None
    named = {name for peer in methods for name in peer.figures}
    columns = [figure for figure in one.peer_figures if figure.name in named]
    rows = []
    for peer in methods:
        values = shown_in(columns, peer.figures, peer.deviations)
        rows.append(dict(method=peer.method, values=values, source=peer.source))
    return dict(head=[figure.means for figure in columns], rows=rows)


def pipelines(one: Benchmark, measured: Sequence[Result]) -> Optional[dict[str, Any]]:
    """Return head and rows of the end-to-end systems; None where the paper compares none.

    The paper's rows come first, then those of the results that were measured here.
    """
    if not one.pipelines:
        return None
    named = {name for system in one.pipelines for name in system.figures}
    columns = [figure for figure in one.peer_figures if figure.name in named]
    ours = []
    for found in measured:
        ours += one.own_pipelines(found)
    rows = []
    for place, system in enumerate([*one.pipelines, *ours]):
        stages = (system.detection, system.alignment, system.descriptor, system.metric)
        values = shown_in(columns, system.figures, system.deviations)
        rows.append(dict(stages=stages, values=values, ours=place >= len(one.pipelines)))
    return dict(head=[figure.means for figure in columns], rows=rows)


def shown_in(columns: list[Figure], values: Mapping, deviations: Mapping) -> list[str]:
    """Return the cells of a row of others' figures."""
    return [figure.show(values.get(figure.name), deviations.get(figure.name)) for figure in columns]
