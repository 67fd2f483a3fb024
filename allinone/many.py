"""Many pictures in several processes, each of which has an analyzer of its own."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Optional

from allinone.analyzer import check_score
from allinone.errors import InputError
from allinone.face import Face
from allinone.own_analyzer import OwnAnalyzer
from allinone.parallel import Workers, in_order, is_cluster

CHUNK = 4  # our choice: pictures that a process is given at once


class Analyzed(NamedTuple):
    """What was found in a picture."""

    path: str
    faces: list[Face]  # best first
    error: Optional[str]  # why the picture cannot be analyzed; None where it was


@dataclass
class _Work(OwnAnalyzer):
    """What each process does with some pictures; each has one of its own."""

    score: Optional[float] = None
    clip: bool = False

    def __call__(self, paths: list[str]) -> Iterator[Analyzed]:
        analyzer = self.analyzer  # what is wrong with the model is no error of a picture
        for path in paths:
            try:
                found = analyzer.analyze(path, score=self.score, clip=self.clip)
                yield Analyzed(path, found, None)
            except (InputError, MemoryError) as error:
                yield Analyzed(path, [], str(error) or f"{path}: no memory for it; scale it down")


def _path(given: object) -> str:
    if not isinstance(given, (str, os.PathLike)):
        raise InputError(f"paths: {given!r} is no path; analyze_many takes pictures")
    return os.fspath(given)


def analyze_files(
    paths: Iterable[str | os.PathLike],
    workers: Workers = None,
    score: float | None = None,
    clip: bool = False,
    **settings,
) -> Iterator[Analyzed]:
    """Yield what is found in each picture, in the order of the paths, as soon as it is there.

    workers: processes, default one a core, or the address of a dask scheduler, whose workers do it
    (allinone.cluster); score, clip: as for FaceAnalyzer.analyze; settings: as for FaceAnalyzer.
    Paths are taken as results are asked for, so that memory stays flat however many there are. Each
    process computes with one thread; CHUNK pictures or fewer need none beside this one. A picture
    that cannot be analyzed has an `error` and stops no other. InputError where the model or a
    setting is unfit, or where a process dies. The processes import the program again, so that it
    calls this only where its __name__ is "__main__".
    """
    is_number = isinstance(workers, int) and workers > 0
    if not (workers is None or is_number or is_cluster(workers)):
        raise InputError(
            f"workers {workers!r}: must be a whole number from 1 on, or the address of a dask "
            "scheduler, such as tcp://host:8786; leave it out"
        )
    check_score(score)
    if isinstance(paths, (str, os.PathLike)):
        raise InputError(f"paths: give a list of paths, [{str(paths)!r}]")
    work = _Work(settings, None, score, clip)
    for _, found in in_order(work, map(_path, paths), workers, CHUNK):
        yield found
