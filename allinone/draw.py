"""Draw labels and results on pictures (the paper's figure 8)."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from allinone import boxes, tasks
from allinone.face import Face
from allinone.pose import rotation_matrix
from allinone.record import FaceRecord

# BGR: blue boxes and green landmarks, as in the paper's figure 8.
# our choice: hidden landmarks are of a darker green, and the nose's direction, which that figure
# lacks, is orange
BOX, SEEN, HIDDEN, NOSE = (255, 70, 20), (60, 255, 60), (30, 110, 30), (80, 200, 255)
TEXT, SHADE, GREY = (255, 255, 255), (20, 20, 20), 60
FONT = cv2.FONT_HERSHEY_SIMPLEX
FINE = 4  # sub-pixel bits of OpenCV's drawing functions
IN_A_LINE = 2  # answers of a face that stand in one line of its caption


def _fixed(point) -> tuple[int, ...]:
    return tuple(int(round(float(value) * 2**FINE)) for value in point)


def text_size(text: str, size: float) -> tuple[int, int]:
    """Return (width, height) in pixels of a line of text, `size` pixels high."""
    return cv2.getTextSize(text, FONT, size / 22, max(1, round(size / 16)))[0]


def caption(image: np.ndarray, text: str, origin, size: float) -> None:
    """Write text with a dark rim into a picture, `size` pixels high.

    origin: (x, y) of its upper left corner; it is moved where the text would leave the picture.
    """
    (width, height), thick = text_size(text, size), max(1, round(size / 16))
    x = int(np.clip(origin[0], 0, max(image.shape[1] - width, 0)))
    y = int(np.clip(origin[1] + height, height, image.shape[0] - 2))
    for color, stroke in ((SHADE, 3 * thick), (TEXT, thick)):
        cv2.putText(image, text, (x, y), FONT, size / 22, color, stroke, cv2.LINE_AA)


def face(image: np.ndarray, box, points, visibility, pose) -> None:
    """Draw one face into a picture: box, landmarks (dark ones are hidden), the nose's direction.

    box (4,); points (21, 2), NaN where unknown, or None; visibility (21,); pose in degrees or None.
    """
    box = np.asarray(box, np.float32)
    unit = max(float(box[3] - box[1]), 1)
    thick = max(1, int(unit / 90))
    cv2.rectangle(image, _fixed(box[:2]), _fixed(box[2:]), BOX, thick, cv2.LINE_AA, FINE)
    if points is not None:
        radius = int(max(1.0, unit / 55) * 2**FINE)
        for point, seen in zip(points, visibility):
            if np.isfinite(point).all():
                color = SEEN if seen >= 0.5 else HIDDEN
                cv2.circle(image, _fixed(point), radius, color, -1, cv2.LINE_AA, FINE)
    if pose is not None:
        center = (box[:2] + box[2:]) / 2
        tip = center + rotation_matrix(pose)[:2, 2] * unit * 0.5
        arrow = (_fixed(center), _fixed(tip), NOSE, thick, cv2.LINE_AA, FINE, 0.2)
        cv2.arrowedLine(image, *arrow)


def _places(box, wide: float, tall: float, below: bool) -> list[tuple[float, float]]:
    """Return the upper left corners where a caption of a face may stand, the best first."""
    x1, y1, x2, y2 = box
    over, under = (x1, y1 - tall), (x1, y2 + 3)
    places = [under, over] if below else [over, under]
    right, left = x2 + 3, x1 - wide - 3
    sides = [(right, y1), (right, y2 - tall), (left, y1), (left, y2 - tall)]
    return [*places, *sides, (x1, y1 + 3), (x1, y2 - tall)]


def captions(image: np.ndarray, blocks) -> None:
    """Write the captions of faces into a picture, each where it covers the others least.

    blocks: (box, lines above, lines below) of each face. Letters grow with the face and stay
    legible: no smaller than 8 pixels, no larger than 16 or, in a large picture, a 50th of it.
    """
    taken, (height, width) = np.zeros((0, 4), np.float32), image.shape[:2]
    for box, *both in blocks:
        box = [float(edge) for edge in box]
        size = float(np.clip((box[3] - box[1]) / 9, 8, max(16, max(height, width) / 50)))
        for lines, below in zip(both, (False, True)):
            if not lines:
                continue
            wide = max(text_size(line, size)[0] for line in lines)
            tall = len(lines) * (size + 4)
            places = np.float32(_places(box, wide, tall, below))
            corners = places.clip(0, np.float32([max(width - wide, 0), max(height - tall, 0)]))
            rooms = np.column_stack([corners, corners + np.float32([wide, tall])])
            best = int(boxes.intersection(rooms, taken).sum(axis=1).argmin())  # the first of equals
            taken = np.concatenate([taken, rooms[[best]]])
            for number, line in enumerate(lines):
                x, y = corners[best]
                caption(image, line, (x, y + number * (size + 4)), size)


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
    """Return the answers about a face for people, those of the aligned face."""
    words = []
    for task in tasks.of_stage(2):
        answer = getattr(found, task.field)
        if task.kind in (tasks.PROBABILITY, tasks.NUMBER) and answer is not None:
            words.append(task.answer_in_words(answer))
    return words


def pose_words(pose) -> str:
    """Return roll, pitch and yaw in whole degrees."""
    return " ".join(str(round(float(angle))) for angle in pose)


def annotations(image: np.ndarray, faces: Sequence[FaceRecord]) -> np.ndarray:
    """Return a copy of the picture with the labels of faces drawn."""
    image, blocks = image.copy(), []
    for known in faces:
        points = None if known.landmarks is None else known.landmark_array()
        face(image, known.box, points, known.visibility_array(), known.pose)
        turned = [] if known.pose is None else [pose_words(known.pose)]
        blocks.append((known.box, turned, _in_lines(label_words(known))))
    captions(image, blocks)
    return image


def results(
    image: np.ndarray, faces: Sequence[Face], names: Sequence[str] | None = None, zoom: float = 1
) -> np.ndarray:
    """Return a copy of the picture with results drawn.

    names: a text for each face; zoom: how many times as large the copy is.
    """
    image = cv2.resize(image, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC)
    blocks = []
    for number, found in enumerate(faces):
        box = found.box * zoom
        face(image, box, found.landmarks * zoom, found.visibility, found.pose)
        above = f"{found.score:.2f}  {pose_words(found.pose)}"
        below = _in_lines(answer_words(found)) + ([names[number]] if names else [])
        blocks.append((box, [above], below))
    captions(image, blocks)
    return image


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


def grid(tiles: Sequence[np.ndarray], columns: int) -> np.ndarray:
    """Return equal tiles put side by side in rows."""
    blank, rows = np.full_like(tiles[0], GREY), []
    for start in range(0, len(tiles), columns):
        row = list(tiles[start : start + columns])
        rows.append(np.hstack(row + [blank] * (columns - len(row))))
    return np.vstack(rows)
