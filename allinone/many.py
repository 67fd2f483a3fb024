"""Many pictures in several processes, each of which has an analyzer of its own."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Optional

from allinone.analyzer import FaceAnalyzer
from allinone.errors import InputError
from allinone.face import Face
from allinone.parallel import in_order

CHUNK = 4  # our choice: pictures that a process is given at once


class Analyzed(NamedTuple):
    """What was found in a picture."""

    path: str
    faces: list[Face]  # best first
    error: Optional[str]  # why the picture cannot be analyzed; None where it was


@dataclass(frozen=True)
class _Work:
    """What each process does with some pictures."""

    settings: tuple[tuple[str, object], ...]  # arguments of FaceAnalyzer by name
    score: float | None
    clip: bool

    def __call__(self, paths: list[str]) -> Iterator[Analyzed]:
        analyzer = _opened(self.settings)
        for path in paths:
            try:
                found = analyzer.analyze(path, score=self.score, clip=self.clip)
                yield Analyzed(path, found, None)
            except (InputError, MemoryError) as error:
                yield Analyzed(path, [], str(error) or f"{path}: no memory for it; scale it down")


@functools.lru_cache(maxsize=1)
def _opened(settings) -> FaceAnalyzer:
    """Return the analyzer of a process, which opens it once."""
    return FaceAnalyzer(**dict(settings))


def analyze_files(
    paths: Iterable[str | os.PathLike],
    workers: int | None = None,
    score: float | None = None,
    clip: bool = False,
    **settings,
) -> Iterator[Analyzed]:
    """Yield what is found in each picture, in the order of the paths, as soon as it is there.

    workers: processes, default one a core; score, clip: as for FaceAnalyzer.analyze; settings: as
    for FaceAnalyzer. Paths are taken as results are asked for, so that memory stays flat however
    many there are. Each process computes with one thread. A picture that cannot be analyzed has an
    `error` and stops no other. InputError where the model or a setting is unfit, or where a process
    dies. The processes import the program again, so that it calls this only where its __name__ is
    "__main__".
    """
    work = _Work(tuple(settings.items()), score, clip)
    for _, found in in_order(work, map(os.fspath, paths), workers, CHUNK):
        yield found
