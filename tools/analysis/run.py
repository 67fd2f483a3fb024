"""One analysis: pictures and videos in, faces.jsonl and drawn pictures out, resumable."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import cv2
import msgspec
import numpy as np

from allinone import analyzer as analysis
from allinone import draw, files, record
from allinone.errors import InputError
from allinone.face import Face
from allinone.progress import Progress
from tools.analysis import given_boxes, inputs, table

LINES, TABLE, SETTINGS = "faces.jsonl", "faces.csv", "settings.json"


@dataclass(frozen=True)
class Settings:
    """What is asked of an analysis."""

    inputs: Sequence[str]  # pictures, folders, patterns, videos, numbers of cameras
    out: str  # folder for the results
    model: str | None = None  # folder of a fused model; None: the one that comes with the kit
    score: float | None = None  # least detection score; None: the model's own
    proposals: str = "dense"
    boxes: str | None = None  # file of boxes to describe instead of searching
    smallest: float | None = None  # least height of a face that is looked for, in pixels
    engine: str = "caffe"
    gpu: str = ""
    batch: int = 4  # pictures that share calls of the net
    every: int = 1  # videos: look at every n-th frame
    descriptor: str = ""  # raw, unit or "": none
    csv: bool = False  # write a table too
    without_pictures: bool = False  # draw nothing


# Find(paths, images) gives the faces of each picture.
Find = Callable[[Sequence[str], Sequence[np.ndarray]], list[list[Face]]]


def finder(settings: Settings, analyzer: analysis.FaceAnalyzer, wanted: Sequence[str]) -> Find:
    """Return what finds, or describes in given boxes, the faces of pictures.

    InputError where the file of boxes names none of the wanted pictures.
    """
    if not settings.boxes:

        def search(paths, images):
            return analyzer.analyze_many(images, settings.score)

        return search
    given = given_boxes.read(settings.boxes)
    if not any(os.path.abspath(path) in given for path in wanted):
        raise InputError(
            f"{settings.boxes}: no line with a box names one of these pictures; paths are relative "
            "to the file or to the working directory"
        )

    def describe(paths, images):
        some = [given.get(os.path.abspath(path), []) for path in paths]
        return [analyzer.analyze(image, boxes=boxes) for image, boxes in zip(images, some)]

    return describe


def drawn_name(path: str, taken: set[str], kind: str = ".png") -> str:
    """Return the file name of a drawing, different from all taken ones, which it joins."""
    stem, number = os.path.splitext(os.path.basename(path))[0], 1
    name = f"{stem}{kind}"
    while name in taken:
        number += 1
        name = f"{stem}-{number}{kind}"
    taken.add(name)
    return name


def drawn_names(pictures: Sequence[str], videos: Sequence[str], out: str) -> dict[str, str]:
    """Return {input: file name of its drawing}, the same whatever was done before.

    No two inputs share a name, and no drawing gets the name of an input that stands in `out`.
    """
    here = os.path.realpath(out)
    inputs_here = [
        one for one in (*pictures, *videos) if os.path.realpath(os.path.dirname(one) or ".") == here
    ]
    taken, names = {os.path.basename(one) for one in inputs_here}, {}
    for path in dict.fromkeys(pictures):
        names[path] = drawn_name(path, taken)
    for source in dict.fromkeys(videos):
        stem = f"camera{source}" if inputs.is_camera(source) else source
        names[source] = drawn_name(stem, taken, ".mp4")
    return names


def lines_of(faces: Sequence[Face], descriptor: str, image: str, **where) -> str:
    """Return the lines of a picture's faces; where: frame and time in a video."""
    found = [face.to_record(image, descriptor, **where) for face in faces]
    found = found or [record.FaceRecord(image, **where)]
    return "".join(record.to_line(one) for one in found)


def done_before(path: str) -> set[str]:
    """Return the pictures that a stopped run has finished.

    The lines of the last one are cut off, since some may be missing.
    """
    if not os.path.isfile(path):
        return set()
    done, end, start, last = [], 0, 0, None
    with open(path, "r+b") as stream:
        for number, line in enumerate(stream, 1):
            if not line.endswith(b"\n"):
                break
            image = record.parse(line, path, number, labels=False).image
            if image != last:
                done.append(image)
                last, start = image, end
            end += len(line)
        stream.truncate(start)
    return set(done[:-1])


