"""Pictures as a viewer shows them, against Pillow; pictures of Pillow and of databases."""

import io
import os
import struct

import numpy as np
import pytest
from picture_files import PHOTO, difference, saved
from PIL import Image, ImageOps

from allinone import pictures
from allinone.errors import InputError


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


@pytest.mark.parametrize("most", [100, 255, 1023, 65535])
@pytest.mark.parametrize("kind, maps", [(b"P5", 1), (b"P6", 3)])
def test_the_brightest_level_of_a_ppm_is_white(kind, maps, most):
    levels = np.full((4, 5, maps), most, np.uint8 if most < 256 else ">u2")
    levels[0] = most // 2
    data = b"%s 5 4 %d\n" % (kind, most) + levels.tobytes()
    image = pictures.decode_image(data, "a.ppm")
    assert (image[1:] == 255).all() and (np.abs(image[0] - 127.5) <= 1.5).all()
    with pytest.raises(InputError, match="a.ppm"):
        pictures.decode_image(data[:-7], "a.ppm")


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


def test_a_name_that_is_not_utf_8_is_read_and_written(tmp_path):
    path = os.fsdecode(os.fsencode(str(tmp_path)) + b"/caf\xe9.png")
    pictures.write_image(path, PHOTO[..., ::-1])
    assert difference(pictures.read_image(path), Image.fromarray(PHOTO)) == 0


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
