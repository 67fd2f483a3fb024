"""Pictures as a viewer shows them, against Pillow; what is refused, and that it costs no memory."""

import io
import os
import stat
import struct
import subprocess
import sys

import numpy as np
import picture_files
import pytest
from PIL import Image, ImageOps
from skimage import data

from allinone import pictures
from allinone.errors import InputError

PHOTO = data.astronaut()[:120, 100:260]
CLEAR = dict(RGBA=(0, 0, 0, 0), LA=(0, 0))


def saved(path, picture, turn=None, **how):
    """Save a picture of Pillow, with an EXIF orientation where one is given; return the path."""
    if turn:
        exif = Image.Exif()
        exif[0x0112] = turn
        how["exif"] = exif
    picture.save(path, **how)
    return str(path)


def difference(image, picture):
    """Return how far a BGR image is from a picture of Pillow; their sizes must be the same."""
    wanted = np.asarray(picture.convert("RGB"))[..., ::-1].astype(int)
    assert image.shape == wanted.shape
    return np.abs(image - wanted).mean()


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


@pytest.mark.parametrize("name", ["picture.doc", "picture"])
def test_a_picture_of_an_unknown_kind_is_refused(tmp_path, name):
    with pytest.raises(InputError, match=f"{name}: OpenCV cannot write this kind of picture"):
        pictures.write_image(str(tmp_path / name), np.zeros((4, 4, 3), np.uint8))
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("kind", ["jpg", "png", "webp", "tif"])
def test_a_picture_turned_by_exif_is_upright(tmp_path, kind, turn):
    how = dict(webp=dict(lossless=True), jpg=dict(quality=95)).get(kind, {})
    path = saved(tmp_path / f"a.{kind}", Image.fromarray(PHOTO), turn, **how)
    upright = ImageOps.exif_transpose(Image.open(path))
    image = pictures.read_image(path)
    assert difference(image, upright) < 1
    assert pictures.shown_size(path) == image.shape[1::-1] == upright.size


def with_late_exif(path):
    """Move the EXIF of a PNG behind its pixels."""
    whole = path.read_bytes()
    start = whole.index(b"eXIf") - 4
    end = start + 12 + struct.unpack(">I", whole[start : start + 4])[0]
    rest = whole[:start] + whole[end:]
    last = rest.index(b"IEND") - 4
    path.write_bytes(rest[:last] + whole[start:end] + rest[last:])


def test_exif_behind_the_pixels_of_a_png_counts(tmp_path):
    path = tmp_path / "a.png"
    saved(path, Image.fromarray(PHOTO), 6)
    with_late_exif(path)
    image = pictures.read_image(str(path))
    assert difference(image, Image.fromarray(np.rot90(PHOTO, -1))) == 0
    assert pictures.shown_size(str(path)) == (120, 160)


