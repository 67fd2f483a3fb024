"""Pictures for tests: a photograph, saved and compared; files that claim what they are not."""

import io
import struct
import zlib

import numpy as np
from PIL import Image
from skimage import data

PHOTO = data.astronaut()[:120, 100:260]


def saved(path, picture, turn=None, **how):
    """Save a picture of Pillow, with an EXIF orientation where one is given; return the path."""
    if turn:
        exif = Image.Exif()
        exif[0x0112] = turn
        how["exif"] = exif
    picture.save(path, **how)
    return str(path)


def encoded(kind, size=None):
    """Return the photograph, scaled to a size (width, height), as the bytes of a file."""
    stream, picture = io.BytesIO(), Image.fromarray(PHOTO)
    (picture.resize(size) if size else picture).save(stream, kind)
    return stream.getvalue()


def difference(image, picture):
    """Return how far a BGR image is from a picture of Pillow; their sizes must be the same."""
    wanted = np.asarray(picture.convert("RGB"))[..., ::-1].astype(int)
    assert image.shape == wanted.shape
    return np.abs(image - wanted).mean()


def png_claiming(width, height):
    """Return a PNG of a few bytes that says how large it is."""

    def chunk(kind, data_):
        check = zlib.crc32(kind + data_)
        return struct.pack(">I", len(data_)) + kind + data_ + struct.pack(">I", check)

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = (chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(b"\0")), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)
