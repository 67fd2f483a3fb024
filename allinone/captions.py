"""Where the numbers and captions of faces stand in a drawing: nothing lies on anything else.

Few faces have their captions in the picture, each at its box and on no face. Where there is no room
for that, or faces are many, a number stands at each box, and the captions stand beside the picture.
Everything here is geometry: rectangles are (x1, y1, x2, y2) in pixels of the drawing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from allinone import boxes, lettering

# our choice: all below. Letters grow with the picture, since large ones are looked at scaled down.
LEAST_LETTERS, OF_PICTURE = 12, 44  # pixels; and the part of sqrt(width height)
MOST_INSIDE = 4  # faces whose captions stand in the picture
MOST_COVERED = 0.1  # of a picture by the numbers of its faces; else it is enlarged ...
SMALL = 1600  # ... up to so many pixels a side

Rectangle = np.ndarray  # (4,) float32
Texts = Sequence[Sequence[str]]  # the lines of each face's caption
Sizes = Sequence[tuple[float, float]]  # (width, height)
Taken = Sequence[np.ndarray]  # rectangles


def letters_of(width: float, height: float) -> float:
    """Return the size of the letters in a picture, in pixels."""
    return max(LEAST_LETTERS, (width * height) ** 0.5 / OF_PICTURE)


@dataclass
class Layout:
    """Where all stands in a drawing, whose picture is in its upper left corner."""

    zoom: int  # how many times as large the picture is as it was
    letters: float  # their size in pixels
    width: int  # of the drawing
    height: int
    numbers: list[Rectangle | None]  # at the boxes; None: the caption stands there
    captions: list[Rectangle | None]  # None: left out
    is_crowded: bool  # a number has no room, or they cover much of the picture


def number_size(number: int, letters: float) -> tuple[int, int]:
    """Return (width, height) of the number of a face with its coloured ground."""
    wide, tall = lettering.text_size(str(number), letters)
    return wide + round(letters / 2), tall


def caption_size(number: int, lines: Sequence[str], letters: float) -> tuple[int, int]:
    """Return (width, height) of a caption: the number, and the lines beside it."""
    wide = max([lettering.text_size(line, letters)[0] for line in lines], default=0)
    tall = max(len(lines), 1) * lettering.height_of(letters) + round(letters / 2)
    return number_size(number, letters)[0] + wide + round(letters), tall


def _at(corners, size: tuple[float, float]) -> np.ndarray:
    """Return rectangles (n, 4) of a size at upper left corners (n, 2)."""
    corners = np.float32(corners).reshape(-1, 2)
    return np.concatenate([corners, corners + np.float32(size)], axis=1)


def _around(
    box: Rectangle, size: tuple[float, float], picture: Rectangle, gap: float
) -> np.ndarray:
    """Return the places (8, 4) for something of a size at a box, the best first.

    They are moved along the box where they would leave the picture.
    """
    (x1, y1, x2, y2), (wide, tall) = box, size
    most = np.maximum(picture[2:] - np.float32(size), 0)
    columns = np.clip([x1, x2 - wide], 0, most[0])
    rows = np.clip([y1, y2 - tall], 0, most[1])
    corners = [(x, y) for y in (y2 + gap, y1 - gap - tall) for x in columns]
    corners += [(x, y) for x in (x2 + gap, x1 - gap - wide) for y in rows]
    return _at(corners, size)


def _free(places: np.ndarray, picture: Rectangle, taken: Taken) -> np.ndarray:
    """Return those of some places that are within the picture and on nothing that is taken."""
    within = (places[:, :2] >= picture[:2]).all(1) & (places[:, 2:] <= picture[2:]).all(1)
    places = places[within]
    return places[boxes.intersection(places, np.reshape(taken, (-1, 4))).sum(axis=1) == 0]


def _inside(
    picture: Rectangle, marks: np.ndarray, sizes: Sizes, gap: float
) -> list[Rectangle | None]:
    """Return where captions stand in the picture, on no face; None: there is no room."""
    found: list[Rectangle | None] = []
    for box, size in zip(marks, sizes):
        taken = [*marks, *(one for one in found if one is not None)]
        places = _free(_around(box, size, picture, gap), picture, taken)
        found.append(places[0] if len(places) else None)
    return found


def _number(
    box: Rectangle, size: tuple[float, float], picture: Rectangle, marks: np.ndarray, taken: Taken
) -> Rectangle | None:
    """Return where a number stands: at its box, where it covers faces least, or near it.

    None: nowhere in the picture is room that is not taken.
    """
    wide, tall = size
    inner = [(box[0], box[1]), (box[2] - wide, box[1]), (box[0], box[3] - tall)]
    places = np.concatenate([_around(box, size, picture, 0), _at(inner, size)])
    places = _free(places, picture, taken)
    if len(places):
        covered = boxes.intersection(places, marks).sum(axis=1)
        return places[int(covered.argmin())]  # the first of equals
    steps = [np.arange(0, end, side / 2) for end, side in zip(picture[2:], size)]
    everywhere = np.stack(np.meshgrid(*steps), axis=-1)
    places = _free(_at(everywhere, size), picture, taken)
    away = np.abs(places[:, :2] - box[:2]).sum(axis=1)
    return places[int(away.argmin())] if len(places) else None


def _beside(size: tuple[int, int], sizes: Sizes, gap: int) -> tuple[int, int, list[Rectangle]]:
    """Return (width, height, captions) of a drawing whose captions stand beside the picture.

    They stand in one column on its right where they fit and take less room there, else below it.
    """
    width, height = size
    wide, tall = (max(side) + gap for side in zip(*sizes))
    columns = max(1, width // wide)
    right, below = max(width, wide), height + -(-len(sizes) // columns) * tall
    if len(sizes) * tall <= height and (width + wide) * height <= right * below:
        right, below, columns = width + wide, height, 1
        corners = [(width, number * tall) for number in range(len(sizes))]
    else:
        cells = [divmod(number, columns) for number in range(len(sizes))]
        corners = [(column * wide, height + row * tall) for row, column in cells]
    return right, below, [_at(corner, own)[0] for corner, own in zip(corners, sizes)]


def lay_out(width: int, height: int, marks, texts: Texts, is_fixed: bool = False) -> Layout:
    """Return where the numbers and captions of faces stand.

    width, height: of the picture; marks (n, 4): what is drawn of each face, as a rectangle that may
    leave the picture; texts: the lines of each caption. is_fixed: the drawing keeps the picture's
    size, and captions and numbers that have no room are left out.
    """
    marks, zoom = np.float32(marks).reshape(-1, 4), 1
    while True:
        found = _laid_out(zoom, width, height, marks, texts, is_fixed)
        if is_fixed or not found.is_crowded or 2 * zoom * max(width, height) > SMALL:
            return found
        zoom *= 2


def _laid_out(zoom, width, height, marks, texts, is_fixed) -> Layout:
    size = width * zoom, height * zoom
    letters, picture = letters_of(*size), np.float32([0, 0, *size])
    marks = (marks * zoom).reshape(-1, 2, 2).clip(0, picture[2:]).reshape(-1, 4)
    sizes = [caption_size(number, lines, letters) for number, lines in enumerate(texts, 1)]
    captions: list[Rectangle | None] = [None] * len(texts)
    if is_fixed or len(texts) <= MOST_INSIDE:
        captions = _inside(picture, marks, sizes, letters / 4)
    is_numbered = [one is None for one in captions]
    if any(is_numbered) and not is_fixed:
        *size, captions = _beside(size, sizes, round(letters / 4))
        is_numbered = [True] * len(texts)
    numbers: list[Rectangle | None] = [None] * len(texts)
    for place in np.flatnonzero(is_numbered):
        taken = [one for one in (*captions, *numbers) if one is not None]
        own = number_size(place + 1, letters)
        numbers[place] = _number(marks[place], own, picture, marks, taken)
    standing = [one for one in numbers if one is not None]
    covered = boxes.area(np.reshape(standing, (-1, 4))).sum() / picture[2:].prod()
    is_crowded = len(standing) < sum(is_numbered) or covered > MOST_COVERED
    return Layout(zoom, letters, *size, numbers, captions, is_crowded)
