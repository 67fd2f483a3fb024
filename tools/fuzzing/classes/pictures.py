"""Pictures: damaged, turned, of other kinds, with claims that are not true, or no pictures."""

from __future__ import annotations

import io
import os
import random
import struct
import zlib

import cv2
import numpy as np
from PIL import Image, ImageFile, ImageOps

from tools.fuzzing import answers, damage, odd_files
from tools.fuzzing.case import Case, Finished, FuzzClass
from tools.fuzzing.world import ANALYZE, World

SAME, REFUSED, EITHER, NO_FACE = "same", "refused", "either", "no face"
KINDS = (".jpg", ".png", ".bmp", ".webp", ".tiff")
ORIENTATION = 0x0112  # tag of EXIF
HUGE = ((60_000, 60_000), (2**31 - 1, 1), (1, 2**31 - 1), (40_000, 30_000), (0, 0))
# What turns a picture so that a viewer who follows the tag sees it upright, by the tag's value.
TURNED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def encoded(picture: Image.Image, kind: str, **more) -> bytes:
    """Return a picture in a format by its extension."""
    stream, form = io.BytesIO(), {".jpg": "jpeg", ".tiff": "tiff"}.get(kind, kind[1:])
    if kind == ".webp":
        more.setdefault("lossless", True)
    if kind == ".jpg":
        more.setdefault("quality", 95)
    picture.save(stream, form, **more)
    return stream.getvalue()


def is_readable(data: bytes) -> bool:
    """Tell whether another library than the kit's decodes a picture to its end."""
    try:
        with Image.open(io.BytesIO(data)) as picture:
            picture.load()
        return not ImageFile.LOAD_TRUNCATED_IMAGES
    except Exception:  # whatever Pillow raises on broken files
        return False


# ---- Kinds of cases: each returns (what, extension, bytes, expectation).
def damaged(rng: random.Random, picture: Image.Image):
    """Damage the bytes of a picture."""
    kind = rng.choice(KINDS)
    what, data = damage.of_bytes(rng, encoded(picture, kind))
    # Flipped bits that every decoder takes are another picture; nobody can say it was damaged.
    return f"{kind} {what}", kind, data, None if is_readable(data) else EITHER


