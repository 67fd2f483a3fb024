"""Pictures: read as a viewer shows them, refused before they cost memory, written.

All pictures of the kit are read here. Pillow reads the head of a file: kind, size, EXIF,
transparency. OpenCV decodes the pixels; Pillow does where some of them are transparent, and those
of the kinds BY_PILLOW.
"""

from __future__ import annotations

import contextlib
import io
import os
import warnings
from collections.abc import Iterator
from typing import BinaryIO, Union

import cv2
import numpy as np
from PIL import Image, JpegImagePlugin

from allinone import files, reading
from allinone.errors import InputError

MAX_BYTES = 512 << 20  # our choice: of a picture file
MAX_PIXELS = 178_000_000  # our choice: of a picture; from 178,956,971 on Pillow itself refuses
MAX_SIDE = 32_766  # pixels; OpenCV warps no longer pictures
# Pillow warns from 89 million pixels on, though MAX_PIXELS is what counts here, and of bad EXIF.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "PPM", "JPEG2000")  # those that OpenCV decodes
# Damaged files of these OpenCV fills with anything, or ends with a segmentation fault (JPEG 2000);
# of PPM it takes the brightest level for 255 or 65535, whatever the file says.
BY_PILLOW = ("WEBP", "JPEG2000", "PPM")
CHECKED = ("JPEG", "TIFF")  # OpenCV fills these too, but only it reads them as it always has
JPEG = (".jpg", ".jpeg")
JPEG_START, JPEG_END = b"\xff\xd8", b"\xff\xd9"
ORIENTATION, WIDTH, HEIGHT = 0x0112, 0x0100, 0x0101  # tags of EXIF and TIFF
SIDEWAYS = (5, 6, 7, 8)  # orientations in which width and height change places
# {orientation: flip that follows, as of cv2.flip}; the sideways ones are transposed first
FLIPS = {2: 1, 3: -1, 4: 0, 6: 1, 7: -1, 8: 0}
AS_STORED = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
MEND = "get the file again or remove it from the list"


Picture = Union[str, os.PathLike, np.ndarray, Image.Image]


def picture_of(given: Picture) -> np.ndarray:
    """Return BGR uint8 (height, width, 3) of a path, a picture of Pillow, or such an array itself.

    InputError where it is none.
    """
    if isinstance(given, (str, os.PathLike)):
        return read_image(os.fsdecode(given))
    if isinstance(given, Image.Image) and 0 not in given.size:
        return _on_white(given, "image")
    what = type(given).__name__
    if isinstance(given, np.ndarray):
        if given.dtype == np.uint8 and given.ndim == 3 and given.shape[2] == 3 and given.size:
            refuse_size(given.shape[1], given.shape[0], "image")
            return np.ascontiguousarray(given)
        what = f"{given.dtype} of shape {given.shape}"
    raise InputError(
        f"image: {what}; give a path, a picture of Pillow, or BGR uint8 (height, width, 3), as "
        "cv2.imread does"
    )


def read_image(path: str) -> np.ndarray:
    """Return a picture as BGR uint8 (height, width, 3), upright and on white where transparent.

    InputError where it is missing, cut off, too large, no picture, or no regular file.
    """
    return decode_image(read_bytes(path), path)


def read_bytes(path: str) -> bytes:
    """Return the bytes of a picture file; InputError where they cannot be read or are too many."""
    with _opened(path) as stream:
        size = os.fstat(stream.fileno()).st_size
        if size > MAX_BYTES:
            raise InputError(
                f"{path}: larger than {MAX_BYTES >> 20} MiB, which is refused; scale the picture "
                "down or remove it from the list"
            )
        return stream.read(size)


@contextlib.contextmanager
def _opened(path: str) -> Iterator[BinaryIO]:
    """Open a picture file; InputError where it cannot be read, or is no plain file."""
    try:
        with reading.opened(path, "check the path or remove it from the list") as stream:
            yield stream
    except OSError as error:  # while it is read
        raise InputError(f"{path}: cannot be read ({error.strerror}); {MEND}") from None


def decode_image(data: bytes, name: str, most: int = MAX_PIXELS) -> np.ndarray:
    """Return an encoded picture as `read_image` does.

    name: for the sentence of an InputError; most: pixels that it may have.
    """
    stream = io.BytesIO(bytes(data))
    head = _head(stream, name, most)
    # OpenCV fills what a cut JPEG lacks with grey. Before the end marker none can stand: within
    # the pixels it is escaped. Behind it something may, such as the film of a motion photo.
    if head.format == "JPEG" and stream.getvalue().find(JPEG_END, stream.tell()) < 0:
        raise InputError(f"{name}: a JPEG that is cut off; {MEND}")
    turn = _orientation(head)
    if head.format in CHECKED:
        _refuse_broken(head, name)
    by_pillow = head.format in BY_PILLOW or _is_transparent(head)
    flags = cv2.IMREAD_COLOR if head.format == "TIFF" else AS_STORED  # as in _orientation
    image = _on_white(head, name) if by_pillow else _decoded(stream.getbuffer(), flags)
    if image is None:
        raise InputError(f"{name}: no picture that OpenCV can read; {MEND}")
    return _turned(image, turn)


def _refuse_broken(head: Image.Image, name: str) -> None:
    """Raise InputError where the pixels of a picture break off: OpenCV would fill them."""
    try:
        head.draft(None, (1, 1))  # a JPEG at an eighth of its size, which is quicker and reads all
        head.load()
    except Exception:  # as in _head
        raise InputError(f"{name}: a {head.format} whose pixels are damaged; {MEND}") from None


