"""TensorBoard's events of a run.

They are written in this thread and at once, by tensorboardX's own writer of files: its
SummaryWriter writes in another thread, where a full disk ends in a traceback, and in waiting.
"""

from __future__ import annotations

import os
import time

from tensorboardX.event_file_writer import EventsWriter
from tensorboardX.proto.event_pb2 import Event, SessionLog
from tensorboardX.summary import scalar

from allinone.errors import writing

FOLDER = "tensorboard"  # of a run


class Events:
    """A new file of events; what older files say of later iterations counts no more."""

    def __init__(self, run: str, start: int) -> None:
        """Begin the file in the folder of a run; start: iterations that are done."""
        self.folder = os.path.join(run, FOLDER)
        with writing(self.folder):
            os.makedirs(self.folder, exist_ok=True)
            self.writer = EventsWriter(os.path.join(self.folder, "events"))
        self._write(step=start + 1, session_log=SessionLog(status=SessionLog.START))

    def add(self, name: str, value: float, iteration: int) -> None:
        """Write a point of a curve."""
        self._write(step=iteration, summary=scalar(name, value))

    def _write(self, **event):
        with writing(self.folder):
            self.writer.write_event(Event(wall_time=time.time(), **event))

    def flush(self) -> None:
        """Bring all to the disk."""
        with writing(self.folder):
            self.writer.flush()

    def close(self) -> None:
        """End the file."""
        with writing(self.folder):
            self.writer.close()
