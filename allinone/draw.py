"""Draw labels and results on pictures (the paper's figure 8)."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import NamedTuple, Optional

import cv2
import numpy as np

from allinone import captions, lettering, tasks
from allinone.face import Face
from allinone.pose import rotation_matrix
from allinone.record import FaceRecord

# BGR: green landmarks and, of the first face, a blue box, as in the paper's figure 8.
# our choice: hidden landmarks are of a darker green, and the nose's direction, which that figure
# lacks, is orange; the boxes of further faces have colours that are neither green nor orange
BOX, SEEN, HIDDEN, NOSE = (255, 70, 20), (60, 255, 60), (30, 110, 30), (80, 200, 255)
COLORS = (BOX, (60, 50, 235), (235, 215, 0), (200, 60, 150), (255, 255, 255), (190, 130, 255))
TEXT, DARK, GREY = (255, 255, 255), (20, 20, 20), 60
FINE = 4  # sub-pixel bits of OpenCV's drawing functions
IN_A_LINE = 2  # answers of a face that stand in one line of its caption
LONGEST, MOST_LINES = 26, 3  # letters of a line of a name, and lines of it


class Marks(NamedTuple):
    """What is drawn of a face, in pixels of a picture."""

    box: np.ndarray  # (4,)
    points: Optional[np.ndarray] = None  # (21, 2), NaN where unknown
    visibility: Optional[np.ndarray] = None  # (21,)
    pose: Optional[np.ndarray] = None  # degrees


def _fixed(point) -> tuple[int, ...]:
    return tuple(int(round(float(value) * 2**FINE)) for value in point)


def face(image: np.ndarray, box, points, visibility, pose, color=BOX, least: float = 1) -> None:
    """Draw one face into a picture: box, landmarks (dark ones are hidden), the nose's direction.

    box (4,); points (21, 2), NaN where unknown, or None; visibility (21,); pose in degrees or None;
    color: of the box; least: pixels of the thinnest line, less where the face is small. What is far
    outside of the picture is drawn nearer, or not: OpenCV takes no numbers above 2^27.
    """
    furthest = 2 * max(image.shape[:2])
    box = np.asarray(box, np.float32).clip(-furthest, furthest)
    unit = max(float(box[3] - box[1]), 1)
    least = max(1.0, min(least, unit / 25))
    thick = int(max(least, unit / 90))
    cv2.rectangle(image, _fixed(box[:2]), _fixed(box[2:]), color, thick, cv2.LINE_AA, FINE)
    if points is not None:
        radius = int(max(least, unit / 55) * 2**FINE)
        for point, seen in zip(points, visibility):
            if (np.abs(point) <= furthest).all():  # NaN is not
                shade = SEEN if seen >= 0.5 else HIDDEN
                cv2.circle(image, _fixed(point), radius, shade, -1, cv2.LINE_AA, FINE)
    if pose is not None:
        arrow = (*map(_fixed, _nose(box, pose)), NOSE, thick, cv2.LINE_AA, FINE, 0.2)
        cv2.arrowedLine(image, *arrow)


def _nose(box: np.ndarray, pose) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of the arrow of a nose's direction."""
    center = (box[:2] + box[2:]) / 2
    return center, center + rotation_matrix(pose)[:2, 2] * max(float(box[3] - box[1]), 1) * 0.5


def extent(marks: Marks) -> np.ndarray:
    """Return the rectangle (4,) that holds all that is drawn of a face."""
    box = np.asarray(marks.box, np.float32)
    ends = [box.reshape(2, 2)]
    if marks.points is not None:
        ends.append(marks.points[np.isfinite(marks.points).all(axis=1)])
    if marks.pose is not None:
        ends.append(np.stack(_nose(box, marks.pose)))
    ends = np.concatenate(ends)
    return np.concatenate([ends.min(axis=0), ends.max(axis=0)])


