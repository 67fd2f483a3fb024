"""The curves of a training log: a small plot for each task."""

from __future__ import annotations

import os

import numpy as np

from allinone import files, reading
from allinone.errors import InputError
from tools.training.log import AGAIN, Entry

CURVES = "curves.png"  # of a run


def read_log(path: str) -> tuple[dict, dict]:
    """Return the losses and the held-out figures of a log.

    That is {task: (iterations, losses)} and {task: (iterations, metric, values)}. InputError where
    there is no log, or nothing in it.
    """
    if not os.path.isfile(path):
        raise InputError(f"{path}: no such training log; train first")
    entries = list(reading.json_lines(path, AGAIN, Entry))
    losses = [entry for entry in entries if "loss" in entry]
    held_out = [entry for entry in entries if "validation" in entry]
    if not losses:
        raise InputError(f"{path}: the log has no line yet; train first")
    curves = {}
    for task in losses[0]["loss"]:
        curves[task] = iterations_of(losses), _column(losses, ("loss", task), path)
    figures = {}
    for task in dict.fromkeys(task for entry in held_out for task in entry["validation"]):
        # What is validated on may have changed meanwhile, and have had no such label.
        some = [entry for entry in held_out if task in entry["validation"]]
        for metric in list(some[0]["validation"][task])[:1]:  # others stand in the log alone
            values = _column(some, ("validation", task, metric), path)
            figures[task] = iterations_of(some), metric, values
    return curves, figures


def _column(entries: list[Entry], keys: tuple[str, ...], path: str) -> np.ndarray:
    """Return one number of each entry; InputError where one lacks it."""
    values = []
    for entry in entries:
        found = entry
        for key in keys:
            if key not in found:
                raise InputError(
                    f"{path}: no {' '.join(keys)} at iteration {entry['iteration']}; {AGAIN}"
                )
            found = found[key]
        values.append(found)
    return np.array(values)


def iterations_of(entries: list[Entry]) -> np.ndarray:
    """Return the iterations of some entries of a log."""
    return np.array([entry["iteration"] for entry in entries])


def plot(log: str, png: str) -> None:
    """Draw a log: the losses in grey, their running mean in blue, held-out figures in orange."""
    from matplotlib.figure import Figure  # here: importing it takes a second

    losses, held_out = read_log(log)
    rows = 1 if len(losses) == 1 else 2
    columns = -(-len(losses) // rows)
    width, height = 3.4 * columns, 2.7 * rows
    figure = Figure(figsize=(width, height))
    # In inches: a layout that is found by drawing takes as long as the drawing itself.
    figure.subplots_adjust(
        left=0.45 / width,
        right=1 - 0.55 / width,
        bottom=0.5 / height,
        top=1 - 0.3 / height,
        wspace=0.4,
        hspace=0.25,
    )
    axes = figure.subplots(rows, columns, squeeze=False)
    for axis, (task, curve) in zip(axes.ravel(), losses.items()):
        draw_losses(axis, task, *curve)
        if task in held_out:
            draw_figures(axis, *held_out[task])
    for axis in axes.ravel()[len(losses) :]:
        axis.set_visible(False)
    for axis in axes[-1]:
        axis.set_xlabel("iteration")
    with files.replacing(png, "wb") as stream:
        figure.savefig(stream, format="png", dpi=80)


def draw_losses(axis, task: str, iterations: np.ndarray, values: np.ndarray) -> None:
    """Draw the loss of every iteration and its running mean."""
    window = max(1, len(iterations) // 25)
    mean = np.convolve(values, np.ones(window) / window, "valid")
    axis.plot(iterations, values, color="0.8", linewidth=0.7)
    axis.plot(iterations[window - 1 :], mean, color="tab:blue")
    axis.set_ylim(0, np.percentile(values, 98) * 1.1 + 1e-9)
    axis.set_title(task, loc="left")
    axis.grid(alpha=0.3)
    axis.locator_params(nbins=5)


def draw_figures(axis, iterations: np.ndarray, metric: str, values: np.ndarray) -> None:
    """Draw the figure on held-out faces on a scale of its own, at the right."""
    right = axis.twinx()
    right.plot(iterations, values, "o-", color="tab:orange", markersize=3, linewidth=1)
    title = f"held out: {metric} {values[-1]:.3g}"
    right.set_title(title, loc="right", color="tab:orange", fontsize=9)
    right.locator_params(nbins=5)
    right.tick_params(axis="y", colors="tab:orange", labelsize=8)
