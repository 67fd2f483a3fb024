"""Pictures, folders, patterns, videos and cameras that a command is given."""

from __future__ import annotations

import glob
import itertools
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from allinone.errors import InputError

PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")  # looked for in folders
VIDEOS = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v")
USUAL_RATE = 25.0  # frames a second where a video does not say


def pictures_in(folder: str) -> list[str]:
    """Return the paths of the pictures in a folder, sorted."""
    names = sorted(name for name in os.listdir(folder) if name.lower().endswith(PICTURES))
    return [os.path.join(folder, name) for name in names]


def is_camera(item: str) -> bool:
    """Tell whether an input is the number of a camera."""
    return item.isdigit() and not os.path.exists(item)


def _paths_of(item: str) -> list[str]:
    """Return the paths that one input stands for; InputError where there is none."""
    if os.path.isdir(item):
        found = pictures_in(item)
        why = f"no picture in this folder (looked for {', '.join(PICTURES)})"
    elif os.path.exists(item) or not glob.has_magic(item):
        found, why = [item], ""
    else:
        found, why = sorted(glob.glob(item)), "no file fits this pattern"
    if not found:
        raise InputError(f"{item}: {why}")
    return found


def expand(items: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return (pictures, videos) of files, folders, patterns and numbers of cameras, each once."""
    pictures, videos = [], []
    paths = [path for item in items for path in _paths_of(item)]
    for path in dict.fromkeys(paths):
        moves = path.lower().endswith(VIDEOS) or is_camera(path)
        (videos if moves else pictures).append(path)
    return pictures, videos


@dataclass
class Video:
    """An open video file or camera."""

    source: str  # path, or number of a camera
    capture: Any  # cv2.VideoCapture
    rate: float  # frames a second
    count: int | None  # frames, None where it is not known

    def frames(self, every: int) -> Iterator[tuple[int, float, np.ndarray]]:
        """Yield (number, seconds, frame) of every n-th frame; InputError where there is none."""
        try:
            for number in itertools.count():
                if not self.capture.grab():
                    if number == 0:
                        raise InputError(f"{self.source}: not a single picture in it; get it again")
                    return
                if number % every == 0:
                    yield number, number / self.rate, self.capture.retrieve()[1]
        finally:
            self.capture.release()


def open_video(source: str) -> Video:
    """Open a video file or a camera; InputError where OpenCV cannot."""
    camera = is_camera(source)
    capture = cv2.VideoCapture(int(source) if camera else source)
    if not capture.isOpened():
        what = "no such camera" if camera else "no video that OpenCV can read"
        raise InputError(f"{source}: {what}; check the path, or leave it out")
    count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    rate = capture.get(cv2.CAP_PROP_FPS) or USUAL_RATE
    return Video(source, capture, rate, count if count > 0 else None)
