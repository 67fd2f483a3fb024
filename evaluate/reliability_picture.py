"""The reliability diagrams of a model's probabilities as one picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from allinone import files

COLUMNS, SIDE = 3, 3.2  # diagrams in a row; inches


def draw(path: str, diagrams: Mapping[str, Mapping[str, Any]]) -> None:
    """Write a PNG of diagrams, {name: of evaluate.curves.reliability}, each beside the diagonal."""
    from matplotlib.figure import Figure  # here: importing it takes a second

    rows = -(-len(diagrams) // COLUMNS)
    figure = Figure(figsize=(SIDE * min(COLUMNS, len(diagrams)), SIDE * rows), layout="constrained")
    axes = figure.subplots(rows, min(COLUMNS, len(diagrams)), squeeze=False).ravel()
    for axis, (name, one) in zip(axes, diagrams.items()):
        axis.plot([0, 1], [0, 1], color="0.7", linewidth=1)
        axis.plot(one["x"], one["y"], "o-", color="#0b62a8", markersize=4)
        axis.set(xlim=(0, 1.02), ylim=(0, 1.02), xlabel=one["xlabel"], ylabel=one["ylabel"])
        axis.set_title(f"{name} {one['value']:.1f} %", fontsize=8)
        axis.grid(alpha=0.3)
    for axis in axes[len(diagrams) :]:
        axis.set_visible(False)
    with files.replacing(path, "wb") as stream:
        figure.savefig(stream, format="png", dpi=90)
