"""FDDB's files: the lists of its folds, files of results, and the two curves.

All are as FDDB's own program has them. It counts pixels, and so needs the pictures' sizes. Where a
picture is missing its size is guessed (evaluate.ellipses), which moves the curves a little:
0.0004 where it could be compared, and their ends by a few false positives.
"""

from __future__ import annotations

import glob
import math
import os
from collections.abc import Mapping, Sequence
from typing import Optional

import numpy as np
from PIL import Image

from allinone import files, folders
from allinone.errors import InputError
from data_prep.readers import fddb as reader
from data_prep.tables import lines as lines_of
from data_prep.tables import number as number_of
from evaluate import ellipses

PICTURES = reader.PICTURES  # folder of FDDB's pictures
FOLDS = os.path.dirname(reader.FOLDS[0])  # folder of the lists
OURS = "fold-{:02d}-out.txt"
DISCRETE, CONTINUOUS = "DiscROC.txt", "ContROC.txt"
KIND = folders.Kind("folder of FDDB's curves", holds=(DISCRETE, CONTINUOUS), is_marked=True)
FURTHEST = 1e6  # our choice: pixels; no picture is so large, and OpenCV draws nothing far beyond
RESULTS = (
    "must be a picture, the number of its detections, and a line for each: left, top, width, "
    "height, score, or major and minor radius, angle, centre x and y, score; all are finite "
    f"numbers, radii from 0 on, pixels up to {FURTHEST:,.0f}"
)
Results = Mapping[str, tuple[np.ndarray, np.ndarray]]  # {picture: (regions, scores)}


def annotations(folder: str) -> tuple[dict[str, np.ndarray], list[int]]:
    """Return ({picture: ellipses (n, 5)} in the order of the folds, numbers of missing folds).

    InputError where all lists are missing, or one holds what is no ellipse.
    """
    found, missing = {}, []
    for number, name in enumerate(reader.FOLDS, 1):
        path = os.path.join(folder, os.path.basename(name))
        if not os.path.isfile(path):
            missing.append(number)
            continue
        for block in reader.pictures_of(path):
            _read_picture(block, found)
    if not found:
        raise InputError(
            f"{folder}: no {os.path.basename(reader.FOLDS[0])} or another fold's list in it"
        )
    return found, missing


def _read_picture(block, found):
    """Add the ellipses of a picture to those that are found; block: [(place, text of a line)]."""
    (place, picture), *below = block
    count, *faces = below or [(place, "")]
    if not reader.is_picture(picture) or number_of(count[1]) != len(faces):
        raise InputError(
            f"{place}: '{picture}' must be a picture, followed by the number of its faces and as "
            "many lines; get the file again"
        )
    if picture in found:
        raise InputError(f"{place}: {picture} is there twice; get the file again")
    found[picture] = np.float64([_ellipse(*face) for face in faces]).reshape(-1, 5)


def _ellipse(place: str, line: str) -> list[float]:
    """Return the ellipse in a line of a fold's list; place: the file and the line's number."""
    try:
        return _region(line.split()[:5], (5,))
    except ValueError:
        raise InputError(
            f"{place}: must begin with the five finite numbers of an ellipse, radii from 0 on, is "
            f"'{line}'; get the file again"
        ) from None


def _region(words: Sequence[str], lengths: Sequence[int]) -> list[float]:
    """Return the numbers of a rectangle (4) or an ellipse (5).

    ValueError where their count is none of `lengths`, or where they give no region of a picture.
    """
    region = [float(word) for word in words]
    is_near = all(abs(number) <= FURTHEST for number in region)  # NaN is not
    if len(region) not in lengths or not is_near or (len(region) == 5 and min(region[:2]) < 0):
        raise ValueError
    return region


def read_results(path: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return {picture: (regions (n, 4 or 5), scores (n,))} of a file or folder of results.

    InputError with file and line where one does not fit.
    """
    paths = [path]
    if os.path.isdir(path):
        paths = sorted(glob.glob(os.path.join(glob.escape(path), "*.txt")))
    if not paths or not os.path.isfile(paths[0]):
        raise InputError(f"{path}: no file of results, nor a folder of them (fold-01-out.txt, ...)")
    found = {}
    for one in paths:
        _read_file(one, found)
    return found


def _read_file(path, found):
    """Add the results of a file to those that are found."""
    place = None
    text = ((number, line.strip()) for number, line in lines_of(path) if line.strip())
    try:
        for place, picture in text:
            if picture in found:
                raise InputError(
                    f"{path}, line {place}: {picture} is there twice; delete one of the two"
                )
            place, count = next(text)
            regions, scores = [], []
            for _ in range(_count(count)):
                place, line = next(text)
                *region, score = line.split()
                same = (len(regions[0]),) if regions else (4, 5)  # as the picture's first one
                regions.append(_region(region, same))
                scores.append(_finite(score))
            found[picture] = np.float64(regions or np.zeros((0, 4))), np.float64(scores)
    except (ValueError, StopIteration):
        raise InputError(f"{path}, line {place}: {RESULTS}") from None


def _count(text: str) -> int:
    """Return a number of detections; ValueError where it is none."""
    count = int(text)
    if count < 0:
        raise ValueError
    return count


def _finite(text: str) -> float:
    """Return a score; ValueError where it is no finite number."""
    score = float(text)
    if not math.isfinite(score):
        raise ValueError
    return score


def size_of(pictures: Optional[str], name: str) -> Optional[tuple[int, int]]:
    """Return (width, height) of a picture in the folder of pictures, or None."""
    path = os.path.join(pictures or "", f"{name}.jpg")
    if not pictures or not os.path.isfile(path):
        return None
    with Image.open(path) as image:
        return image.size


def together(
    faces: Mapping[str, np.ndarray],
    results: Results,
    pictures: Optional[str],
    detections: str = "detections",
) -> list[ellipses.Picture]:
    """Return annotations and results by picture.

    pictures: their folder, or None; detections: the file of the results, for the error's sentence.

    InputError where a picture has no results (none found is a 0 there).
    """
    lacking = [name for name in faces if name not in results]
    if lacking:
        raise InputError(
            f"{detections}: no results for {len(lacking)} of {len(faces)} pictures, such as "
            f"{lacking[0]}; a picture in which nothing is found needs its name and a 0"
        )
    found = []
    for name, some in faces.items():
        found.append(ellipses.Picture(name, some, *results[name], size_of(pictures, name)))
    return found


def write_curves(curve: ellipses.Curve, out: str) -> None:
    """Write both curves as FDDB's program does, low scores first.

    DiscROC.txt: rate, false positives, score; ContROC.txt: rate, false positives.
    """
    points = list(zip(curve.threshold, curve.continuous, curve.discrete, curve.false))
    with files.replacing(os.path.join(out, DISCRETE)) as stream:
        for threshold, _, rate, false in points:
            stream.write(f"{rate:.6g} {false:.6g} {threshold:.6g}\n")
    with files.replacing(os.path.join(out, CONTINUOUS)) as stream:
        for _, rate, _, false in points:
            stream.write(f"{rate:.6g} {false:.6g}\n")


def rate_at(curve: ellipses.Curve, rates: np.ndarray, false: int) -> float:
    """Return the rate at the loosest score that lets in at most `false` false positives."""
    allowed = np.flatnonzero(curve.false <= false)
    return float(rates[allowed[0]]) if len(allowed) else 0.0
