"""Videos and cameras: every n-th frame analyzed, people followed, lines written, frames drawn."""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Optional

import cv2
import numpy as np

from allinone import draw, record
from allinone.analysis import inputs
from allinone.analysis.people_lines import PeopleLines, people_lines
from allinone.analysis.settings import Settings
from allinone.analysis.work import Done, Given, Work, ahead
from allinone.errors import InputError, OutputError, WorkError
from allinone.face import Face
from allinone.parallel import AHEAD, Workers, elsewhere
from allinone.progress import Progress
from allinone.tracking import Tracker
from allinone.videos import Video, open_video

QUARTERS = (90, 270)  # degrees
# our choice: frames that are looked at; score of a face that counts, of the net as it was trained
# (allinone.model.Model.calibrated)
TRIES, CERTAIN = 8, 0.99
LEAST_AHEAD = 2  # our choice: groups of frames under way for each process, so that none waits


def partial_of(path: str) -> str:
    """Return where a drawn video is made: OpenCV goes by the ending of its name."""
    return f"{path}.partial.mp4"


class DrawnVideo:
    """A video of drawn frames in the making; nothing is written where no frame comes."""

    def __init__(self, path: str, rate: float) -> None:
        """Take the path and the frames a second."""
        self.path, self.rate, self.writer, self.size = path, rate, None, None
        self.partial, self.count = partial_of(path), 0

    def add(self, image: np.ndarray) -> None:
        """Append a frame, BGR uint8; all have the size of the first."""
        if self.writer is None:
            code = cv2.VideoWriter_fourcc(*"mp4v")
            self.size = image.shape[1::-1]
            self.writer = cv2.VideoWriter(self.partial, code, self.rate, self.size)
            if not self.writer.isOpened():
                raise InputError(
                    f"{self.path}: OpenCV cannot write this video; use --without-pictures"
                )
        if image.shape[1::-1] != self.size:
            image = cv2.resize(image, self.size, interpolation=cv2.INTER_AREA)
        self.writer.write(image)
        self.count += 1

    def close(self) -> None:
        """Finish the file; OutputError where it is not whole: OpenCV does not say so."""
        if self.writer is None:
            return
        self.writer.release()
        written = cv2.VideoCapture(self.partial)
        count = int(written.get(cv2.CAP_PROP_FRAME_COUNT))
        written.release()
        if count < self.count:
            with contextlib.suppress(FileNotFoundError):
                os.remove(self.partial)
            raise OutputError(
                f"{self.path}: cannot be written; free space or choose another folder, then run "
                "the same command again"
            )
        os.replace(self.partial, self.path)


class Frame(NamedTuple):
    """A frame that is to be analyzed."""

    number: int
    seconds: float
    image: np.ndarray


class Seen(NamedTuple):
    """What is found in a frame."""

    faces: list[Face]
    error: Optional[InputError] = None  # why it cannot be analyzed


@dataclass
class FrameWork(Work):
    """What each process does with frames of a video."""

    video: Given = Given("")

    def __call__(self, frames: Iterable[Frame]) -> Iterator[Seen]:
        """Yield what is found in each frame; in the first, and every n-th from there on, by search.

        In the others the faces of the frame before are followed.
        """
        find, faces = self.finder([self.video]), []
        for place, frame in enumerate(frames):
            try:
                if place % self.settings.search_every:
                    faces = self.analyzer.follow(frame.image, faces, self.settings.score)
                else:
                    faces = find([self.video.path], [frame.image])[0]
                yield Seen(faces)
            except InputError as error:  # whoever asks has frames before this one
                yield Seen([], error)


