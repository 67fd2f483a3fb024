"""CPU time of whole pictures on one core: few faces, crowds, large pictures, a video.

All of them are made of a photograph that scikit-image ships, of one face; in a crowd it is repeated
at a size that is said.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from skimage import data

from allinone import engines
from allinone.analyzer import FaceAnalyzer
from tools.timing.clock import Part, median_seconds

REPEATS = 5
HEAD = (110, 0, 340, 230)  # x1, y1, x2, y2 of the face with hair and shoulders in the photograph
FRAMES = 16  # of the video


@dataclass(frozen=True)
class Case:
    """Pictures that are analyzed together, and what they are called."""

    name: str
    images: Sequence[np.ndarray]


def photograph() -> np.ndarray:
    """Return the photograph, BGR uint8 (512, 512, 3)."""
    return cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR)


def crowd(columns: int, rows: int, side: int) -> np.ndarray:
    """Return a picture of columns times rows heads, each of `side` pixels; half of it is face."""
    x1, y1, x2, y2 = HEAD
    head = cv2.resize(photograph()[y1:y2, x1:x2], (side, side), interpolation=cv2.INTER_AREA)
    return np.tile(head, (rows, columns, 1))


def beside(columns: int) -> np.ndarray:
    """Return a picture of 640x480 with some heads of 100 pixels in a row, no face elsewhere."""
    canvas = cv2.resize(photograph()[300:], (640, 480), interpolation=cv2.INTER_AREA)
    if columns:
        canvas[:100, : 100 * columns] = crowd(columns, 1, 100)
    return canvas


def video() -> list[np.ndarray]:
    """Return frames of 640x480 with one face that moves by 2 pixels a frame."""
    large = cv2.resize(photograph(), (720, 720), interpolation=cv2.INTER_AREA)
    return [np.ascontiguousarray(large[:480, 2 * n : 2 * n + 640]) for n in range(FRAMES)]


def cases() -> list[Case]:
    """Return what is timed."""
    large = cv2.resize(photograph(), (4000, 3000), interpolation=cv2.INTER_CUBIC)
    square = cv2.resize(photograph(), (640, 640), interpolation=cv2.INTER_CUBIC)
    return [
        Case("640x640, one face", [square]),
        Case("640x480, no face", [beside(0)]),
        Case("640x480, 1 face of 50 px", [beside(1)]),
        Case("640x480, 6 faces of 50 px", [beside(6)]),
        Case("1280x1067, 30 faces", [crowd(6, 5, 213)]),
        Case("1280x960, 300 faces of 32 px", [crowd(20, 15, 64)]),
        Case("12 megapixels, one face", [large]),
        Case("640x480 video, a frame", video()),
    ]


def cpu_seconds(work: Callable[[], object]) -> float:
    """Return the median CPU seconds, of all threads, that a call takes."""
    work()
    taken = []
    for _ in range(REPEATS):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return statistics.median(taken)


def search(model: str) -> Part:
    """Time all cases on the engines that can run a model."""
    rows, figures = [], {}
    for engine in engines_of():
        analyzer = FaceAnalyzer(model, engine, "cpu")
        for case in cases():
            found = analyzer.analyze_many(case.images)
            taken = cpu_seconds(partial(analyzer.analyze_many, case.images)) / len(case.images)
            faces, name = sum(map(len, found)) / len(found), f"{case.name}, {engine}"
            rows.append((name, f"{taken:.3f} s", f"{faces:g} faces found"))
            figures[name] = dict(seconds=taken, faces=faces)
    return Part(rows, dict(pictures=figures))


def engines_of() -> list[str]:
    """Return the engines for a CPU that are installed."""
    return [engines.OPENCV] + ([engines.ONNX] if engines.onnxruntime_providers() else [])


def frame_rate(model: str) -> float:
    """Return the frames of the video that this process analyzes in a second, one by one."""
    frames, rates = video(), []
    for engine in engines_of():
        analyzer = FaceAnalyzer(model, engine, "cpu")
        taken = median_seconds(partial(list, map(analyzer.analyze, frames)), REPEATS)
        rates.append(len(frames) / taken)
    return max(rates)
