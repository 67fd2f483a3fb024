"""CPU time of whole pictures on one core: few faces, crowds, large pictures, a video.

All of them are made of a photograph that scikit-image ships, of one face; in a crowd it is repeated
at a size that is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from skimage import data

from allinone import engines
from allinone.analyzer import FaceAnalyzer
from allinone.searching import DENSE
from tools.timing.clock import Part, cpu_by_turns, median_seconds

REPEATS = 5
HEAD = (110, 0, 340, 230)  # x1, y1, x2, y2 of the face with hair and shoulders in the photograph
FRAMES = 16  # of the video
# Names of pictures.
USUAL, ONE, SIX = "640x640, one face", "640x480, 1 face of 50 px", "640x480, 6 faces of 50 px"
CROWD, MANY = "1280x1067, 30 faces", "1280x960, 300 faces of 32 px"
LARGE, VIDEO = "12 megapixels, one face", "640x480 video, a frame"
RATED = (CROWD, LARGE, VIDEO)  # of which pictures a second are counted


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
        Case(USUAL, [square]),
        Case("640x480, no face", [beside(0)]),
        Case(ONE, [beside(1)]),
        Case(SIX, [beside(6)]),
        Case(CROWD, [crowd(6, 5, 213)]),
        Case(MANY, [crowd(20, 15, 64)]),
        Case(LARGE, [large]),
        Case(VIDEO, video()),
    ]


def search(model: str) -> Part:
    """Time all cases on the engines that can run a model, by turns."""
    rows, figures = [], {}
    analyzers = {one: FaceAnalyzer(model, one, "cpu") for one in engines.usual_on_cpu()}
    for case in cases():
        works = [partial(one.analyze_many, case.images) for one in analyzers.values()]
        taken = cpu_by_turns(*works, rounds=REPEATS)
        for engine, work, seconds in zip(analyzers, works, taken):
            found, name = work(), f"{case.name}, {engine}"
            each, faces = seconds / len(found), sum(map(len, found)) / len(found)
            rows.append((name, f"{each:.3f} s", f"{faces:g} faces found"))
            figures[name] = dict(seconds=each, faces=faces)
    part = beside_before(model)
    more = one_more_face(figures, engines.fastest())
    return Part([*rows, *more.rows, *part.rows], dict(pictures=figures, **part.figures))


def one_more_face(figures: dict[str, dict[str, float]], engine: str) -> Part:
    """Return what each further face takes, by the pictures with ONE and with SIX."""
    one, six = (figures[f"{name}, {engine}"] for name in (ONE, SIX))
    each = (six["seconds"] - one["seconds"]) / (six["faces"] - one["faces"])
    return Part([("each further face", f"{each:.3f} s", engine)], dict(further_face=each))


def beside_before(model: str) -> Part:
    """Time a picture with the usual search and with the dense one of before, by turns."""
    image, engine = named(USUAL)[0], engines.fastest()
    ways = [FaceAnalyzer(model, engine, "cpu", way) for way in (None, DENSE)]
    works = [partial(way.analyze, image) for way in ways]
    now, before = cpu_by_turns(*works, rounds=REPEATS)
    row = (f"{USUAL}, {engine}, dense", f"{before:.3f} s", f"{before / now:.1f} times as long")
    return Part([row], dict(dense_seconds=before, times_dense=before / now))


def named(name: str) -> Sequence[np.ndarray]:
    """Return the pictures of a case."""
    return next(case.images for case in cases() if case.name == name)


def rates(model: str) -> dict[str, float]:
    """Return {name: pictures that this process analyzes in a second, one by one} of RATED."""
    analyzer, found = FaceAnalyzer(model, engines.fastest(), "cpu"), {}
    for name in RATED:
        images = named(name)

        def one_by_one(images=images):
            for image in images:
                analyzer.analyze(image)

        found[name] = len(images) / median_seconds(one_by_one, REPEATS)
    return found
