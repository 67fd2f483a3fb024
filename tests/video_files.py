"""Videos for tests: written by OpenCV, then changed as other programs would have written them."""

import struct

import cv2
import numpy as np

PARENTS = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
CODES = {".avi": "MJPG", ".mkv": "MJPG", ".mp4": "mp4v", ".mov": "mp4v"}
# {degrees clockwise: matrix of a track, as QuickTime has it: x' = a x + c y, y' = b x + d y}
MATRICES = {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}


def write(path, frames, rate=10):
    """Write frames, BGR uint8, of one size."""
    code = cv2.VideoWriter_fourcc(*CODES[path.suffix])
    writer = cv2.VideoWriter(str(path), code, rate, frames[0].shape[1::-1])
    for frame in frames:
        writer.write(np.ascontiguousarray(frame))
    writer.release()
    return path


def corners(number=0, height=96, width=128):
    """Return a frame whose upper left corner is red, and which brightens with its number."""
    frame = np.full((height, width, 3), 40 + 5 * number, np.uint8)
    frame[: height // 2, : width // 2] = (0, 0, 255)
    return frame


def say_turned(path, degrees):
    """Write into an MP4 that its frames are shown turned, clockwise."""
    whole = bytearray(path.read_bytes())
    a, b, c, d = (part << 16 for part in MATRICES[degrees])
    place = whole.index(b"tkhd") + 4 + 40  # of version 0
    whole[place : place + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(whole)


def say_times(path, lengths):
    """Write into an MP4 how long each frame is shown, in multiples of the first frame's length."""
    whole = path.read_bytes()
    start = whole.index(b"stts") - 4
    size, unit = (struct.unpack(">I", whole[at : at + 4])[0] for at in (start, start + 20))
    entries = b"".join(struct.pack(">II", 1, length * unit) for length in lengths)
    box = struct.pack(">I4sII", 16 + len(entries), b"stts", 0, len(lengths)) + entries
    changed = bytearray(whole[:start] + box + whole[start + size :])
    for name in PARENTS:  # OpenCV writes them behind the frames: no other place changes
        at = changed.index(name) - 4
        grown = struct.unpack(">I", changed[at : at + 4])[0] + len(box) - size
        changed[at : at + 4] = struct.pack(">I", grown)
    path.write_bytes(changed.replace(b"edts", b"free"))  # which says how long all frames are