def decode_record(data: bytes, name: str) -> np.ndarray:
    """Return a picture of a database as `decode_image` does, in half the time.

    What is in a database was read by `decode_image` when it was built, and its files are hashed.
    """
    if data[:2] == JPEG_START and data[-2:] == JPEG_END:
        image = _decoded(data, cv2.IMREAD_COLOR)  # turns a JPEG as EXIF says
        if image is not None:
            return image
    return decode_image(data, name)


def refuse_size(width: float, height: float, name: str, most: int = MAX_PIXELS) -> None:
    """Raise InputError where a picture of a size would be too large to work with."""
    if width * height > most or max(width, height) > MAX_SIDE:
        raise InputError(
            f"{name}: a picture of more than {most / 10**6:g} million pixels, or {MAX_SIDE:,} "
            "along a side, which is refused; scale it down or remove it from the list"
        )


def from_pillow(picture: Image.Image) -> np.ndarray:
    """Return a picture of Pillow as BGR uint8 (height, width, 3), on white where transparent.

    InputError where its numbers have no fixed range.
    """
    if picture.mode == "F":
        raise InputError("a picture of mode F, which has no fixed range; make it one of mode RGB")
    if picture.mode.startswith("I"):
        picture = _of_8_bits(picture)
    if "A" in picture.mode or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return np.ascontiguousarray(np.asarray(picture.convert("RGB"))[..., ::-1])


def _of_8_bits(picture: Image.Image) -> Image.Image:
    """Return a grey picture of 16 bits as one of 8, white where transparent."""
    deep = np.asarray(picture).astype(np.int64)
    grey = (deep >> 8).clip(0, 255).astype(np.uint8)
    grey[deep == picture.info.get("transparency", -1)] = 255
    return Image.fromarray(grey)


def shown_size(path: str) -> tuple[int, int]:
    """Return (width, height) of a picture as `read_image` returns it; reads its head alone.

    InputError where it is missing, too large, no picture, or no regular file.
    """
    with _opened(path) as stream:
        head = _head(stream, path)
        width, height = head.size
        turn = _orientation(head)
        if head.format == "TIFF":  # of which Pillow may have swapped the sizes already
            width, height = head.tag_v2[WIDTH], head.tag_v2[HEIGHT]
            turn = head.tag_v2.get(ORIENTATION, 1)
    return (height, width) if turn in SIDEWAYS else (width, height)


def write_image(path: str, image: np.ndarray, quality: int = 92) -> None:
    """Write a picture, encoded by the name's extension, through a temporary name."""
    data = encode_image(path, image, quality)
    with files.replacing(path, "wb") as stream:
        stream.write(data)


def encode_image(path: str, image: np.ndarray, quality: int = 92) -> bytes:
    """Return a picture as the file of a name would hold it; InputError where none can."""
    kind = os.path.splitext(path)[1]
    settings = [cv2.IMWRITE_JPEG_QUALITY, quality] if kind.lower() in JPEG else []
    try:
        ok, data = cv2.imencode(kind, image, settings)
    except cv2.error:  # of an extension that it does not know
        ok = False
    if not ok:
        raise InputError(f"{path}: OpenCV cannot write this kind of picture; use .jpg or .png")
    return data.tobytes()


def _head(stream: BinaryIO, name: str, most: int = MAX_PIXELS) -> Image.Image:
    """Return a picture of which only the head is read; InputError where it is none or too large."""
    try:
        start = stream.read(len(JPEG_START))
        stream.seek(0)
        if start == JPEG_START:  # Image.open would go back to the start of the file
            head = JpegImagePlugin.JpegImageFile(stream)
        else:
            head = Image.open(stream, formats=FORMATS)
        width, height = head.size
    except Image.DecompressionBombError:
        width = height = MAX_PIXELS
    except Exception:  # Pillow's readers raise whatever a damaged file leads to
        raise InputError(f"{name}: no picture that OpenCV can read; {MEND}") from None
    refuse_size(width, height, name, most)
    return head


def kind_of(data: bytes, name: str) -> str:
    """Return the kind of an encoded picture, one of FORMATS; InputError where it is none."""
    return str(_head(io.BytesIO(data), name).format)


def _orientation(head: Image.Image) -> int:
    """Return the orientation that EXIF tells, 1 to 8; 1 where it tells none."""
    if head.format == "TIFF":  # its decoders turn it themselves
        return 1
    try:
        if head.format == "PNG" and "exif" not in head.info:
            _read_late_exif(head)
        exif = Image.Exif()
        exif.load(head.info.get("exif") or b"")
        turn = exif.get(ORIENTATION, 1)
    except Exception:  # as in _head; a picture with damaged EXIF is shown as it is stored
        return 1
    return turn if turn in range(1, 9) else 1


def _read_late_exif(head: Image.Image) -> None:
    """Read the EXIF of a PNG that stands behind the pixels."""
    place = head.fp.tell()
    head.fp.seek(0)
    late = b"eXIf" in head.fp.read()
    head.fp.seek(place)
    if late:
        head.load()


def _is_transparent(head: Image.Image) -> bool:
    return head.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in head.info


def _on_white(head: Image.Image, name: str) -> np.ndarray:
    """Return a picture with transparent parts as it looks on white."""
    try:
        return from_pillow(head)
    except InputError:
        raise
    except Exception as error:  # as in _head
        raise InputError(f"{name}: cannot be decoded ({error}); {MEND}") from None


def _decoded(data, flags: int) -> np.ndarray | None:
    """Return what OpenCV decodes, or None where it cannot."""
    try:
        return cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error:  # too wide, too high, or no memory for it
        return None


def _turned(image: np.ndarray, orientation: int) -> np.ndarray:
    """Return a picture as an orientation of EXIF says that it is shown."""
    if orientation in SIDEWAYS:
        image = cv2.transpose(image)
    if orientation in FLIPS:
        image = cv2.flip(image, FLIPS[orientation])
    return image
