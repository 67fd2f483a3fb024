"""Videos and cameras: every n-th frame analyzed, its lines written, the frames drawn."""

from __future__ import annotations

import contextlib
import os
import sys

import cv2
import numpy as np

from allinone import draw, record
from allinone.errors import InputError
from allinone.progress import Progress
from allinone.videos import open_video
from tools.analysis import inputs, outputs


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


def analyze_video(find, source: str, name: str, stream, settings) -> None:
    """Write the lines of a video's frames, and the drawn video; Ctrl-C ends a camera's.

    name: of the drawn video. InputError where it cannot be read.
    """
    camera = inputs.is_camera(source)
    video = open_video(source, camera)
    count = video.count and -(-video.count // settings.every)
    drawn = DrawnVideo(os.path.join(settings.out, name), video.rate / settings.every)
    with contextlib.closing(drawn), Progress(f"frames of {source}", count) as progress:
        try:
            for number, seconds, image in video.frames(settings.every):
                (faces,) = find([source], [image])
                where = dict(frame=number, time=round(seconds, 3))
                stream.write(outputs.lines_of(faces, settings.descriptor, source, **where))
                stream.flush()
                if not settings.without_pictures:
                    drawn.add(draw.results(image, faces))
                progress.step()
        except KeyboardInterrupt:
            if not camera:
                raise


def analyze_or_refuse(find, source: str, name: str, stream, settings) -> None:
    """Analyze a video; one that cannot be read is a line with `error` and stops nothing."""
    try:
        analyze_video(find, source, name, stream, settings)
    except InputError as error:
        Progress.write(f"  error: {error}", file=sys.stderr)
        stream.write(record.to_line(record.FaceRecord(source, error=str(error))))