def color_of(number: int) -> tuple[int, int, int]:
    """Return the colour, BGR, of the face with a number, from 1."""
    return COLORS[(number - 1) % len(COLORS)]


def _ground(image: np.ndarray, place: np.ndarray, color, opaque: float = 1) -> None:
    x1, y1, x2, y2 = place.round().astype(int)
    part = image[y1:y2, x1:x2]
    part[:] = opaque * np.float32(color) + (1 - opaque) * part


def _number(image: np.ndarray, place: np.ndarray, number: int, letters: float) -> None:
    """Write the number of a face on its colour; place: as high as the caption that it begins."""
    _ground(image, place, color_of(number))
    wide, _ = captions.number_size(number, letters)
    own, _ = lettering.text_size(str(number), letters)
    ink = DARK if np.dot(color_of(number), (0.11, 0.59, 0.3)) > 120 else TEXT
    lettering.write(image, str(number), place[:2] + [(wide - own) / 2, 0], letters, ink)


def _caption(
    image: np.ndarray, place: np.ndarray, number: int, lines: Sequence[str], letters: float
) -> None:
    """Write a caption on a dark ground: the number, and the lines beside it."""
    _ground(image, place, DARK, 0.75)
    wide, _ = captions.number_size(number, letters)
    x1, y1, _, y2 = place
    _number(image, np.float32([x1, y1, x1 + wide, y2]), number, letters)
    for row, line in enumerate(lines):
        corner = x1 + wide + letters / 2, y1 + letters / 4 + row * lettering.height_of(letters)
        lettering.write(image, line, corner, letters, TEXT)


def _tie(image: np.ndarray, place: np.ndarray, box: np.ndarray, color, letters: float) -> None:
    """Draw the line that ties a number to its box where it stands away from it."""
    middle = (place[:2] + place[2:]) / 2
    nearest = middle.clip(box[:2], box[2:])
    if np.abs(nearest - middle).max() > letters:
        ends = _fixed(middle), _fixed(nearest)
        cv2.line(image, *ends, color, max(1, round(letters / 16)), cv2.LINE_AA, FINE)


def _drawn(
    image: np.ndarray,
    faces: Sequence[Marks],
    texts: captions.Texts,
    zoom: float,
    is_fixed: bool,
    numbers: Sequence[int] = (),
) -> np.ndarray:
    """Return the picture with faces and their captions drawn, `zoom` times as large or larger."""
    height, width = (max(1, round(side * zoom)) for side in image.shape[:2])
    rooms = np.reshape([extent(one) for one in faces], (-1, 4)) * zoom
    numbers = numbers or range(1, len(faces) + 1)
    layout = captions.lay_out(width, height, rooms, texts, numbers, is_fixed)
    zoom, size = zoom * layout.zoom, (width * layout.zoom, height * layout.zoom)
    out = np.full((layout.height, layout.width, 3), DARK, np.uint8)
    out[: size[1], : size[0]] = cv2.resize(image, size, interpolation=cv2.INTER_CUBIC)
    picture, letters = out[: size[1], : size[0]], layout.letters
    for number, one in zip(numbers, faces):
        points = None if one.points is None else one.points * zoom
        look = color_of(number), letters / 18
        face(picture, one.box * np.float32(zoom), points, one.visibility, one.pose, *look)
    for number, one, place in zip(numbers, faces, layout.numbers):
        if place is not None:
            _tie(picture, place, one.box * np.float32(zoom), color_of(number), letters)
    for number, place in zip(numbers, layout.numbers):
        if place is not None:
            _number(out, place, number, letters)
    for number, place, lines in zip(numbers, layout.captions, texts):
        if place is not None:
            _caption(out, place, number, lines, layout.small)
    return out


def _in_lines(words: Sequence[str]) -> list[str]:
    starts = range(0, len(words), IN_A_LINE)
    return [", ".join(words[start : start + IN_A_LINE]) for start in starts]


