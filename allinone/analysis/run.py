"""One analysis: pictures and videos in, faces.jsonl and drawn pictures out, resumable."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, TypedDict

import msgspec
import numpy as np

from allinone import analyzer as analysis
from allinone import closure, draw, files, folders, reading, record
from allinone.analysis import given_boxes, inputs, outputs, table
from allinone.analysis.videos import analyze_or_refuse, partial_of
from allinone.errors import InputError
from allinone.face import Face
from allinone.growing import ITEMS, Growing
from allinone.pictures import read_image, write_image
from allinone.progress import Progress

LINES, TABLE, SETTINGS = "faces.jsonl", "faces.csv", "settings.json"
PARTIAL = f"{LINES}.partial"
CODE = ("allinone.analysis.run",)  # what decides an answer, with all it imports
DRAWN = "drawn"  # in the settings: names of all drawings that stand in the folder
KIND = folders.Kind(
    "analysis",
    holds=(LINES, PARTIAL, f"{PARTIAL}{ITEMS}", TABLE, SETTINGS),
    proofs={SETTINGS: frozenset({"inputs", "model_files", "without_pictures"})},
)


@dataclass(frozen=True)
class Settings:
    """What is asked of an analysis."""

    inputs: Sequence[str]  # pictures, folders, patterns, videos, numbers of cameras
    out: str  # folder for the results
    model: str | None = None  # folder of a fused model; None: the one that comes with the kit
    stage1: str | None = None  # folder of the model that finds faces; None: the same one
    score: float | None = None  # least detection score; None: the model's own
    proposals: str | None = None  # of FaceAnalyzer
    boxes: str | None = None  # file of boxes to describe instead of searching
    smallest: float | None = None  # least height of a face that is looked for, in pixels
    engine: str | None = None  # None: the fastest that is installed
    gpu: str = ""
    batch: int = 4  # pictures that share calls of the net
    every: int = 1  # videos: look at every n-th frame
    descriptor: str = ""  # raw, unit or "": none
    csv: bool = False  # write a table too
    without_pictures: bool = False  # draw nothing


@dataclass(frozen=True)
class Finder:
    """Finds the faces of pictures or, where boxes are given, describes the faces in them."""

    analyzer: analysis.FaceAnalyzer
    score: float | None = None  # least detection score; None: the model's own
    boxes: dict[str, list[list[float]]] | None = None  # {absolute path of a picture: its boxes}

    def __call__(self, paths: Sequence[str], images: Sequence[np.ndarray]) -> list[list[Face]]:
        """Return the faces of each picture."""
        if self.boxes is None:
            return self.analyzer.analyze_many(images, self.score)
        some = [self.boxes.get(os.path.abspath(path), []) for path in paths]
        return [self.analyzer.analyze(image, boxes=boxes) for image, boxes in zip(images, some)]


def finder(settings: Settings, analyzer: analysis.FaceAnalyzer, wanted: Sequence[str]) -> Finder:
    """Return what finds the faces of pictures.

    InputError where the file of boxes names none of the wanted pictures.
    """
    if not settings.boxes:
        return Finder(analyzer, settings.score)
    given = given_boxes.read(settings.boxes)
    if not any(os.path.abspath(path) in given for path in wanted):
        raise InputError(
            f"{settings.boxes}: no line with a box names one of these pictures; paths are relative "
            "to the file or to the working directory"
        )
    _say_what_fits_nothing(settings.boxes, given, wanted)
    return Finder(analyzer, boxes=given)


def _say_what_fits_nothing(file: str, given: Collection[str], wanted: Sequence[str]) -> None:
    """Print how many pictures only the file of boxes names, and how many it does not name."""
    paths = {os.path.abspath(path): path for path in wanted}
    foreign = [path for path in given if path not in paths]
    unnamed = [path for place, path in paths.items() if place not in given]
    if foreign:
        words = f"{file}: names {len(foreign)} pictures that are not analyzed, such as {foreign[0]}"
        print(f"  {words}", file=sys.stderr)
    if unnamed:
        words = f"{file}: has no line of {len(unnamed)} pictures, such as {unnamed[0]}"
        print(f"  {words}; no face is described in them", file=sys.stderr)


def _read(paths: Sequence[str]) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Return ({path: picture}, {path: why it cannot be read})."""
    images, refused = {}, {}
    for path in paths:
        try:
            images[path] = read_image(path)
        except (InputError, MemoryError) as error:
            _refuse(refused, path, str(error) or f"{path}: no memory for it; scale it down")
    return images, refused


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
            _refuse(refused, path, f"{path}: {error or 'no memory for it; scale it down'}")
    return found


def _refuse(refused: dict[str, str], path: str, why: str) -> None:
    refused[path] = why
    Progress.write(f"  error: {why}", file=sys.stderr)


