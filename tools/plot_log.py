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
from matplotlib import pyplot  # noqa: E402  (the backend must be chosen before)


def read_log(path):
    """Return (iterations (n,), {task: losses (n,)}) of a log."""
    if not os.path.isfile(path):
        raise InputError(f"{path}: no such training log; train first")
    with open(path, encoding="utf-8") as stream:
        lines = [json.loads(line) for line in stream]
    if not lines:
        raise InputError(f"{path}: the log has no line yet; train first")
    return np.array([line["iteration"] for line in lines]), {
        name: np.array([line["loss"][name] for line in lines]) for name in lines[0]["loss"]}


def plot(log, png):
    """Write the curves: every iteration in grey, the running mean in blue."""
    iterations, losses = read_log(log)
    figure, axes = pyplot.subplots(2, (len(losses) + 1) // 2, figsize=(13, 5.2), constrained_layout=True)
    window = max(1, len(iterations) // 25)
    for axis, (name, values) in zip(axes.ravel(), losses.items()):
        axis.plot(iterations, values, color="0.8", linewidth=0.7)
        if len(values) >= window:
            axis.plot(iterations[window - 1:], np.convolve(values, np.ones(window) / window, "valid"), color="tab:blue")
        axis.set_title(name)
        axis.set_ylim(0, np.percentile(values, 98) * 1.1 + 1e-9)
        axis.grid(alpha=0.3)
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