def cut_off(rng: random.Random, picture: Image.Image):
    """Cut a picture off in its last nine tenths."""
    kind = rng.choice(KINDS)
    data = encoded(picture, kind)
    size = rng.randrange(len(data) // 10, len(data) - 2)
    return f"{kind} cut at {size} of {len(data)}", kind, data[:size], EITHER


def followed(rng: random.Random, picture: Image.Image):
    """Put something behind the end of a picture, as a phone puts a film there."""
    kind = rng.choice((".jpg", ".png", ".webp"))
    more = rng.choice((b"\0" * 5000, rng.randbytes(9000), b"ftypmp42" + rng.randbytes(70_000)))
    return f"{kind} with {len(more)} bytes behind", kind, encoded(picture, kind) + more, SAME


def turned(rng: random.Random, picture: Image.Image):
    """Store a picture turned, with the orientation in its EXIF."""
    kind, value = rng.choice((".jpg", ".png", ".webp", ".tiff")), rng.choice(list(TURNED))
    stored, exif = picture.transpose(TURNED[value]), Image.Exif()
    exif[ORIENTATION] = value
    data = encoded(stored, kind, exif=exif)
    shown = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    assert np.abs(np.int16(shown.convert("RGB")) - np.int16(picture)).mean() < 8
    return f"{kind} with orientation {value}", kind, data, SAME


def of_another_kind(rng: random.Random, picture: Image.Image):
    """Store a picture with other channels, depths or layouts of its format."""
    bgr = np.asarray(picture)[:, :, ::-1]
    deep = np.uint16(bgr) * 257
    alpha = np.dstack([bgr, np.full(bgr.shape[:2], 255, np.uint8)])
    forms = (
        ("16 bits", ".png", lambda: cv2.imencode(".png", deep)[1].tobytes()),
        ("16 bits", ".tiff", lambda: cv2.imencode(".tiff", deep)[1].tobytes()),
        ("opaque alpha", ".png", lambda: cv2.imencode(".png", alpha)[1].tobytes()),
        ("opaque alpha", ".webp", lambda: cv2.imencode(".webp", alpha)[1].tobytes()),
        ("progressive", ".jpg", lambda: encoded(picture, ".jpg", progressive=True)),
        ("CMYK", ".jpg", lambda: encoded(picture.convert("CMYK"), ".jpg")),
        ("LZW", ".tiff", lambda: encoded(picture, ".tiff", compression="tiff_lzw")),
        ("wrong extension", ".jpg", lambda: encoded(picture, ".png")),
        ("wrong extension", ".webp", lambda: encoded(picture, ".jpg")),
        ("capital extension", ".PNG", lambda: encoded(picture, ".png")),
    )
    what, kind, make = rng.choice(forms)
    return f"{kind}, {what}", kind, make(), SAME


def transparent(rng: random.Random, picture: Image.Image):
    """Hide the face behind full transparency: nobody sees it."""
    kind = rng.choice((".png", ".webp"))
    hidden = picture.copy()
    hidden.putalpha(0)
    data = encoded(hidden, kind, **({"exact": True} if kind == ".webp" else {}))
    return f"{kind}, fully transparent", kind, data, NO_FACE


def _png(width: int, height: int) -> bytes:
    """Return a PNG of a few bytes that claims a size."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def claiming(rng: random.Random, picture: Image.Image):
    """Claim a size that is not there."""
    kind, (width, height) = rng.choice((".png", ".jpg", ".bmp")), rng.choice(HUGE)
    data = bytearray(encoded(picture, kind))
    if kind == ".png":
        data = _png(width, height)
    elif kind == ".bmp":
        struct.pack_into("<ii", data, 18, width, rng.choice((height, -height)))
    else:
        width, height = rng.choice(((65_500, 65_500), (65_535, 1), (0, 0), (65_500, 40_000)))
        start = data.index(b"\xff\xc0") + 5
        struct.pack_into(">HH", data, start, height, width)
    expected = EITHER if kind == ".jpg" and height == 1 else REFUSED
    return f"{kind} that claims {width}x{height}", kind, bytes(data), expected


MAKERS = (damaged, damaged, damaged, cut_off, cut_off, followed, turned, of_another_kind)
MAKERS += (transparent, claiming, claiming)


# ---- The case.
def make(world: World, rng: random.Random, folder: str) -> Case:
    """Put a hostile picture beside a good one, and analyze both, or look for known people."""
    given = os.path.join(folder, "in")
    os.makedirs(given)
    source, good = rng.sample(world.faces, 2)
    beside = os.path.join(given, "z.png")
    os.link(good, beside)
    if rng.random() < 0.1:
        path = os.path.join(given, "a.jpg")
        what, expected = odd_files.put(rng, path), REFUSED
    else:
        picture = Image.open(source).convert("RGB")
        what, kind, data, expected = rng.choice(MAKERS)(rng, picture)
        path = os.path.join(given, f"a{kind}")
        with open(path, "wb") as stream:
            stream.write(data)
    name, out = os.path.basename(path), os.path.join(folder, "out")
    if rng.random() < 0.15:
        return _find(world, what, (path, beside), expected)
    inputs = (given,) if os.path.isdir(path) else rng.choice(((given,), (path, beside)))
    argv = [*ANALYZE, *inputs, "--out", out]
    argv += [] if rng.random() < 0.2 else ["--without-pictures"]
    argv += ["--batch", "1"] if rng.random() < 0.3 else []

    def wrong(finished: Finished):
        lines = answers.lines_in(out)
        if answers.without_image(lines, "z.png") != answers.healthy(world, good):
            return "the good picture beside it has another answer"
        found = answers.without_image(lines, name)
        if bool(finished.code) != bool(answers.error_of(found)):
            return f"exit code {finished.code}; the picture's error: {answers.error_of(found)}"
        return unexpected(found, answers.healthy(world, source), expected)

    return Case(what, argv, (name,), wrong, ("out",))


def unexpected(found, healthy, expected):
    """Return what is wrong with a picture's lines, or None."""
    error = answers.error_of(found)
    if not found:
        return "no line of the picture"
    if expected == NO_FACE:
        return None if not error and "box" not in found[0] else "a face that nobody sees"
    if expected == SAME:
        return None if not error and answers.alike(found, healthy) else f"other faces ({error})"
    if expected == REFUSED:
        return None if error else "read, though it is no whole picture"
    if expected == EITHER:
        return None if error or answers.alike(found, healthy) else "other faces, and no error"
    return None


def _find(world: World, what: str, paths, expected) -> Case:
    """Look for known people in a hostile picture and a good one."""
    gallery = world.path("gallery.h5")
    argv = ["tools.identify", "find", *paths, "--engine", "opencv", "--gallery", gallery]

    def wrong(finished: Finished):
        if finished.out.splitlines().count(paths[1]) != 1:
            return "the good picture beside it has no answer"
        if expected == REFUSED and finished.code == 0:
            return "read, though it is no whole picture"
        return "refused" if expected in (SAME, NO_FACE) and finished.code else None

    return Case(f"{what} (find)", argv, (os.path.basename(paths[0]),), wrong)


CLASS = FuzzClass(
    name="pictures",
    about="damaged, cut, turned, transparent, 16-bit, CMYK, mislabelled pictures, claims of "
    "gigapixels, FIFOs and devices with the name of a picture",
    oracle="other faces than the undamaged picture has, where another decoder (Pillow) refuses the "
    "file or the change must not matter; another answer for the good picture in the same call",
    share=17,
    make=make,
)
