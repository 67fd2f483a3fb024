"""The lines of a video: each face has the number of its person, and all of a person the medians.

The medians are known when the video has ended, so until then the lines wait in a temporary file.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from typing import Any

from allinone import record
from allinone.analysis import outputs
from allinone.analysis.settings import LINES, Settings
from allinone.errors import writing
from allinone.face import ANSWERS, Face, rounded
from allinone.tracking import MEDIANS, Tracker


class PeopleLines:
    """The lines of a video in the making."""

    def __init__(self, source: str, descriptor: str, waiting: Any) -> None:
        """Begin; descriptor: as settings have it; waiting: an empty file of bytes."""
        self.source, self.descriptor, self.waiting = source, descriptor, waiting
        self.tracker = Tracker()

    def add(self, faces: Sequence[Face], frame: int, seconds: float) -> list[int]:
        """Add the faces of a frame; return the numbers of their people."""
        numbers = self.tracker.follow(faces, seconds)
        where = dict(frame=frame, time=round(seconds, 3))
        lines = outputs.lines_of(faces, self.descriptor, self.source, numbers, **where)
        self.waiting.write(lines.encode())
        return numbers

    def write_to(self, stream) -> None:
        """Write the lines of all frames, with the medians of each person."""
        self.waiting.seek(0)
        for place, text in enumerate(self.waiting, 1):
            face = record.parse(text, self.source, place, labels=False)
            medians = {} if face.number is None else self.tracker.medians(face.number)
            for task in MEDIANS:
                if task.field in medians:
                    value = rounded(medians[task.field], ANSWERS[task.kind][1])
                    setattr(face, task.field, value)
            stream.write(record.to_line(face))


@contextlib.contextmanager
def people_lines(source: str, settings: Settings) -> Iterator[PeopleLines]:
    """Give the lines of a video, to be filled; what waits is removed at the end, however it ends.

    OutputError where there is no room for what waits.
    """
    folder = settings.out if os.path.isdir(settings.out) else None  # a worker of a cluster
    path = os.path.join(settings.out, LINES)
    with writing(path, path), tempfile.TemporaryFile(dir=folder) as waiting:
        yield PeopleLines(source, settings.descriptor, waiting)
