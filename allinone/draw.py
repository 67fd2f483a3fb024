"""Draw labels and results on pictures (the paper's figure 8)."""
import cv2
import numpy as np

from allinone.pose import rotation_matrix

BOX, SEEN, HIDDEN, TEXT, SHADE = (80, 200, 255), (90, 230, 60), (60, 60, 230), (255, 255, 255), (20, 20, 20)
FINE = 4   # sub-pixel bits of OpenCV's drawing functions


def _fixed(point):
    return tuple(int(round(float(c) * 2 ** FINE)) for c in point)


def caption(image, text, origin, size):
    """Write text with a dark rim, its upper left corner at `origin`, `size` pixels high; kept inside the picture."""
    scale, font = size / 22, cv2.FONT_HERSHEY_SIMPLEX
    (width, height), _ = cv2.getTextSize(text, font, scale, 1)
    x = int(np.clip(origin[0], 0, max(image.shape[1] - width, 0)))
    y = int(np.clip(origin[1] + height, height, image.shape[0] - 2))
    for color, thick in ((SHADE, 3), (TEXT, 1)):
        cv2.putText(image, text, (x, y), font, scale, color, thick, cv2.LINE_AA)


def face(image, box, points, visibility, pose, above="", below=""):
    """Draw one face in place: box, landmarks (green seen, red hidden), the direction of the nose, captions."""
    box = np.asarray(box, np.float32)
    unit = max(float(box[3] - box[1]), 1)
    thick = max(1, int(unit / 90))
    cv2.rectangle(image, _fixed(box[:2]), _fixed(box[2:]), BOX, thick, cv2.LINE_AA, FINE)
    if points is not None:
        for point, seen in zip(points, visibility):
            if np.isfinite(point).all():
                cv2.circle(image, _fixed(point), int(max(1.0, unit / 55) * 2 ** FINE), SEEN if seen >= 0.5 else HIDDEN, -1,
                           cv2.LINE_AA, FINE)
    if pose is not None:
        center = (box[:2] + box[2:]) / 2
        tip = center + rotation_matrix(pose)[:2, 2] * unit * 0.5
        cv2.arrowedLine(image, _fixed(center), _fixed(tip), BOX, thick, cv2.LINE_AA, FINE, 0.2)
    size = float(np.clip(unit / 9, 8, 16))
    if above:
        caption(image, above, (box[0], box[1] - size - 4), size)
    lines = below.split("\n") if below else []
    top = min(box[3] + 3, image.shape[0] - len(lines) * (size + 4))     # all lines stay in the picture, one under the other
    for number, line in enumerate(lines):
        caption(image, line, (box[0], top + number * (size + 4)), size)


def annotations(image, faces):
    """Return a copy of the picture with ground-truth `Annotation`s drawn."""
    image = image.copy()
    for known in faces:
        lines = [" ".join(filter(None, [
            "" if known.gender is None else "mf"[known.gender], "" if known.age is None else f"{known.age:.0f}",
            "smile" if known.smile else "", "" if known.identity is None else f"#{known.identity}"]))]
        above = "" if known.pose is None else "{:.0f} {:.0f} {:.0f}".format(*known.pose)
        points = None if known.landmarks is None else known.landmark_array()
        face(image, known.box, points, known.visibility_array(), known.pose, above, lines[0])
    return image


def results(image, faces, names=None, zoom=1):
    """Return a copy of the picture, `zoom` times as large, with `Face`s drawn; names: a text for each face."""
    image = cv2.resize(image, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC)
    for number, found in enumerate(faces):
        above = "{:.2f}  {:.0f} {:.0f} {:.0f}".format(found.score, *found.pose)
        gender = f"female {found.gender:.0%}" if found.gender >= 0.5 else f"male {1 - found.gender:.0%}"
        below = f"{gender}, {found.age:.0f} y\n{'smile' if found.smile >= 0.5 else 'no smile'} {max(found.smile, 1 - found.smile):.0%}"
        below += f"\n{names[number]}" if names else ""
        face(image, found.box * zoom, found.landmarks * zoom, found.visibility, found.pose, above, below)
    return image


def tile(image, side):
    """Return the picture scaled to fit a square of `side` pixels, on grey."""
    scale = side / max(image.shape[:2])
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    out = np.full((side, side, 3), 60, np.uint8)
    height, width = small.shape[:2]
    top, left = (side - height) // 2, (side - width) // 2
    out[top:top + height, left:left + width] = small[:side, :side]
    return out


def grid(tiles, columns):
    """Return equal tiles put side by side in rows."""
    blank = np.full_like(tiles[0], 60)
    rows = [tiles[start:start + columns] for start in range(0, len(tiles), columns)]
    return np.vstack([np.hstack(row + [blank] * (columns - len(row))) for row in rows])
