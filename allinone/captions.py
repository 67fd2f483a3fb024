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
AT_ONCE = 256  # places that are looked at together
MANY = 60  # faces; captions of more have smaller letters, so that they take no more room

Rectangle = np.ndarray  # (4,) float32
Texts = Sequence[Sequence[str]]  # the lines of each face's caption
Numbered = Sequence[tuple[int, Sequence[str]]]  # the number of each face, and those lines
Sizes = Sequence[tuple[float, float]]  # (width, height)
Taken = Sequence[np.ndarray]  # rectangles


def letters_of(width: float, height: float) -> float:
    """Return the size of the letters in a picture, in pixels."""
    return max(LEAST_LETTERS, (width * height) ** 0.5 / OF_PICTURE)


@dataclass
class Layout:
    """Where all stands in a drawing, whose picture is in its upper left corner."""

    zoom: int  # how many times as large the picture is as it was
    letters: float  # their size in pixels, in numbers at boxes
    small: float  # the same, in captions
    width: int  # of the drawing
    height: int
    numbers: list[Rectangle | None]  # at the boxes; None: the caption stands there
    captions: list[Rectangle | None]  # None: left out


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
    cells = [np.arange(0, end, side) for end, side in zip(picture[2:], size)]
    corners = np.stack(np.meshgrid(*cells), axis=-1).reshape(-1, 2)
    corners = corners[np.abs(corners - box[:2]).sum(axis=1).argsort()]
    for start in range(0, len(corners), AT_ONCE):  # mostly one of the nearest is free
        places = _free(_at(corners[start : start + AT_ONCE], size), picture, taken)
        if len(places):
            return places[0]
    return None


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


def lay_out(
    width: int,
    height: int,
    marks,
    texts: Texts,
    numbers: Sequence[int] = (),
    is_fixed: bool = False,
) -> Layout:
    """Return where the numbers and captions of faces stand.

    width, height: of the picture; marks (n, 4): what is drawn of each face, as a rectangle that may
    leave the picture; texts: the lines of each caption; numbers: of the faces, default from 1 on.
    is_fixed: the drawing keeps the picture's size, and captions and numbers that have no room are
    left out.
    """
    faces = list(zip(numbers or range(1, len(texts) + 1), texts))
    marks = np.float32(marks).reshape(-1, 4)
    if is_fixed or len(texts) <= MOST_INSIDE:
        found = _in_picture(width, height, marks, faces)
        if is_fixed or all(one is not None for one in found.captions):
            return found
    zoom = 1
    while True:
        is_last = 2 * zoom * max(width, height) > SMALL
        if is_last or not _is_crowded(width * zoom, height * zoom, len(texts)):
            found = _next_to_picture(width, height, marks, faces, zoom)
            if is_last or all(one is not None for one in found.numbers):
                return found
        zoom *= 2


def _is_crowded(width: int, height: int, count: int) -> bool:
    """Tell whether so many numbers cover much of a picture; in a large one letters grow with it."""
    letters = letters_of(width, height)
    covered = count * np.prod(number_size(count, letters)) / (width * height)
    return letters == LEAST_LETTERS and covered > MOST_COVERED


def _begun(width: int, height: int, marks: np.ndarray, zoom: int) -> tuple[Layout, np.ndarray]:
    """Return a layout without captions and numbers, and the marks as it has them in the picture."""
    width, height = width * zoom, height * zoom
    none: list[Rectangle | None] = [None] * len(marks)
    letters = letters_of(width, height)
    layout = Layout(zoom, letters, letters, width, height, [*none], [*none])
    corners = (marks * zoom).reshape(-1, 2, 2).clip(0, np.float32([width, height]))
    return layout, corners.reshape(-1, 4)


def _sizes(faces: Numbered, letters: float) -> Sizes:
    return [caption_size(number, lines, letters) for number, lines in faces]


def _in_picture(width, height, marks, faces) -> Layout:
    """Return a layout with captions in the picture where there is room, else with numbers."""
    layout, marks = _begun(width, height, marks, 1)
    picture, letters = np.float32([0, 0, width, height]), layout.letters
    layout.captions = _inside(picture, marks, _sizes(faces, letters), letters / 4)
    without = [place for place, one in enumerate(layout.captions) if one is None]
    _add_numbers(layout, picture, marks, faces, without)
    return layout


def _next_to_picture(width, height, marks, faces, zoom) -> Layout:
    """Return a layout with all captions beside the picture, and a number for each face in it."""
    layout, marks = _begun(width, height, marks, zoom)
    size = layout.width, layout.height
    _add_numbers(layout, np.float32([0, 0, *size]), marks, faces, range(len(faces)))
    small = layout.letters * min(1, (MANY / len(faces)) ** 0.5)
    layout.small = max(LEAST_LETTERS, small)
    sizes, gap = _sizes(faces, layout.small), round(layout.small / 4)
    layout.width, layout.height, found = _beside(size, sizes, gap)
    layout.captions = [*found]
    return layout


def _add_numbers(
    layout: Layout, picture: Rectangle, marks: np.ndarray, faces: Numbered, places
) -> None:
    """Add the numbers of the faces at some places of the list."""
    taken = [one for one in layout.captions if one is not None]
    for place in places:
        size = number_size(faces[place][0], layout.letters)
        found = _number(marks[place], size, picture, marks, taken)
        layout.numbers[place] = found
        taken += [] if found is None else [found]