def test_damaged_exif_turns_nothing(tmp_path):
    path = str(tmp_path / "a.jpg")
    Image.fromarray(PHOTO).save(path, exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\x01\x12", quality=95)
    assert pictures.read_image(path).shape == PHOTO.shape


@pytest.mark.parametrize("kind", ["png", "webp", "tif"])
def test_what_is_transparent_looks_white(tmp_path, kind):
    """Colours below transparent pixels cannot be seen, and must not be found."""
    rgba = np.dstack([PHOTO, np.zeros(PHOTO.shape[:2], np.uint8)])
    rgba[:60, :, 3] = 255
    path = saved(tmp_path / f"a.{kind}", Image.fromarray(rgba), **dict(lossless=True))
    image = pictures.read_image(path)
    assert np.abs(image[:60].astype(int) - PHOTO[:60, :, ::-1]).max() == 0
    assert (image[60:] == 255).all()


def test_a_face_that_only_alpha_draws_is_seen(tmp_path):
    grey = np.asarray(Image.fromarray(PHOTO).convert("L"))
    black = np.zeros_like(grey)
    for mode, planes in (("LA", [black]), ("RGBA", [black] * 3)):
        path = saved(tmp_path / f"{mode}.png", Image.fromarray(np.dstack([*planes, 255 - grey])))
        assert difference(pictures.read_image(path), Image.fromarray(grey)) == 0


@pytest.mark.parametrize("mode", ["P", "L", "1", "I;16"])
def test_a_transparent_colour_looks_white(tmp_path, mode):
    """Of a palette, of grey with 8, 1 and 16 bits."""
    grey = np.zeros((20, 30), np.uint16 if mode == "I;16" else np.uint8)
    grey[:10] = {"I;16": 0x8001, "P": 1}.get(mode, 255)
    picture = Image.fromarray(grey)
    if mode == "P":
        picture = Image.fromarray(grey, "P")
        picture.putpalette([0, 0, 0, 10, 200, 30])
    elif mode == "1":
        picture = picture.convert("1")
    path = saved(tmp_path / "a.png", picture, transparency=0)
    image = pictures.read_image(path)
    assert (image[10:] == 255).all()
    assert (image[:10] == dict(P=[30, 200, 10]).get(mode, 0x80 if mode == "I;16" else 255)).all()


def test_a_turned_and_transparent_picture_is_both(tmp_path):
    rgba = np.dstack([PHOTO, np.full(PHOTO.shape[:2], 255, np.uint8)])
    rgba[:, :40, 3] = 0
    path = saved(tmp_path / "a.webp", Image.fromarray(rgba), 6, lossless=True)
    image = pictures.read_image(path)
    assert image.shape == (160, 120, 3) and (image[:40] == 255).all()
    assert difference(image[40:], Image.fromarray(np.rot90(PHOTO, -1)[40:])) == 0


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
        picture_files.png_claiming(40000, 30000),
        picture_files.png_claiming(2**31 - 1, 2**31 - 1),
        picture_files.png_claiming(14000, 13000),
        jpeg_claiming(65500, 65500),
        picture_files.png_claiming(40000, 1),
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
    for claim in (picture_files.png_claiming(5000, 5000), picture_files.png_claiming(0, 5)):
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


def test_a_name_that_is_not_utf_8_is_read_and_written(tmp_path):
    path = os.fsdecode(os.fsencode(str(tmp_path)) + b"/caf\xe9.png")
    pictures.write_image(path, PHOTO[..., ::-1])
    assert difference(pictures.read_image(path), Image.fromarray(PHOTO)) == 0


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


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "CMYK", "I;16", "YCbCr"])
def test_a_picture_of_pillow_is_taken_in_every_mode(mode):
    photo = Image.fromarray(PHOTO)
    grey = photo.convert("L")
    picture = grey if mode == "I;16" else photo.convert(mode)
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    image = pictures.from_pillow(picture)
    assert image.dtype == np.uint8 and image.flags["C_CONTIGUOUS"]
    assert difference(image, grey if mode in ("L", "I;16") else photo) < 2


def test_a_picture_of_pillow_without_a_fixed_range_is_refused():
    with pytest.raises(InputError, match="of mode F, which has no fixed range"):
        pictures.from_pillow(Image.new("F", (3, 3)))


@pytest.mark.parametrize("kind", ["JPEG", "turned", "cut", "motion", "PNG", "WEBP"])
def test_a_record_of_a_database_is_read_as_its_file_was(kind):
    """Databases hold the bytes of files that are named as JPEG, whatever they are."""
    stream, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6 if kind in ("turned", "WEBP") else 1
    form = kind if kind in ("PNG", "WEBP") else "JPEG"
    mode = "RGBA" if kind == "PNG" else "RGB"
    Image.fromarray(PHOTO).convert(mode).save(stream, form, exif=exif)
    data_ = stream.getvalue() + (bytes(5000) if kind == "motion" else b"")
    data_ = data_[:-300] if kind == "cut" else data_
    if kind == "cut":
        with pytest.raises(InputError, match="cut off"):
            pictures.decode_record(data_, "a")
        return
    image = pictures.decode_record(data_, "a")
    np.testing.assert_array_equal(image, pictures.decode_image(data_, "a"))
    assert image.shape == ((160, 120, 3) if exif[0x0112] == 6 else PHOTO.shape)
