"""log.jsonl and TensorBoard's events of a run."""

from __future__ import annotations

import json
import os
from typing import TypedDict

from allinone import files, reading
from allinone.errors import writing
from tools.training.events import Events

AGAIN = "delete the line, or train again"
LOG = "log.jsonl"  # of a run
EVENTS_EVERY = 10  # iterations between TensorBoard's points
FIRST = 20  # our choice: iterations whose losses a later one is compared with


class _Numbered(TypedDict):
    iteration: int


class Entry(_Numbered, total=False):
    """A line of the log."""

    loss: dict[str, float]
    validation: dict[str, dict[str, float]]


class Log:
    """The log of a run, without what was written after the iteration that it resumes at."""

    def __init__(self, out: str, start: int) -> None:
        """Open the log of the run in `out`; start: iterations that are done."""
        self.path = os.path.join(out, LOG)
        entries = self._entries_until(start)
        with files.replacing(self.path) as stream:
            stream.writelines(json.dumps(entry) + "\n" for entry in entries)
        self.first = [entry["loss"] for entry in entries if "loss" in entry][:FIRST]
        self.stream = open(self.path, "a", encoding="utf-8")
        self.events = Events(out, start)

    def _entries_until(self, iteration):
        if not os.path.isfile(self.path):
            return []
        files.whole_lines(self.path)
        whole = reading.json_lines(self.path, AGAIN, Entry)
        return [entry for entry in whole if entry["iteration"] <= iteration]

    def losses(self, iteration: int, losses: dict[str, float]) -> None:
        """Write the losses of an iteration."""
        if len(self.first) < FIRST:
            self.first.append(losses)
        rounded = {name: round(value, 6) for name, value in losses.items()}
        self._write(iteration=iteration, loss=rounded)
        if iteration % EVENTS_EVERY == 0:
            for name, value in losses.items():
                self.events.add(f"loss/{name}", value, iteration)

    def figures(self, iteration: int, figures: dict[str, dict[str, float]]) -> None:
        """Write the figures of a validation, {task: {metric: value}}."""
        self._write(iteration=iteration, validation=figures)
        for task, metrics in figures.items():
            for metric, value in metrics.items():
                self.events.add(f"validation/{task}_{metric}", value, iteration)

    def _write(self, **entry):
        with writing(self.path):
            self.stream.write(json.dumps(entry) + "\n")

    def flush(self) -> None:
        """Bring all to the disk: before a snapshot, which the log must not lag behind."""
        with writing(self.path):
            self.stream.flush()
        self.events.flush()

    def close(self) -> None:
        """End both files."""
        try:
            with writing(self.path):
                self.stream.close()
        finally:
            self.events.close()
