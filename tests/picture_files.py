"""Pictures for tests that claim what they are not."""

import struct
import zlib


def png_claiming(width, height):
    """Return a PNG of a few bytes that says how large it is."""

    def chunk(kind, data_):
        check = zlib.crc32(kind + data_)
        return struct.pack(">I", len(data_)) + kind + data_ + struct.pack(">I", check)

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = (chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(b"\0")), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)
