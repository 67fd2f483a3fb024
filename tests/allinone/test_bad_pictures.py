"""Pictures that are damaged, too large or none: refused by name, before they cost memory."""

import io
import os
import stat
import struct
import subprocess
import sys

import numpy as np
import pytest
from picture_files import PHOTO, difference, png_claiming, saved
from PIL import Image

from allinone import pictures
from allinone.errors import InputError


def test_a_missing_a_truncated_and_a_false_picture_are_named(tmp_path):
    whole = tmp_path / "whole.jpg"
    assert pictures.read_image(saved(whole, Image.fromarray(PHOTO))).shape == PHOTO.shape
    (tmp_path / "cut.jpg").write_bytes(whole.read_bytes()[:2000])
    (tmp_path / "text.jpg").write_text("this is no picture")
    (tmp_path / "empty.jpg").write_bytes(b"")
    for name, says in (
        ("none.jpg", "no such file"),
        ("cut.jpg", "cut off"),
        ("text.jpg", "no picture"),
        ("empty.jpg", "no picture"),
    ):
        with pytest.raises(InputError, match=says) as error:
            pictures.read_image(str(tmp_path / name))
        assert name in str(error.value)


@pytest.mark.parametrize("progressive", [False, True])
def test_what_stands_behind_the_end_of_a_jpeg_does_not_matter(tmp_path, rng, progressive):
    """A film, as motion photos have, of which nothing looks like an end marker; zeros."""
    stream = io.BytesIO()
    Image.fromarray(PHOTO).save(stream, "JPEG", quality=95, progressive=progressive)
    whole = stream.getvalue()
    film = bytes(rng.integers(0, 255, 60000, np.uint8))  # never 255
    for behind in (b"", film, bytes(9000)):
        image = pictures.decode_image(whole + behind, "a.jpg")
        assert difference(image, Image.fromarray(PHOTO)) < 2


