"""Draw labels and results on pictures (the paper's figure 8)."""

import cv2
import numpy as np

from allinone import boxes
from allinone.pose import rotation_matrix

BOX, SEEN, HIDDEN, TEXT, SHADE = (
    (80, 200, 255),
    (90, 230, 60),
    (60, 60, 230),
    (255, 255, 255),
    (20, 20, 20),
)
FONT = cv2.FONT_HERSHEY_SIMPLEX
FINE = 4  # sub-pixel bits of OpenCV's drawing functions


def _fixed(point):
    return tuple(int(round(float(c) * 2**FINE)) for c in point)


def text_size(text, size):
    """Return (width, height) in pixels of a line of text, `size` pixels high."""
    return cv2.getTextSize(text, FONT, size / 22, max(1, round(size / 16)))[0]


def caption(image, text, origin, size):
    """Write text with a dark rim, its upper left corner at `origin`, `size` pixels high; kept inside the picture."""
    (width, height), thick = text_size(text, size), max(1, round(size / 16))
    x = int(np.clip(origin[0], 0, max(image.shape[1] - width, 0)))
    y = int(np.clip(origin[1] + height, height, image.shape[0] - 2))
    for color, stroke in ((SHADE, 3 * thick), (TEXT, thick)):
        cv2.putText(image, text, (x, y), FONT, size / 22, color, stroke, cv2.LINE_AA)


def face(image, box, points, visibility, pose):
    """Draw one face in place: box, landmarks (green seen, red hidden), the direction of the nose."""
    box = np.asarray(box, np.float32)
    unit = max(float(box[3] - box[1]), 1)
    thick = max(1, int(unit / 90))
    cv2.rectangle(image, _fixed(box[:2]), _fixed(box[2:]), BOX, thick, cv2.LINE_AA, FINE)
    if points is not None:
        for point, seen in zip(points, visibility):
            if np.isfinite(point).all():
                cv2.circle(
                    image,
                    _fixed(point),
                    int(max(1.0, unit / 55) * 2**FINE),
                    SEEN if seen >= 0.5 else HIDDEN,
                    -1,
                    cv2.LINE_AA,
                    FINE,
                )
    if pose is not None:
        center = (box[:2] + box[2:]) / 2
        tip = center + rotation_matrix(pose)[:2, 2] * unit * 0.5
        cv2.arrowedLine(image, _fixed(center), _fixed(tip), BOX, thick, cv2.LINE_AA, FINE, 0.2)


def captions(image, blocks):
    """Write the captions of faces, [(box, lines above, lines below)], in place, each where it covers the others least.

    Letters grow with the face and stay legible: no smaller than 8 pixels, no larger than 16 or, in a large picture, a 50th of it.
    """
    taken, (height, width) = np.zeros((0, 4), np.float32), image.shape[:2]
    for box, *both in blocks:
        x1, y1, x2, y2 = map(float, box)
        size = float(np.clip((y2 - y1) / 9, 8, max(16, max(height, width) / 50)))
        for lines, below in zip(both, (False, True)):
            if not lines:
                continue
            wide, tall = max(text_size(line, size)[0] for line in lines), len(lines) * (size + 4)
            above_, under = (x1, y1 - tall), (x1, y2 + 3)
            places = [under, above_] if below else [above_, under]
            places += [
                (x2 + 3, y1),
                (x2 + 3, y2 - tall),
                (x1 - wide - 3, y1),
                (x1 - wide - 3, y2 - tall),
                (x1, y1 + 3),
                (x1, y2 - tall),
            ]
            corners = [
                (np.clip(x, 0, max(width - wide, 0)), np.clip(y, 0, max(height - tall, 0)))
                for x, y in places
            ]
            rooms = np.float32([[x, y, x + wide, y + tall] for x, y in corners])
            best = int(
                boxes.intersection(rooms, taken).sum(axis=1).argmin()
            )  # the first of the equal ones
            taken = np.concatenate([taken, rooms[[best]]])
            for number, line in enumerate(lines):
                caption(
                    image, line, (corners[best][0], corners[best][1] + number * (size + 4)), size
                )


def annotations(image, faces):
    """Return a copy of the picture with ground-truth `FaceRecord`s drawn."""
    image, blocks = image.copy(), []
    for known in faces:
        words = " ".join(
            filter(
                None,
                [
                    "" if known.gender is None else "mf"[known.gender],
                    "" if known.age is None else f"{known.age:.0f}",
                    "smile" if known.smile else "",
                    "" if known.identity is None else f"#{known.identity}",
                ],
            )
        )
        face(
            image,
            known.box,
            None if known.landmarks is None else known.landmark_array(),
            known.visibility_array(),
            known.pose,
        )
        blocks.append(
            (
                known.box,
                [] if known.pose is None else ["{:.0f} {:.0f} {:.0f}".format(*known.pose)],
                [words] if words else [],
            )
        )
    captions(image, blocks)
    return image


def results(image, faces, names=None, zoom=1):
    """Return a copy of the picture, `zoom` times as large, with `Face`s drawn; names: a text for each face."""
    image, blocks = cv2.resize(image, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC), []
    for number, found in enumerate(faces):
        gender = (
            f"female {found.gender:.0%}" if found.gender >= 0.5 else f"male {1 - found.gender:.0%}"
        )
        below = [
            f"{gender}, {found.age:.0f} y",
            f"{'smile' if found.smile >= 0.5 else 'no smile'} {max(found.smile, 1 - found.smile):.0%}",
        ]
        face(image, found.box * zoom, found.landmarks * zoom, found.visibility, found.pose)
        blocks.append(
            (
                found.box * zoom,
                ["{:.2f}  {:.0f} {:.0f} {:.0f}".format(found.score, *found.pose)],
                below + ([names[number]] if names else []),
            )
        )
    captions(image, blocks)
    return image


def tile(image, side):
    """Return the picture scaled to fit a square of `side` pixels, on grey."""
    scale = side / max(image.shape[:2])
    small = cv2.resize(
        image,
        None,
        fx=scale,
        fy=scale,
        interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC,
    )
    out = np.full((side, side, 3), 60, np.uint8)
    height, width = small.shape[:2]
    top, left = (side - height) // 2, (side - width) // 2
    out[top : top + height, left : left + width] = small[:side, :side]
    return out


def grid(tiles, columns):
    """Return equal tiles put side by side in rows."""
    blank = np.full_like(tiles[0], 60)
    rows = [tiles[start : start + columns] for start in range(0, len(tiles), columns)]
    return np.vstack([np.hstack(row + [blank] * (columns - len(row))) for row in rows])
