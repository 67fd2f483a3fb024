"""What is asked of an analysis, and the files that it leaves in its folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from allinone.parallel import Workers

LINES, TABLE, SETTINGS = "faces.jsonl", "faces.csv", "settings.json"


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
    search_every: int = 1  # videos: in every n-th of these search for faces, follow them meanwhile
    start: float = 0.0  # videos: seconds of the first frame that is looked at
    end: float | None = None  # videos: seconds of the first one that is not; None: to the end
    descriptor: str = ""  # raw, unit or "": none
    csv: bool = False  # write a table too
    without_pictures: bool = False  # draw nothing
    workers: Workers = None  # processes; None: one a core, or with a GPU this one alone