def test_a_picture_for_two_eyes_is_read_though_its_second_half_lacks(tmp_path):
    """An MPO: a JPEG, and behind it another."""
    first, path = Image.fromarray(PHOTO), tmp_path / "a.jpg"
    first.save(path, "MPO", save_all=True, append_images=[first])
    whole = path.read_bytes()
    half = whole.index(b"\xff\xd9") + 2
    assert pictures.decode_image(whole[: half + 50], "a.jpg").shape == PHOTO.shape
    with pytest.raises(InputError, match="a JPEG that is cut off"):
        pictures.decode_image(whole[: half // 2], "a.jpg")


@pytest.mark.parametrize("block", [b"\xff\xc0", b"\xff\xda\x00\x02", b"\xff\xc4\x00\x05abc"])
def test_a_jpeg_whose_pixels_break_off_within_is_refused(block):
    """OpenCV fills what lies behind a marker that cannot stand there with grey."""
    noise, stream = np.random.default_rng(0).integers(0, 255, (96, 96, 3), np.uint8), io.BytesIO()
    Image.fromarray(noise).save(stream, "JPEG", quality=95)
    data = stream.getvalue()
    assert pictures.decode_image(data, "a.jpg").shape == noise.shape
    half = len(data) // 2
    with pytest.raises(InputError, match="a.jpg: a JPEG whose pixels are damaged"):
        pictures.decode_image(data[:half] + block + data[half + len(block) :], "a.jpg")


@pytest.mark.parametrize("share", [0.3, 0.6, 0.97])
def test_a_jpeg_that_is_cut_off_is_refused_though_its_thumbnail_is_whole(tmp_path, share):
    """Filled up with zeros too, as a download that was stopped may be."""
    thumbnail = io.BytesIO()
    Image.fromarray(PHOTO[::4, ::4]).save(thumbnail, "JPEG")
    comment, stream = thumbnail.getvalue(), io.BytesIO()
    Image.fromarray(PHOTO).save(stream, "JPEG", comment=comment)
    cut = stream.getvalue()[: len(comment) + int(share * (len(stream.getvalue()) - len(comment)))]
    for data_ in (cut, cut + bytes(5000)):
        with pytest.raises(InputError, match="a.jpg: a JPEG that is cut off"):
            pictures.decode_image(data_, "a.jpg")


def jpeg_claiming(width, height):
    """Return a JPEG of a small picture that says how large it is."""
    stream = io.BytesIO()
    Image.fromarray(PHOTO[:8, :8]).save(stream, "JPEG")
    whole = stream.getvalue()
    at = whole.index(b"\xff\xc0") + 5
    return whole[:at] + struct.pack(">HH", height, width) + whole[at + 4 :]


def bmp_claiming(width, height):
    stream = io.BytesIO()
    Image.fromarray(PHOTO[:8, :8]).save(stream, "BMP")
    whole = stream.getvalue()
    return whole[:18] + struct.pack("<ii", width, height) + whole[26:]


@pytest.mark.parametrize(
    "claim",
    [
        png_claiming(40000, 30000),
        png_claiming(2**31 - 1, 2**31 - 1),
        png_claiming(14000, 13000),
        jpeg_claiming(65500, 65500),
        png_claiming(40000, 1),
        bmp_claiming(40000, 30000),
    ],
    ids=["png", "png-largest", "png-just-above", "jpeg", "png-thin", "bmp"],
)
def test_more_pixels_than_the_limit_are_refused_before_they_are_decoded(tmp_path, claim):
    path = tmp_path / "a.png"
    path.write_bytes(claim)
    code = f"""
import resource
from allinone import pictures
from allinone.errors import InputError
room = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize() + (200 << 20)
resource.setrlimit(resource.RLIMIT_AS, (room, room))
for of in (pictures.read_image, pictures.shown_size):
    try:
        of({str(path)!r})
    except InputError as error:
        print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    sentence = f"{path}: a picture of more than 178 million pixels, or 32,766 along a side, which"
    assert done.stdout.count(sentence) == 2 and done.stderr == ""


def test_a_claim_within_the_limit_that_nothing_stands_behind_is_no_picture(tmp_path):
    path = tmp_path / "a.png"
    for claim in (png_claiming(5000, 5000), png_claiming(0, 5)):
        path.write_bytes(claim)
        with pytest.raises(InputError, match="a.png: no picture"):
            pictures.read_image(str(path))


def test_a_file_that_is_too_large_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "a.jpg"
    with open(path, "wb") as stream:
        stream.truncate(pictures.MAX_BYTES + 1)  # takes no room
    with pytest.raises(InputError, match="a.jpg: larger than 512 MiB, which is refused"):
        pictures.read_image(str(path))


def test_what_might_never_end_is_refused(tmp_path):
    os.mkfifo(tmp_path / "a.jpg")
    assert stat.S_ISFIFO(os.stat(tmp_path / "a.jpg").st_mode)
    for path in (str(tmp_path / "a.jpg"), "/dev/zero", "/dev/stdin", str(tmp_path)):
        for of in (pictures.read_image, pictures.shown_size):
            with pytest.raises(InputError, match=f"{path}: (no plain file|no such file)"):
                of(path)


@pytest.mark.parametrize("name", ["n" * 300 + ".jpg", "a\0b.jpg", "none.jpg"], ids=str.__len__)
def test_a_path_that_cannot_be_is_named(tmp_path, name):
    for of in (pictures.read_image, pictures.shown_size):
        with pytest.raises(InputError, match="(too long|no such file|no name of a file); "):
            of(str(tmp_path / name))


def test_a_file_that_may_not_be_read_is_named(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(b"")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    with pytest.raises(InputError, match="a.jpg: Permission denied"):
        pictures.read_image(str(path))


@pytest.mark.parametrize("seed", range(3))
def test_damaged_bytes_are_a_picture_or_a_sentence(tmp_path, seed):
    """200 damaged files of each kind: never another exception, never a process that dies."""
    rng = np.random.default_rng(seed)
    kinds = [("JPEG", "RGB"), ("PNG", "RGBA"), ("WEBP", "RGBA"), ("TIFF", "RGB"), ("BMP", "RGB")]
    for kind, mode in [*kinds, ("JPEG2000", "RGB")]:
        stream = io.BytesIO()
        Image.fromarray(PHOTO[::3, ::3]).convert(mode).save(stream, kind)
        for _ in range(200 // 3):
            damaged = bytearray(stream.getvalue())
            near = rng.choice([60, len(damaged)])
            for place in rng.integers(0, near, rng.integers(1, 9)):
                damaged[place] = rng.integers(0, 256)
            try:
                image = pictures.decode_image(damaged, "a")
            except InputError as error:
                assert str(error).startswith("a: ")
            else:
                assert image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3


COMPRESSED = {
    "WEBP": dict(lossless=True),
    "lossy WEBP": dict(quality=80),
    "LZW TIFF": dict(compression="tiff_lzw"),
    "deflated TIFF": dict(compression="tiff_adobe_deflate"),
    "JPEG": dict(quality=90),
}


@pytest.mark.parametrize("kind", COMPRESSED)
def test_what_another_decoder_refuses_is_refused(kind):
    """OpenCV fills what it cannot decode of these kinds, and says nothing."""
    stream, rng, refused = io.BytesIO(), np.random.default_rng(5), 0
    Image.fromarray(PHOTO[::3, ::3]).save(stream, kind.split()[-1], **COMPRESSED[kind])
    whole = stream.getvalue()
    for _ in range(100):
        start = rng.integers(len(whole) // 10, len(whole))
        damaged = whole[: start + rng.choice([0, 1, 16, 512])] + whole[start:]
        try:
            Image.open(io.BytesIO(damaged)).load()
        except Exception:  # Pillow's readers raise whatever a damaged file leads to
            refused += 1
            with pytest.raises(InputError, match="a: "):
                pictures.decode_image(damaged, "a")
    assert refused or kind in ("lossy WEBP", "JPEG")
