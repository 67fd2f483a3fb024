"""Who works on an analysis: this process alone, several of this machine, or those of a cluster."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from allinone.analysis.settings import Settings
from allinone.analysis.videos import FrameWork, VideoWork, analyze_or_refuse
from allinone.analysis.work import Done, Given, PictureWork, Work, arguments_of
from allinone.analyzer import FaceAnalyzer
from allinone.growing import Growing
from allinone.model import VARIABLE
from allinone.own_analyzer import models_of
from allinone.parallel import Workers, elsewhere
from allinone.progress import Progress

# our choice: batches that a process is given at once, so that it reads one while its net is at work
# on another; fewer where all processes would not have SHARES of such chunks each
MOST_BATCHES, SHARES = 4, 4
CLUSTER = 16  # our choice: processes that a cluster is taken to have, for the size of a chunk


class Crew:
    """Who works on the pictures and videos of an analysis."""

    def __init__(self, settings: Settings, analyzer: FaceAnalyzer, pictures: int) -> None:
        """Take what is asked, this process's analyzer, and how many pictures there are in all.

        Of one batch of pictures, and with a GPU unless the user says so, this process works alone.
        """
        self.analyzer, self.settings = analyzer, settings
        self.workers: Workers = settings.workers
        if settings.workers is None and settings.gpu:
            self.workers = 0
        is_few = pictures <= settings.batch and not isinstance(settings.workers, str)
        self.of_pictures: Workers = 0 if is_few else self.workers
        # The environment of a cluster's workers is another one.
        named = replace(settings, model=settings.model or os.environ.get(VARIABLE) or None)
        self.known = arguments_of(named), models_of(analyzer), settings

    def analyze_pictures(self, left: Sequence[Given], growing: Growing) -> None:
        """Write the lines, and the drawings, of pictures."""
        work, batches = PictureWork(*self.known), in_batches(left, self.settings.batch)
        if self.of_pictures == 0:
            results = self._alone(work)(batches)
        else:
            chunk = _chunk_of(len(batches), self.of_pictures)
            results = _results(elsewhere(work, batches, self.of_pictures, chunk))
        write_down(results, growing, Progress("pictures", len(left)))

    def analyze_videos(self, left: Sequence[Given], growing: Growing) -> None:
        """Write the lines of videos, and draw them; a cluster's worker is given a whole one."""
        if left and isinstance(self.workers, str):
            work = VideoWork(*self.known)
            results = ([done] for done in _results(elsewhere(work, left, self.workers)))
            write_down(results, growing, Progress("videos", len(left)))
            return
        for video in left:
            work = self._alone(FrameWork(*self.known, video))
            _say(analyze_or_refuse(work, growing, self.workers))
            growing.end_item()

    def _alone(self, work: Work) -> Any:
        """Let a work use this process's analyzer."""
        work.analyzer = self.analyzer
        return work


def in_batches(given: Sequence[Given], size: int) -> list[Sequence[Given]]:
    """Return pictures in batches of a size."""
    return [given[start : start + size] for start in range(0, len(given), size)]


def _chunk_of(batches: int, workers: Workers) -> int:
    """Return how many batches a process is given at once."""
    processes = CLUSTER if isinstance(workers, str) else workers or os.cpu_count() or 1
    return max(1, min(MOST_BATCHES, batches // (SHARES * processes)))


def _results(pairs: Iterable[tuple[Any, Any]]) -> Iterator[Any]:
    return (result for _, result in pairs)


def write_down(results: Iterable[Sequence[Done]], growing: Growing, progress: Progress) -> None:
    """Write the lines of batches of pictures, and say what could not be read."""
    for some in results:
        for done in some:
            _say(done.error)
            growing.write(done.lines)
            growing.end_item()
        progress.step(len(some))


def _say(error: str) -> None:
    if error:
        Progress.write(f"  error: {error}", file=sys.stderr)
