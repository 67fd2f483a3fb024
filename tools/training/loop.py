"""The loop of a training: step, log, validate, snapshot, draw."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

from allinone import snapshots
from allinone.interrupts import noted
from allinone.progress import Progress
from tools.training import curves, divergence
from tools.training.log import Log

DRAW_EVERY = 60.0  # seconds between drawings of the curves
SMOOTH = 0.95  # of the losses that are shown


def losses_of(net) -> dict[str, float]:
    """Return {task: unweighted loss} of the latest pass."""
    losses = {}
    for name, blob in net.blobs.items():
        if "/loss_" in name:
            losses[name.split("/loss_")[1]] = blob.data.item()
    return losses


def run(
    solver,
    out: str,
    iterations: int,
    snapshot_every: int,
    validate_every: int,
    validate: Callable[[], dict],
    asked: Callable[[], AbstractContextManager[Callable[[], int]]] = noted,
) -> None:
    """Step until `iterations`; log every one, validate, snapshot and draw now and then.

    There is a snapshot at the end, and where the training is asked to stop, by Ctrl-C or by what
    asked() gives; KeyboardInterrupt after it. An iteration that is cut in two could not be resumed
    exactly. validate() returns {task: {metric: value}}.
    """
    smooth, drawn = {}, time.monotonic()
    log, progress = Log(out, solver.iter), Progress("training", iterations, done=solver.iter)
    with contextlib.closing(log), contextlib.closing(progress), asked() as stopped:
        while solver.iter < iterations:
            solver.step(1)
            losses, last = losses_of(solver.net), solver.iter == iterations
            smooth = smoothed(smooth, losses)
            divergence.check(losses, smooth, log.first or [losses], out, solver.iter)
            log.losses(solver.iter, losses)
            progress.set_postfix_str(words(smooth), refresh=False)
            progress.step()
            if last or solver.iter % validate_every == 0:
                write_figures(log, progress, solver.iter, validate())
            stop = stopped() and not last
            if stop or last or solver.iter % snapshot_every == 0:
                log.flush()
                snapshots.save(solver, out)
            if last or time.monotonic() - drawn > DRAW_EVERY:
                log.flush()
                curves.plot(log.path, os.path.join(out, curves.CURVES))
                drawn = time.monotonic()
            if stop:
                progress.write(
                    f"stopped at iteration {solver.iter}, with a snapshot; go on with --resume"
                )
                raise KeyboardInterrupt


def write_figures(log: Log, progress: Progress, iteration: int, figures: dict) -> None:
    """Log and print the figures of a validation, {task: {metric: value}}, where there are any."""
    if not figures:
        return
    log.figures(iteration, figures)
    named = {}
    for task, metrics in figures.items():
        named.update({f"{task} {metric}": value for metric, value in metrics.items()})
    progress.write(f"  held out after {iteration} iterations: {words(named)}")


def smoothed(smooth: dict[str, float], losses: dict[str, float]) -> dict[str, float]:
    """Return the running mean of losses after another iteration."""
    return {
        name: SMOOTH * smooth.get(name, loss) + (1 - SMOOTH) * loss for name, loss in losses.items()
    }


def words(values: dict[str, float]) -> str:
    """Return named numbers as text."""
    return " ".join(f"{name} {value:.3g}" for name, value in values.items())