class Frames:
    """The frames of a video; error: why there are no more, once they have been read."""

    def __init__(self, video: Video, settings: Settings) -> None:
        """Take an open video, and which of its frames are wanted."""
        self.video, self.error = video, None
        self.which = settings.every, settings.start, settings.end
        self.count = video.expected(*self.which)

    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames; to be called once."""
        try:
            yield from itertools.starmap(Frame, self.video.frames(*self.which))
        except InputError as error:  # those before are analyzed first
            self.error = error


def stands_on_its_head(find, source: str, settings, certain: float = CERTAIN) -> bool:
    """Tell whether a video that is turned as it says shows its faces upside down.

    Programs disagree about which way a quarter is turned. Looked at are the first TRIES frames; one
    face that is upright says that the video is right. certain: what CERTAIN is in this net.
    """
    reversed_, looked = 0, 0
    which = settings.every, settings.start, settings.end
    with (
        contextlib.suppress(InputError),
        contextlib.closing(open_video(source).frames(*which)) as frames,
    ):
        for _, _, image in itertools.islice(frames, TRIES):
            upright, other = (find([source], [some])[0] for some in (image, image[::-1, ::-1]))
            if upright:
                return False
            reversed_ += any(face.score >= certain for face in other)
            looked += 1
    return reversed_ > looked / 2


def _opened(work: FrameWork, is_camera: bool) -> Video:
    """Open a video, turned so that its faces are upright."""
    source, settings = work.video.path, work.settings
    video = open_video(source, is_camera)
    if video.turn in QUARTERS and not settings.boxes:
        certain = work.analyzer.backend.model.calibrated(CERTAIN)
        if stands_on_its_head(work.finder([work.video]), source, settings, certain):
            words = "turned as it says, its faces stand on their heads; it is turned the other way"
            Progress.write(f"  {source}: {words}", file=sys.stderr)
            video.turn = (video.turn + 180) % 360
    return video


def _seen(work: FrameWork, frames: Frames, workers: Workers) -> Iterator[tuple[Frame, Seen]]:
    """Yield each frame with what is found in it; workers 0: by this process alone.

    A process is given the frames from one search to the next, so that who works decides nothing.
    """
    together = work.settings.search_every
    ahead_of_each = AHEAD if together == 1 else LEAST_AHEAD
    try:
        if workers == 0:
            yield from _alone(work, frames)
        else:
            yield from elsewhere(work, frames, workers, together, ahead_of_each)
    except InputError as error:  # the video is not to blame
        raise WorkError(str(error)) from error


def _alone(work: FrameWork, frames: Frames) -> Iterator[tuple[Frame, Seen]]:
    """Yield each frame with what is found in it; the next is read meanwhile."""
    source = iter(frames)

    def read(_) -> Frame | None:
        return next(source, None)

    coming = itertools.takewhile(is_there, ahead(read, itertools.repeat(None)))
    some, same = itertools.tee(coming)
    yield from zip(some, work(same))


def is_there(frame: Frame | None) -> bool:
    """Tell whether there was a frame to read."""
    return frame is not None


def analyze_video(work: FrameWork, lines: PeopleLines, workers: Workers) -> None:
    """Add the lines of a video's frames, and write the drawn video; Ctrl-C ends a camera's.

    InputError where it cannot be read, or not to its end.
    """
    source, settings, camera = work.video.path, work.settings, inputs.is_camera(work.video.path)
    video = _opened(work, camera)
    frames = Frames(video, settings)
    drawn = DrawnVideo(os.path.join(settings.out, work.video.drawing), video.rate / settings.every)
    with contextlib.closing(drawn), Progress(f"frames of {source}", frames.count) as progress:
        try:
            for frame, seen in _seen(work, frames, 0 if camera else workers):
                if seen.error:
                    raise seen.error
                numbers = lines.add(seen.faces, frame.number, frame.seconds)
                if not settings.without_pictures:
                    drawn.add(_drawn(frame.image, seen.faces, numbers, lines.tracker))
                progress.step()
        except KeyboardInterrupt:
            if not camera:
                raise
    if frames.error:
        raise frames.error


def _drawn(
    image: np.ndarray, faces: Sequence[Face], numbers: Sequence[int], tracker: Tracker
) -> np.ndarray:
    """Return a frame with what is known of its people so far."""
    known = [replace(face, **tracker.medians(one)) for face, one in zip(faces, numbers)]
    return draw.results(image, known, is_fixed=True, numbers=numbers)


def analyze_or_refuse(work: FrameWork, stream, workers: Workers = 0) -> str:
    """Write the lines of a video; one that cannot be read, or not to its end, ends with `error`.

    workers: 0, this process alone. Return why it cannot be read, "" where it can. WorkError where
    nobody can work on.
    """
    work.finder([work.video])  # what is wrong with the model is no error of the video
    why = ""
    with people_lines(work.video.path, work.settings) as lines:
        try:
            analyze_video(work, lines, workers)
        except (OutputError, WorkError):
            raise
        except InputError as error:
            why = str(error)
        lines.write_to(stream)
    if why:
        stream.write(record.to_line(record.FaceRecord(work.video.path, error=why)))
    return why


@dataclass
class VideoWork(Work):
    """What a worker of a cluster does with whole videos."""

    def __call__(self, videos: Iterable[Given]) -> Iterator[Done]:
        """Yield what comes of each video."""
        for video in videos:
            lines = io.StringIO()
            work = FrameWork(self.arguments, self.models, self.settings, video)
            work.analyzer = self.analyzer
            why = analyze_or_refuse(work, lines)
            yield Done(lines.getvalue(), why)
