"""One analysis: pictures and videos in, faces.jsonl and drawn pictures out, resumable."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Collection, Sequence
from dataclasses import asdict, replace
from typing import Any, TypedDict

import msgspec

from allinone import closure, files, folders, reading, record
from allinone.analysis import given_boxes, inputs, outputs, table
from allinone.analysis.crew import Crew
from allinone.analysis.settings import LINES, SETTINGS, TABLE, Settings
from allinone.analysis.videos import partial_of
from allinone.analysis.work import Boxes, Given, arguments_of
from allinone.analyzer import FaceAnalyzer
from allinone.errors import InputError
from allinone.growing import ITEMS, Growing
from allinone.model import SCREEN
from allinone.own_analyzer import models_of

PARTIAL = f"{LINES}.partial"
CODE = ("allinone.analysis.run",)  # what decides an answer, with all it imports
DRAWN = "drawn"  # in the settings: names of all drawings that stand in the folder
KIND = folders.Kind(
    "analysis",
    holds=(LINES, PARTIAL, f"{PARTIAL}{ITEMS}", TABLE, SETTINGS),
    proofs={SETTINGS: frozenset({"inputs", "model_files", "without_pictures"})},
)


def boxes_of(
    settings: Settings, pictures: Sequence[str], videos: Sequence[str]
) -> dict[str, Boxes] | None:
    """Return {picture: boxes to describe} of those that a file of boxes names; None: no file.

    InputError where the file names none of the pictures and videos, or frames of these.
    """
    if not settings.boxes:
        return None
    given, wanted = given_boxes.read(settings.boxes, videos), [*pictures, *videos]
    if not any(os.path.abspath(path) in given for path in wanted):
        raise InputError(
            f"{settings.boxes}: no line with a box names one of these pictures; paths are relative "
            "to the file or to the working directory"
        )
    _say_what_fits_nothing(settings.boxes, given, wanted)
    return {path: given.get(os.path.abspath(path), []) for path in wanted}


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
    How many pictures share a call moves last digits in Caffe. The table decides nothing, nor does
    who works.
    """
    about = asdict(settings)
    del about["csv"], about["workers"]
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
    pictures, videos = _inputs(settings, earlier)
    names = outputs.drawn_names(pictures, videos, settings.out, earlier)
    drawn = [] if settings.without_pictures else names.values()
    analyzer = FaceAnalyzer(**arguments_of(settings))
    if settings.search_every > 1:
        analyzer.backend.open(SCREEN)  # by which faces are followed
    print(analyzer, flush=True)
    settings = replace(settings, engine=analyzer.engine)
    boxes = boxes_of(settings, pictures, videos)
    given = [Given(path, names[path], boxes and boxes[path]) for path in (*pictures, *videos)]
    for name in earlier:  # what a dead process has left
        with contextlib.suppress(OSError):  # most of them are no videos, or have long names
            os.remove(partial_of(os.path.join(settings.out, name)))
    about = begun_with(settings, models_of(analyzer), [*pictures, *videos])
    with go_on(settings, about, len(pictures), {*earlier, *drawn}) as growing:
        crew = Crew(settings, analyzer, len(pictures))
        crew.analyze_pictures(given[growing.done : len(pictures)], growing)
        crew.analyze_videos(given[growing.done :], growing)
    lines, partial = (os.path.join(settings.out, name) for name in (LINES, PARTIAL))
    os.replace(partial, lines)
    os.remove(f"{partial}{ITEMS}")
    errors = sum(face.error is not None for face in record.read_results(lines))
    place = os.path.join(settings.out, TABLE)
    if settings.csv or os.path.exists(place):  # that of an earlier analysis would say other things
        table.write(lines, place)
    return len(given), errors


def _inputs(settings, earlier):
    """Return (pictures, videos) that are to be analyzed; earlier: names of drawings of before."""
    pictures, videos = inputs.expand(settings.inputs)
    asked = set(settings.inputs)
    pictures = outputs.without_drawings(pictures, asked, settings.out, earlier)
    videos = outputs.without_drawings(videos, asked, settings.out, earlier)
    if not (pictures or videos):
        raise InputError(
            f"{', '.join(settings.inputs)}: no picture but the drawings of an earlier analysis; "
            "name pictures"
        )
    nth = settings.every > 1, settings.search_every > 1
    of_videos = *nth, settings.start, settings.end is not None
    if not videos and any(of_videos):
        raise InputError(
            "--every, --start, --end, --search-every: are of videos, and none is among the inputs; "
            "leave them out"
        )
    cameras = [one for one in videos if inputs.is_camera(one)]
    if cameras and isinstance(settings.workers, str):
        raise InputError(f"{cameras[0]}: a camera is at this machine; leave --dask out")
    return pictures, videos
