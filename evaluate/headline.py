"""The table of results: one figure of each task, as allinone.tasks has it, beside chance."""

from __future__ import annotations

from collections.abc import Sequence

from allinone import tasks

HEAD = ("task", "figure", "measured", "chance", "better")


def measured(results: dict) -> list[tasks.Task]:
    """Return the tasks that have their figure in results, in the table's order."""
    return [task for task in tasks.TASKS if task.figure.metric in results.get(task.name, {})]


def only_headlines(results: dict) -> dict[str, dict[str, float]]:
    """Return {task: {metric: value}} of the one figure of each task."""
    found = {}
    for task in measured(results):
        found[task.name] = {task.figure.metric: results[task.name][task.figure.metric]}
    return found


def table(results: dict, chance: dict) -> list[tuple[str, ...]]:
    """Return rows of text, a head first: task, figure, measured, chance, which way is better."""
    rows = [HEAD]
    for task in measured(results):
        figure = task.figure
        values = [figure.show(some[task.name][figure.metric]) for some in (results, chance)]
        rows.append((task.name, figure.means, *values, "higher" if figure.higher else "lower"))
    return rows


def left_out(results: dict) -> str:
    """Return a sentence that names the tasks without a figure, "" where there are none."""
    missing = [task.name for task in tasks.TASKS if task not in measured(results)]
    return f"Not measured, as no record has the label: {', '.join(missing)}" if missing else ""


def text_table(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as aligned text."""
    widths = [0] * len(rows[0])
    for row in rows:
        widths = [max(width, len(cell)) for width, cell in zip(widths, row)]
    lines = []
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
