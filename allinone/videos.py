"""Videos and cameras: frames as a player shows them, each with its own time.

OpenCV's FFmpeg reads the files. Frames are turned as the file says, times are the frames' own time
stamps, and a video that ends before its length is named.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from allinone import reading
from allinone.errors import InputError
from allinone.pictures import refuse_size

# FFmpeg's own messages name no file; must be set before the first video is opened.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

USUAL_RATE = 25.0  # frames a second where a video does not say
TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
# Kinds of files without a number of frames: OpenCV computes it from the length, also that of the
# sound. our choice: these are whole if they lack no more than this share.
UNCOUNTED, SLACK = (".mkv", ".webm"), 0.1


@dataclass
class Video:
    """An open video file or camera."""

    source: str  # path, or number of a camera
    capture: Any  # cv2.VideoCapture
    rate: float  # frames a second
    count: int | None  # frames, None where it is not known
    turn: int = 0  # degrees clockwise by which the frames are shown turned
    camera: bool = False

    def frames(
        self, every: int, start: float = 0.0, end: float | None = None
    ) -> Iterator[tuple[int, float, np.ndarray]]:
        """Yield (number, seconds, frame) of every n-th frame, the seconds from the first frame on.

        start, end: seconds of the first frame that is taken, and of the first that is not, None:
        all. InputError where there is none and, after the last one, where the video is cut off.
        """
        began, seconds, first = time.monotonic(), 0.0, None
        try:
            for number in itertools.count():
                if not self.capture.grab():
                    self._check_length(number, seconds)
                    break
                seconds = time.monotonic() - began if self.camera else self._stamp(number)
                if end is not None and seconds >= end:
                    break
                if seconds >= start:
                    first = number if first is None else first
                    if (number - first) % every == 0:
                        yield number, seconds, self._frame()
        finally:
            self.capture.release()
        if first is None:
            raise InputError(
                f"{self.source}: no frame from {start:g} seconds on"
                f"{'' if end is None else f' and before {end:g}'}; its last one was read at "
                f"{seconds:g} seconds: choose other times"
            )

    def expected(self, every: int, start: float = 0.0, end: float | None = None) -> int | None:
        """Return about how many frames `frames` yields, None where nobody knows."""
        if self.count is None:
            return None
        last = self.count if end is None else min(self.count, int(end * self.rate))
        return max(1, -(-(last - int(start * self.rate)) // every))

    def _stamp(self, number: int) -> float:
        """Return the time of the frame that was grabbed last; of its number where it has none."""
        return self.capture.get(cv2.CAP_PROP_POS_MSEC) / 1000 or number / self.rate

    def _frame(self) -> np.ndarray:
        """Return the frame that was grabbed last, as it is shown."""
        read, frame = self.capture.retrieve()
        if not read:
            raise InputError(f"{self.source}: a frame cannot be decoded; get the video again")
        return cv2.rotate(frame, TURNS[self.turn]) if self.turn in TURNS else frame

    def _check_length(self, read: int, last: float) -> None:
        """Raise InputError where no frame was read, or frames up to the length are missing.

        read: how many frames were read; last: the time of the last one in seconds.
        """
        if read == 0:
            raise InputError(f"{self.source}: not a single picture in it; get it again")
        if self.count is None or read >= self.count:
            return
        length = self.count / self.rate
        slack = SLACK * length if self.source.lower().endswith(UNCOUNTED) else 0
        interval = last / (read - 1) if read > 1 else 1 / self.rate
        if last + 1.5 * interval + slack < length:
            raise InputError(
                f"{self.source}: {read} of {self.count} frames could be read, and their results "
                "are kept; the video is cut off or damaged, or was shortened without encoding it "
                "again: get it again or encode it again"
            )


def open_video(source: str, camera: bool = False) -> Video:
    """Open a video file, or the camera of a number; InputError where OpenCV cannot."""
    if camera:
        capture, what = cv2.VideoCapture(int(source)), "no such camera"
    else:
        reading.opened(source, "check the path, or leave it out").close()
        capture, what = cv2.VideoCapture(source, cv2.CAP_FFMPEG), "no video that OpenCV can read"
    if not capture.isOpened():
        raise InputError(f"{source}: {what}; check the path, or leave it out")
    size = capture.get(cv2.CAP_PROP_FRAME_WIDTH), capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
    refuse_size(*size, source)
    rate = capture.get(cv2.CAP_PROP_FPS) or USUAL_RATE
    if camera:
        return Video(source, capture, rate, None, camera=True)
    capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 0)  # some builds of OpenCV turn frames, others not
    turn = int(capture.get(cv2.CAP_PROP_ORIENTATION_META)) % 360
    count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    return Video(source, capture, rate, count if count > 0 else None, turn)