def _read(paths: Sequence[str]) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Return ({path: picture}, {path: why it cannot be read})."""
    images, refused = {}, {}
    for path in paths:
        try:
            images[path] = files.read_image(path)
        except InputError as error:
            refused[path] = str(error)
            print(f"  error: {error}", file=sys.stderr, flush=True)
    return images, refused


def analyze_pictures(find: Find, left: Sequence[str], names, stream, settings: Settings) -> None:
    """Write the lines, and the drawings, of pictures.

    names: {picture: file name of its drawing}; stream: of text, for the lines.
    """
    progress = Progress("pictures", len(left))
    for start in range(0, len(left), settings.batch):
        some = left[start : start + settings.batch]
        images, refused = _read(some)
        found = dict(zip(images, find(list(images), list(images.values())))) if images else {}
        for path in some:
            if path in refused:
                stream.write(record.to_line(record.FaceRecord(path, error=refused[path])))
                continue
            stream.write(lines_of(found[path], settings.descriptor, path))
            if not settings.without_pictures:
                drawn = draw.results(images[path], found[path])
                files.write_image(os.path.join(settings.out, names[path]), drawn)
        stream.flush()
        progress.step(len(some))


class DrawnVideo:
    """A video of drawn frames in the making; nothing is written where no frame comes."""

    def __init__(self, path: str, rate: float) -> None:
        """Take the path and the frames a second."""
        self.path, self.rate, self.writer = path, rate, None

    def add(self, image: np.ndarray) -> None:
        """Append a frame, BGR uint8; all have the size of the first."""
        if self.writer is None:
            code = cv2.VideoWriter_fourcc(*"mp4v")
            self.writer = cv2.VideoWriter(self.path, code, self.rate, image.shape[1::-1])
        self.writer.write(image)

    def close(self) -> None:
        """Finish the file."""
        if self.writer is not None:
            self.writer.release()


def analyze_video(find: Find, source: str, name: str, stream, settings: Settings) -> None:
    """Write the lines of a video's frames, and the drawn video; Ctrl-C ends a camera's.

    name: of the drawn video. InputError where it cannot be read.
    """
    camera = inputs.is_camera(source)
    video = inputs.open_video(source)
    count = video.count and -(-video.count // settings.every)
    progress = Progress(f"frames of {source}", count)
    drawn = DrawnVideo(os.path.join(settings.out, name), video.rate / settings.every)
    with contextlib.closing(drawn):
        try:
            for number, seconds, image in video.frames(settings.every):
                (faces,) = find([source], [image])
                where = dict(frame=number, time=round(seconds, 3))
                stream.write(lines_of(faces, settings.descriptor, source, **where))
                stream.flush()
                if not settings.without_pictures:
                    drawn.add(draw.results(image, faces))
                progress.step()
        except KeyboardInterrupt:
            if not camera:
                raise


def analyze_or_refuse(find: Find, source: str, name: str, stream, settings: Settings) -> None:
    """Analyze a video; one that cannot be read is a line with `error` and stops nothing."""
    try:
        analyze_video(find, source, name, stream, settings)
    except InputError as error:
        print(f"  error: {error}", file=sys.stderr, flush=True)
        stream.write(record.to_line(record.FaceRecord(source, error=str(error))))


def prepare(settings: Settings, model_files: dict[str, str]) -> str:
    """Return the path of the unfinished lines; those of a run that differs are removed.

    model_files: {file of the model: sha256}. How many pictures share a call, and the table, do not
    decide what is found.
    """
    os.makedirs(settings.out, exist_ok=True)
    partial = os.path.join(settings.out, f"{LINES}.partial")
    path = os.path.join(settings.out, SETTINGS)
    wanted = {
        name: value for name, value in asdict(settings).items() if name not in ("batch", "csv")
    }
    wanted["model_files"] = model_files
    wanted["boxes_sha256"] = files.sha256(settings.boxes) if settings.boxes else ""
    wanted = msgspec.to_builtins(wanted)
    if os.path.isfile(partial):
        if not os.path.isfile(path) or files.read_json(path, "delete it") != wanted:
            os.remove(partial)
    files.write_json(path, wanted)
    return partial


def run(settings: Settings) -> tuple[int, int]:
    """Analyze what the settings ask for; return (inputs, how many could not be read).

    Leaves faces.jsonl, and the drawings and the table that are asked for, in the folder `out`.
    """
    pictures, videos = inputs.expand(settings.inputs)
    analyzer = analysis.FaceAnalyzer(
        settings.model,
        settings.engine,
        settings.gpu or "cpu",
        settings.proposals,
        settings.smallest,
    )
    device = f"GPU {settings.gpu}" if settings.gpu else "the CPU"
    model = analyzer.backend.model
    print(f"model {model.folder}, engine {settings.engine} on {device}", flush=True)
    find = finder(settings, analyzer, [*pictures, *videos])
    partial = prepare(settings, model.about.files)
    done = done_before(partial)
    names = drawn_names(pictures, videos, settings.out)
    left = [path for path in pictures if path not in done]
    with open(partial, "a", encoding="utf-8") as stream:
        analyze_pictures(find, left, names, stream, settings)
        for source in videos:
            if source not in done:
                analyze_or_refuse(find, source, names[source], stream, settings)
    lines = os.path.join(settings.out, LINES)
    os.replace(partial, lines)
    errors = sum(face.error is not None for face in record.read_results(lines))
    if settings.csv:
        table.write(lines, os.path.join(settings.out, TABLE))
    return len(pictures) + len(videos), errors
