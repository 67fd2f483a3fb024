"""Videos: damaged, cut, turned by their metadata, with frames at odd times."""

from __future__ import annotations

import os
import random
import struct

import cv2

from tools.fuzzing import answers, damage
from tools.fuzzing.case import Case, Finished, FuzzClass
from tools.fuzzing.world import ANALYZE, World

FRAMES, RATE = 4, 10.0
KINDS = {".mp4": "mp4v", ".avi": "MJPG"}
ONE = 1 << 16  # 1.0 in the fixed point of MP4's matrices
# {degrees clockwise that a player turns: (a, b, c, d) of the matrix}
MATRICES = {90: (0, ONE, -ONE, 0), 180: (-ONE, 0, 0, -ONE), 270: (0, -ONE, ONE, 0)}
# Where, behind the name of a box of version 0, a duration stands; stts: that of a frame.
LENGTHS = {b"mvhd": 20, b"tkhd": 24, b"elst": 12, b"mdhd": 20, b"stts": 16}
STORED = {  # what undoes the turn
    90: cv2.ROTATE_90_COUNTERCLOCKWISE,
    180: cv2.ROTATE_180,
    270: cv2.ROTATE_90_CLOCKWISE,
}


def _film(world: World, kind: str, turned: int = 0) -> str:
    """Return the path of a film of faces that stand upright where `turned` is undone."""

    def make(folder):
        path = os.path.join(folder, f"film{kind}")
        code, size = cv2.VideoWriter_fourcc(*KINDS[kind]), (96, 96)
        writer = cv2.VideoWriter(path, code, RATE, size)
        for number in range(FRAMES):
            image = cv2.imread(world.faces[number % 2])
            writer.write(cv2.rotate(image, STORED[turned]) if turned else image)
        writer.release()
        return path

    return world.answer(f"film {kind} {turned}", make)


def _read(path: str) -> bytearray:
    with open(path, "rb") as stream:
        return bytearray(stream.read())


def _lengthen(data: bytearray, factor: int) -> None:
    """Multiply every duration that an MP4 of one track states, frames' and its own."""
    for box, place in LENGTHS.items():
        start = data.index(box) + place
        (length,) = struct.unpack_from(">I", data, start)
        struct.pack_into(">I", data, start, length * factor)


def _turned(world: World, rng: random.Random):
    """Store a film turned, with the turn in its track's header."""
    turn = rng.choice(list(MATRICES))
    data = _read(_film(world, ".mp4", turn))
    # Version 0: the matrix stands 40 bytes behind the name and version of the box.
    start = data.index(b"tkhd") + 4 + 40
    a, b, c, d = MATRICES[turn]
    u, x, y = 0, 0, 0
    struct.pack_into(">9i", data, start, a, b, u, c, d, u, x, y, 1 << 30)
    return f"turned by {turn}", ".mp4", data, "upright"


def _uneven(world: World, rng: random.Random):
    """Show each frame of a film for longer."""
    data = _read(_film(world, ".mp4"))
    factor = rng.choice((3, 10, 50))
    _lengthen(data, factor)
    return f"frames {factor} times as long", ".mp4", data, factor


def _cut(world: World, rng: random.Random):
    """Cut a film off; AVI and MP4 keep what tells how long it should be at one end."""
    kind = rng.choice(list(KINDS))
    data = _read(_film(world, kind))
    size = rng.randrange(len(data) // 10, len(data) - 8)
    return f"{kind} cut at {size} of {len(data)}", kind, data[:size], "said"


def _damaged(world: World, rng: random.Random):
    """Damage the bytes of a film."""
    kind = rng.choice(list(KINDS))
    what, data = damage.of_bytes(rng, bytes(_read(_film(world, kind))))
    return f"{kind} {what}", kind, data, "said"


def make(world: World, rng: random.Random, folder: str) -> Case:
    """Analyze a hostile film beside a good picture."""
    what, kind, data, expected = rng.choice((_turned, _uneven, _cut, _damaged, _damaged))(
        world, rng
    )
    path, out = os.path.join(folder, f"a{kind}"), os.path.join(folder, "out")
    with open(path, "wb") as stream:
        stream.write(data)
    good = rng.choice(world.faces)
    argv = [*ANALYZE, path, good, "--out", out]
    argv += [] if rng.random() < 0.2 else ["--without-pictures"]
    healthy = answers.healthy(world, _film(world, kind))

    def wrong(finished: Finished):
        lines = answers.lines_in(out)
        beside = answers.without_image(lines, os.path.basename(good))
        if beside != answers.healthy(world, good):
            return "the good picture beside it has another answer"
        found = answers.without_image(lines, f"a{kind}")
        return unexpected(found, healthy, expected, finished)

    return Case(what, argv, (f"a{kind}",), wrong, ("out",))


def unexpected(found, healthy, expected, finished: Finished):
    """Return what is wrong with a film's lines, or None."""
    frames = len({line.get("frame") for line in found if "error" not in line})
    if expected == "said":
        if finished.code == 0 and frames < FRAMES:
            return f"{frames} of {FRAMES} frames, and nothing is said"
        return None
    if finished.code or answers.error_of(found):
        return f"refused: {answers.error_of(found)}"
    if not answers.alike(found, healthy):
        return "other faces"
    if isinstance(expected, int):
        times = sorted({line["time"] for line in found})
        wanted = [round(number * expected / RATE, 3) for number in range(FRAMES)]
        if any(abs(a - b) > 0.002 for a, b in zip(times, wanted)):
            return f"times {times}, not {wanted}"
    return None


CLASS = FuzzClass(
    name="videos",
    about="MP4 and AVI: bytes damaged, cut off, turned by the track's matrix, frames of other "
    "lengths; beside a good picture",
    oracle="fewer frames, and nothing is said; other faces or times than the film shows; another "
    "answer for the picture",
    share=4,
    make=make,
)
