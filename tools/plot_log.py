"""Draw the loss curves of a training log: one small plot per task.

python -m tools.plot_log out/demo/train/log.jsonl out/demo/train/curves.png
"""

import argparse
import json
import os
import sys

import matplotlib
import numpy as np

from allinone import files
from allinone.errors import InputError, command

matplotlib.use("Agg")
from matplotlib import pyplot


def read_log(path):
    """Return ({task: (iterations, losses)}, {task: (iterations, metric, values)}) of a log: the latter on held-out faces."""
    if not os.path.isfile(path):
        raise InputError(f"{path}: no such training log; train first")
    with open(path, encoding="utf-8") as stream:
        lines = [json.loads(line) for line in stream]
    losses, held_out = (
        [line for line in lines if "loss" in line],
        [line for line in lines if "validation" in line],
    )
    if not losses:
        raise InputError(f"{path}: the log has no line yet; train first")
    where = lambda entries: np.array([entry["iteration"] for entry in entries])
    figures = {
        task: (
            where(held_out),
            metric,
            np.array([line["validation"][task][metric] for line in held_out]),
        )
        for task, metrics in (held_out[0]["validation"] if held_out else {}).items()
        for metric in metrics
    }
    return {
        task: (where(losses), np.array([line["loss"][task] for line in losses]))
        for task in losses[0]["loss"]
    }, figures


def plot(log, png):
    """Write the curves: the loss of every iteration in grey, its running mean in blue, the figure on held-out faces in orange."""
    losses, held_out = read_log(log)
    rows = 1 if len(losses) == 1 else 2
    columns = -(-len(losses) // rows)
    figure, axes = pyplot.subplots(
        rows, columns, figsize=(3.4 * columns, 2.7 * rows), constrained_layout=True, squeeze=False
    )
    for axis, (task, (iterations, values)) in zip(axes.ravel(), losses.items()):
        window = max(1, len(iterations) // 25)
        axis.plot(iterations, values, color="0.8", linewidth=0.7)
        axis.plot(
            iterations[window - 1 :],
            np.convolve(values, np.ones(window) / window, "valid"),
            color="tab:blue",
        )
        axis.set_ylim(0, np.percentile(values, 98) * 1.1 + 1e-9)
        axis.set_title(task, loc="left")
        axis.grid(alpha=0.3)
        if task in held_out:
            places, metric, figures = held_out[task]
            right = axis.twinx()
            right.plot(places, figures, "o-", color="tab:orange", markersize=3, linewidth=1)
            right.set_title(
                f"held out: {metric} {figures[-1]:.3g}", loc="right", color="tab:orange", fontsize=9
            )
            right.tick_params(axis="y", colors="tab:orange", labelsize=8)
    for axis in axes.ravel()[len(losses) :]:
        axis.set_visible(False)
    for axis in axes[-1]:
        axis.set_xlabel("iteration")
    with files.replacing(png, "wb") as stream:
        figure.savefig(stream, format="png", dpi=80)
    pyplot.close(figure)


@command
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("log")
    parser.add_argument("png")
    args = parser.parse_args(argv)
    plot(args.log, args.png)


if __name__ == "__main__":
    sys.exit(main())
