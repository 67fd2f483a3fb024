"""Stop a run whose loss diverges."""

from __future__ import annotations

import numpy as np

from allinone import snapshots, tasks
from allinone.errors import InputError

# our choice: a run diverges when a smoothed loss is DIVERGED times its mean at the start, or a
# softmax loss is SATURATED: Caffe's ends at 87.
DIVERGED, SATURATED = 20, 80.0
# About what untrained nets lose (age: by eq. 6's Gaussian term, far from the truth): a trained net
# may begin with next to no loss, or with a mini-batch that has no label.
UNTRAINED = dict(softmax=0.7, euclidean=0.1, age=tasks.AGE_GAUSSIAN_WEIGHT)


class Diverged(InputError):
    """A loss diverges; the message names its task."""


def check(
    losses: dict[str, float],
    smooth: dict[str, float],
    first: list[dict[str, float]],
    run: str,
    iteration: int,
) -> None:
    """Raise Diverged, which names the task and the last good snapshot, where a loss diverges.

    losses, smooth: {task: loss} of an iteration and its running mean; first: losses at the start.
    """
    for name, loss in losses.items():
        kind = tasks.LEARNT[name].loss
        start = np.mean([entry[name] for entry in first])
        limit = DIVERGED * max(start, UNTRAINED[kind])
        if kind == "softmax":
            limit = min(limit, SATURATED)
        if not np.isfinite(loss):
            what = "is no number"
        elif smooth[name] > limit:
            what = f"diverges (from {start:.3g} to {smooth[name]:.3g})"
        else:
            continue
        raise Diverged(
            f"the loss of '{name}' {what} at iteration {iteration}; lower base_lr (--base-lr, or "
            f"allinone/schedules.py). {snapshots.last_good(run)}"
        )