def analyze_pictures(
    find: Finder, left: Sequence[str], names: dict[str, str], growing: Growing, settings: Settings
) -> None:
    """Write the lines, and the drawings, of pictures; names: {picture: name of its drawing}."""
    progress = Progress("pictures", len(left))
    for start in range(0, len(left), settings.batch):
        some = left[start : start + settings.batch]
        images, refused = _read(some)
        found = _found(find, images, refused)
        for path in some:
            if path in refused:
                growing.write(record.to_line(record.FaceRecord(path, error=refused[path])))
            else:
                if not settings.without_pictures:
                    drawn = draw.results(images[path], found[path])
                    write_image(os.path.join(settings.out, names[path]), drawn)
                growing.write(outputs.lines_of(found[path], settings.descriptor, path))
            growing.end_item()
        progress.step(len(some))


class _Drawings(TypedDict, total=False):
    """Of a settings.json: names of drawings."""

    drawn: list[str]


def drawn_before(out: str) -> list[str]:
    """Return the names of the drawings that analyses have left in a folder.

    InputError where its settings.json is damaged.
    """
    if not folders.is_own(out, KIND):
        return []
    return reading.read_json(os.path.join(out, SETTINGS), "delete it", _Drawings).get(DRAWN, [])


def begun_with(
    settings: Settings, model_files: list[dict[str, str]], wanted: Sequence[str]
) -> dict[str, Any]:
    """Return all that decides the bytes of the lines, as plain types.

    model_files: {file: sha256} of the model of each stage; wanted: pictures and videos in order.
    How many pictures share a call moves last digits in Caffe. The table decides nothing.
    """
    about = asdict(settings)
    del about["csv"]
    about["model_files"] = model_files
    about["boxes_sha256"] = files.sha256(settings.boxes) if settings.boxes else ""
    about["inputs_sha256"] = inputs.hash_of(wanted)
    about["code"] = closure.hash_of(CODE)
    return msgspec.to_builtins(about)


def go_on(
    settings: Settings, about: dict[str, Any], pictures: int, drawn: Collection[str] = ()
) -> Growing:
    """Return the unfinished lines, with what a stopped run of the same settings has left in them.

    drawn: names of the drawings, of before as well. Pictures that share a call are done again
    together, so that all ends in the same bytes.
    """
    folders.claim(settings.out, KIND)
    path = os.path.join(settings.out, SETTINGS)
    files.write_json(path, {**about, DRAWN: sorted(drawn)})
    growing = Growing(os.path.join(settings.out, PARTIAL), None, about)
    if growing.done < pictures:
        growing.keep(growing.done - growing.done % settings.batch)
    return growing


def run(settings: Settings) -> tuple[int, int]:
    """Analyze what the settings ask for; return (inputs, how many could not be read).

    Leaves faces.jsonl, and the drawings and the table that are asked for, in the folder `out`.
    """
    if settings.boxes:
        for name in (LINES, TABLE, SETTINGS):
            folders.refuse_inputs(os.path.join(settings.out, name), [settings.boxes])
    with folders.only_one(settings.out):
        return _run(settings)


def _run(settings):
    earlier = drawn_before(settings.out)
    pictures, videos = inputs.expand(settings.inputs)
    asked = set(settings.inputs)
    pictures = outputs.without_drawings(pictures, asked, settings.out, earlier)
    videos = outputs.without_drawings(videos, asked, settings.out, earlier)
    names = outputs.drawn_names(pictures, videos, settings.out, earlier)
    if not (pictures or videos):
        raise InputError(
            f"{', '.join(settings.inputs)}: no picture but the drawings of an earlier analysis; "
            "name pictures"
        )
    drawn = [] if settings.without_pictures else names.values()
    analyzer = _analyzer(settings)
    settings = replace(settings, engine=analyzer.engine)
    models = analyzer.backend.model, analyzer.describer.model
    find = finder(settings, analyzer, [*pictures, *videos])
    for name in earlier:  # what a dead process has left
        with contextlib.suppress(OSError):  # most of them are no videos, or have long names
            os.remove(partial_of(os.path.join(settings.out, name)))
    about = begun_with(settings, [one.about.files for one in models], [*pictures, *videos])
    with go_on(settings, about, len(pictures), {*earlier, *drawn}) as growing:
        done = growing.done
        analyze_pictures(find, pictures[done:], names, growing, settings)
        for source in videos[max(0, done - len(pictures)) :]:
            analyze_or_refuse(find, source, names[source], growing, settings)
            growing.end_item()
    lines, partial = (os.path.join(settings.out, name) for name in (LINES, PARTIAL))
    os.replace(partial, lines)
    os.remove(f"{partial}{ITEMS}")
    errors = sum(face.error is not None for face in record.read_results(lines))
    place = os.path.join(settings.out, TABLE)
    if settings.csv or os.path.exists(place):  # that of an earlier analysis would say other things
        table.write(lines, place)
    return len(pictures) + len(videos), errors


def _analyzer(settings):
    """Return the analyzer, and print what it is."""
    analyzer = analysis.FaceAnalyzer(
        settings.model,
        settings.engine,
        settings.gpu or "cpu",
        settings.proposals,
        settings.smallest,
        settings.stage1,
    )
    print(analyzer, flush=True)
    return analyzer
