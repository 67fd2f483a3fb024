"""Videos and cameras: every n-th frame analyzed, its lines written, the frames drawn."""

from __future__ import annotations

import contextlib
import itertools
import os
import sys

import cv2
import numpy as np

from allinone import draw, record
from allinone.analysis import inputs, outputs
from allinone.errors import InputError, OutputError
from allinone.progress import Progress
from allinone.videos import open_video

QUARTERS = (90, 270)  # degrees
TRIES, CERTAIN = 8, 0.99  # our choice: frames that are looked at, score of a face that counts


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


def stands_on_its_head(find, source: str, settings) -> bool:
    """Tell whether a video that is turned as it says shows its faces upside down.

    Programs disagree about which way a quarter is turned. Looked at are the first TRIES frames; one
    face that is upright says that the video is right.
    """
    reversed_, looked = 0, 0
    with (
        contextlib.suppress(InputError),
        contextlib.closing(open_video(source).frames(settings.every)) as frames,
    ):
        for _, _, image in itertools.islice(frames, TRIES):
            upright, other = (find([source], [some])[0] for some in (image, image[::-1, ::-1]))
            if upright:
                return False
            reversed_ += any(face.score >= CERTAIN for face in other)
            looked += 1
    return reversed_ > looked / 2


def analyze_video(find, source: str, name: str, stream, settings) -> None:
    """Write the lines of a video's frames, and the drawn video; Ctrl-C ends a camera's.

    name: of the drawn video. InputError where it cannot be read.
    """
    camera = inputs.is_camera(source)
    video = open_video(source, camera)
    if video.turn in QUARTERS and find.boxes is None and stands_on_its_head(find, source, settings):
        words = "turned as it says, its faces stand on their heads; it is turned the other way"
        Progress.write(f"  {source}: {words}", file=sys.stderr)
        video.turn = (video.turn + 180) % 360
    count = video.count and -(-video.count // settings.every)
    drawn = DrawnVideo(os.path.join(settings.out, name), video.rate / settings.every)
    with contextlib.closing(drawn), Progress(f"frames of {source}", count) as progress:
        try:
            for number, seconds, image in video.frames(settings.every):
                (faces,) = find([source], [image])
                where = dict(frame=number, time=round(seconds, 3))
                stream.write(outputs.lines_of(faces, settings.descriptor, source, **where))
                if not settings.without_pictures:
                    drawn.add(draw.results(image, faces, is_fixed=True))
                progress.step()
        except KeyboardInterrupt:
            if not camera:
                raise


def analyze_or_refuse(find, source: str, name: str, stream, settings) -> None:
    """Analyze a video; one that cannot be read is a line with `error` and stops nothing."""
    try:
        analyze_video(find, source, name, stream, settings)
    except OutputError:
        raise
    except InputError as error:
        Progress.write(f"  error: {error}", file=sys.stderr)
        stream.write(record.to_line(record.FaceRecord(source, error=str(error))))
