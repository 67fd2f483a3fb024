"""Letters in pictures, of the font that comes with Pillow: small ones stay legible."""

from __future__ import annotations

import functools
import unicodedata

import numpy as np
from PIL import Image, ImageDraw, ImageFont


@functools.lru_cache(maxsize=64)
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.load_default(size)


def plain(text: str) -> str:
    """Return a text in the letters that the font has: without accents, "?" for other scripts."""
    bare = [one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one)]
    return "".join(one if " " <= one <= "~" else "?" for one in bare)


def height_of(size: float) -> int:
    """Return the height in pixels of a line of letters."""
    return sum(_font(round(size)).getmetrics())


def text_size(text: str, size: float) -> tuple[int, int]:
    """Return (width, height) in pixels of a line of text; size: pixels of its letters."""
    return int(np.ceil(_font(round(size)).getlength(plain(text)))), height_of(size)


def write(image: np.ndarray, text: str, origin, size: float, color) -> None:
    """Write a line of text into a BGR picture; what would be outside of it is left out.

    origin: (x, y) of the upper left corner; size: pixels of the letters.
    """
    x, y = (int(round(float(value))) for value in origin)
    width, height = text_size(text, size)
    left, top = max(x, 0), max(y, 0)
    part = image[top : max(y + height, 0), left : max(x + width, 0)]
    if not part.size:
        return
    drawn = Image.fromarray(np.ascontiguousarray(part))
    place, font = (x - left, y - top), _font(round(size))
    ImageDraw.Draw(drawn).text(place, plain(text), font=font, fill=tuple(color))
    part[:] = np.asarray(drawn)
