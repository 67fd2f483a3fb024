"""Pictures that wait for the net, and the threads that work on them, several pictures at once."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import NamedTuple, Optional

import numpy as np

from allinone import draw, pictures
from allinone.analyzer import FaceAnalyzer
from allinone.errors import InputError
from allinone.face import Face
from allinone.service.metrics import Metrics
from allinone.service.uploads import Upload

# Pictures that share calls of the net. Processor time of a picture, alone and with three others: 31
# and 23 ms at 128 x 128 pixels, 90 and 85 ms at 256 x 256, 134 and 129 ms at 512 x 512. So only
# small ones are put together.
BATCH = 4
ENOUGH = 1 << 16  # pixels of a batch, from which on no further picture joins it
ENOUGH_OF_GPU = 2_000_000  # our choice, not measured: there each call costs a start
DRAWING = "drawing.jpg"


class Analyzed(NamedTuple):
    """What was found in an uploaded picture."""

    name: str
    width: int
    height: int
    faces: list[Face]  # the best first
    drawing: Optional[bytes]  # a JPEG with the faces drawn, where it was asked for


@dataclass
class _Job:
    """A picture that waits, and the place where its answer comes."""

    upload: Upload
    score: Optional[float]  # least detection score; None: the model's own
    is_drawn: bool
    future: Future = field(default_factory=Future)


class Batches:
    """Analyzes pictures in threads of its own."""

    def __init__(
        self, analyzer: FaceAnalyzer, most_pixels: int, workers: int, metrics: Metrics
    ) -> None:
        """Take an analyzer, which the threads share; most_pixels: of a picture."""
        self.analyzer, self.most_pixels, self.metrics = analyzer, most_pixels, metrics
        self.enough = ENOUGH_OF_GPU if analyzer.backend.gpu else ENOUGH
        self.waiting: queue.SimpleQueue[Optional[_Job]] = queue.SimpleQueue()
        self.threads = [
            threading.Thread(target=self._work, name=f"analysis {number}", daemon=True)
            for number in range(workers)
        ]

    def start(self) -> None:
        """Start the threads."""
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        """End the threads when what waits is done."""
        self.waiting.put(None)
        for thread in self.threads:
            thread.join()

    def is_at_work(self) -> bool:
        """Tell whether all threads live."""
        return all(thread.is_alive() for thread in self.threads)

    async def analyze(
        self, uploads: Sequence[Upload], score: Optional[float] = None, is_drawn: bool = False
    ) -> list[Analyzed]:
        """Return what is found in pictures; InputError where one of them cannot be analyzed.

        Whatever ends the call, no picture that still waits is looked at afterwards.
        """
        jobs = [_Job(upload, score, is_drawn) for upload in uploads]
        for job in jobs:
            self.waiting.put(job)
        try:
            return await asyncio.gather(*(asyncio.wrap_future(job.future) for job in jobs))
        finally:
            for job in jobs:
                job.future.cancel()

    def _work(self) -> None:
        while together := self._next():
            self._analyze(together)

    def _next(self) -> list[tuple[_Job, np.ndarray]]:
        """Wait for a picture; return it with small ones that wait behind it; none at the end."""
        together, pixels = [], 0
        while len(together) < BATCH and pixels < self.enough:
            try:
                job = self.waiting.get(block=not together)
            except queue.Empty:
                break
            if job is None:
                self.waiting.put(None)  # the other threads end, too
                break
            image = self._decoded(job)
            if image is not None:
                together.append((job, image))
                pixels += image.shape[0] * image.shape[1]
        return together

    def _decoded(self, job: _Job) -> Optional[np.ndarray]:
        """Return the picture of a job, or None where nobody waits for it or it is none."""
        if not job.future.set_running_or_notify_cancel():
            return None
        try:
            return pictures.decode_image(job.upload.data, job.upload.name, self.most_pixels)
        except Exception as error:
            _fail(job, error)
            return None

    def _analyze(self, some: list[tuple[_Job, np.ndarray]]) -> None:
        """Answer jobs; what is wrong with one of them does not concern the others."""
        for score in {job.score for job, _ in some}:
            alike = [(job, image) for job, image in some if job.score == score]
            try:
                found = self.analyzer.analyze_many([image for _, image in alike], score)
            except Exception as error:
                if len(alike) == 1:
                    _fail(alike[0][0], error)
                else:
                    for one in alike:
                        self._analyze([one])
                continue
            self.metrics.batch(found)
            for (job, image), faces in zip(alike, found):
                _answer(job, image, faces)


def _answer(job: _Job, image: np.ndarray, faces: list[Face]) -> None:
    drawing, (height, width) = None, image.shape[:2]
    try:
        if job.is_drawn:
            drawing = pictures.encode_image(DRAWING, draw.results(image, faces))
    except Exception as error:
        _fail(job, error)
        return
    job.future.set_result(Analyzed(job.upload.name, width, height, faces, drawing))


def _fail(job: _Job, error: Exception) -> None:
    if isinstance(error, MemoryError):
        error = InputError(f"{job.upload.name}: no memory for it; scale it down")
    job.future.set_exception(error)
