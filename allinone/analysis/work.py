"""What a process does with pictures: it reads the next ones while its net is at work on some."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple, Optional

import numpy as np

from allinone import draw, record
from allinone.analysis import outputs
from allinone.analysis.settings import SETTINGS, Settings
from allinone.analyzer import FaceAnalyzer
from allinone.errors import InputError
from allinone.face import Face
from allinone.own_analyzer import OwnAnalyzer
from allinone.pictures import read_image, write_image

Boxes = list[list[float]]
NO_MEMORY = "no memory for it; scale it down"


class Given(NamedTuple):
    """A picture or a video that is to be analyzed."""

    path: str
    drawing: str = ""  # file name of its drawing
    boxes: Optional[Boxes] = None  # regions to describe; None: faces are searched for


class Done(NamedTuple):
    """What came of a picture or a video."""

    lines: str
    error: str = ""  # why it could not be read, or not to its end


@dataclass(frozen=True)
class Finder:
    """Finds the faces of pictures or, where boxes are given, describes the faces in them."""

    analyzer: FaceAnalyzer
    score: float | None = None  # least detection score; None: the model's own
    boxes: dict[str, Boxes] | None = None  # {path of a picture: its boxes}

    def __call__(self, paths: Sequence[str], images: Sequence[np.ndarray]) -> list[list[Face]]:
        """Return the faces of each picture."""
        if self.boxes is None:
            return self.analyzer.analyze_many(images, self.score)
        some = [self.boxes[path] for path in paths]
        return [self.analyzer.analyze(image, boxes=boxes) for image, boxes in zip(images, some)]


def arguments_of(settings: Settings) -> dict[str, Any]:
    """Return the arguments of FaceAnalyzer that settings ask for."""
    return dict(
        model_dir=settings.model,
        engine=settings.engine,
        device=settings.gpu or "cpu",
        proposals=settings.proposals,
        smallest=settings.smallest,
        stage1=settings.stage1,
    )


@dataclass
class Work(OwnAnalyzer):
    """What each process knows."""

    settings: Optional[Settings] = None

    def finder(self, some: Sequence[Given]) -> Finder:
        """Return what finds the faces of some pictures, or of a video.

        InputError where there is no folder to draw into, as there may be none for a worker of a
        cluster.
        """
        settings = self.settings
        if not settings.without_pictures and not os.path.isfile(
            os.path.join(settings.out, SETTINGS)
        ):
            raise InputError(
                f"{settings.out}: a worker does not see this folder, and cannot draw into it; "
                "choose one that all machines share, or draw nothing (--without-pictures)"
            )
        if not settings.boxes:
            return Finder(self.analyzer, settings.score)
        return Finder(self.analyzer, boxes={one.path: one.boxes or [] for one in some})


class PictureWork(Work):
    """What each process does with batches of pictures."""

    def __call__(self, batches: Iterable[Sequence[Given]]) -> Iterator[list[Done]]:
        """Yield what comes of each batch, whose pictures share calls of the net."""
        for some, images, refused in ahead(_read, batches):
            found = _found(self.finder(some), images, refused)
            yield [self._done(one, images, found, refused) for one in some]

    def _done(self, one, images, found, refused):
        """Draw a picture; return its lines."""
        if one.path in refused:
            why = refused[one.path]
            return Done(record.to_line(record.FaceRecord(one.path, error=why)), why)
        faces, settings = found[one.path], self.settings
        if not settings.without_pictures:
            drawn = draw.results(images[one.path], faces)
            write_image(os.path.join(settings.out, one.drawing), drawn)
        return Done(outputs.lines_of(faces, settings.descriptor, one.path))


def ahead(make: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
    """Yield make(item) of each item, in order; a thread makes the next one meanwhile."""
    with ThreadPoolExecutor(1) as thread:
        coming = None
        for item in items:
            ready, coming = coming, thread.submit(make, item)
            if ready:
                yield ready.result()
        if coming:
            yield coming.result()


def _read(some: Sequence[Given]) -> tuple[Sequence[Given], dict[str, np.ndarray], dict[str, str]]:
    """Return (pictures, {path: picture}, {path: why it cannot be read})."""
    images, refused = {}, {}
    for path, _, _ in some:
        try:
            images[path] = read_image(path)
        except (InputError, MemoryError) as error:
            refused[path] = str(error) or f"{path}: {NO_MEMORY}"
    return some, images, refused


def _found(find: Finder, images: dict[str, np.ndarray], refused: dict[str, str]) -> dict:
    """Return {path: faces} of pictures; those that cannot be analyzed join the refused ones."""
    try:
        return dict(zip(images, find(list(images), list(images.values())))) if images else {}
    except (InputError, MemoryError):  # of one of them
        found = {}
    for path, image in images.items():
        try:
            (found[path],) = find([path], [image])
        except (InputError, MemoryError) as error:
            refused[path] = f"{path}: {str(error) or NO_MEMORY}"
    return found