def label_words(known: FaceRecord) -> list[str]:
    """Return the labels of a face for people, those of the aligned face."""
    words = []
    for task in tasks.of_stage(2):
        value = getattr(known, task.label)
        if value is not None:
            words.append(task.label_in_words(value))
    return words


def answer_words(found: Face) -> list[str]:
    """Return the answers about a face for people: that it is one, then those of the aligned one."""
    words = []
    for task in tasks.TASKS:
        answer = getattr(found, task.field)
        if task.kind in (tasks.PROBABILITY, tasks.NUMBER) and answer is not None:
            words.append(task.answer_in_words(answer))
    return words


def pose_words(pose) -> str:
    """Return roll, pitch and yaw in whole degrees."""
    named = zip(("roll", "pitch", "yaw"), pose)
    return ", ".join(f"{name} {round(float(angle))}" for name, angle in named)


def annotations(image: np.ndarray, faces: Sequence[FaceRecord], zoom: float = 1) -> np.ndarray:
    """Return a copy of the picture with the labels of faces drawn, as `results` draws answers."""
    marks, texts = [], []
    for known in faces:
        points = None if known.landmarks is None else known.landmark_array()
        marks.append(Marks(np.float32(known.box), points, known.visibility_array(), known.pose))
        turned = [] if known.pose is None else [pose_words(known.pose)]
        texts.append(_in_lines(label_words(known)) + turned)
    return _drawn(image, marks, texts, zoom, is_fixed=False)


def results(
    image: np.ndarray,
    faces: Sequence[Face],
    names: Sequence[str] | None = None,
    zoom: float = 1,
    is_fixed: bool = False,
    numbers: Sequence[int] = (),
) -> np.ndarray:
    """Return a copy of the picture with results drawn: each face has a number and its colour.

    names: a text for each face, "" for none; zoom: how many times as large the copy is; numbers: of
    the faces, default from 1 on. Captions that have no room in the picture stand beside it, which
    makes the copy larger, except where it is_fixed, as frames of a video are: there they are left
    out.
    """
    marks, texts = [], []
    for number, found in enumerate(faces):
        marks.append(Marks(found.box, found.landmarks, found.visibility, found.pose))
        name = names[number] if names else ""
        lines = textwrap.wrap(name, LONGEST, max_lines=MOST_LINES, placeholder="...")
        texts.append([*lines, *_in_lines(answer_words(found)), pose_words(found.pose)])
    return _drawn(image, marks, texts, zoom, is_fixed, numbers)


def tile(image: np.ndarray, side: int) -> np.ndarray:
    """Return the picture scaled to fit a square of `side` pixels, on grey."""
    scale = side / max(image.shape[:2])
    out = np.full((side, side, 3), GREY, np.uint8)
    if scale * min(image.shape[:2]) <= 0.5:  # nothing is left of a picture as thin as a line
        return out
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=way)
    height, width = small.shape[:2]
    top, left = (side - height) // 2, (side - width) // 2
    out[top : top + height, left : left + width] = small[:side, :side]
    return out


def titled(image: np.ndarray, text: str, size: float) -> np.ndarray:
    """Return the picture with a line of text below it, `size` pixels high, cut where it is long."""
    line = np.full((lettering.height_of(size) + 4, image.shape[1], 3), DARK, np.uint8)
    lettering.write(line, text, (4, 2), size, TEXT)
    return np.vstack([image, line])


def grid(tiles: Sequence[np.ndarray], columns: int) -> np.ndarray:
    """Return pictures put side by side in rows, each in the upper left corner of a cell, on grey.

    The cells are as large as the largest of them.
    """
    height, width = np.max([one.shape[:2] for one in tiles], axis=0)
    rows = -(-len(tiles) // columns)
    out = np.full((rows * height, columns * width, 3), GREY, np.uint8)
    for number, one in enumerate(tiles):
        top, left = np.array(divmod(number, columns)) * (height, width)
        out[top : top + one.shape[0], left : left + one.shape[1]] = one
    return out
