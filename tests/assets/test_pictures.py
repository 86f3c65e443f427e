"""Claims about what becomes of image bytes, good, huge and damaged."""

import io
import random
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageDraw, features

from postroom.assets.pictures import MAX_ANIMATION_BYTES, MAX_WIDTH, convert
from postroom.assets.refusal import ImageRefused


def noise(width, height, mode="RGB"):
    """A picture with the many colours of a photo."""
    size = (width // 4 or 1, height // 4 or 1)
    rough = Image.frombytes("RGB", size, random.Random(7).randbytes(size[0] * size[1] * 3))
    return rough.resize((width, height), Image.Resampling.BICUBIC).convert(mode)


def flat(width, height, mode="RGB"):
    """A picture with the few colours of a diagram."""
    image = Image.new(mode, (width, height), "white")
    ImageDraw.Draw(image).rectangle((10, 10, width // 2, height // 2), fill="navy")
    return image


def saved(image, kind, **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def opened(picture):
    return Image.open(io.BytesIO(picture.data))


FORMATS = ["JPEG", "PNG", "WEBP", *(["AVIF"] if features.check("avif") else [])]


@pytest.mark.parametrize("kind", FORMATS)
def test_a_photo_becomes_a_jpeg_of_at_most_double_width(kind):
    picture = convert(saved(noise(1600, 900), kind))
    assert (picture.media_type, picture.extension) == ("image/jpeg", "jpg")
    assert (picture.width, picture.height) == (MAX_WIDTH, 675) == opened(picture).size
    assert picture.caution == ""


def test_a_small_picture_is_not_enlarged():
    picture = convert(saved(noise(320, 200), "JPEG"))
    assert (picture.width, picture.height) == (320, 200)


def test_a_flat_graphic_becomes_a_png_without_loss():
    source = flat(800, 400)
    picture = convert(saved(source, "WEBP", lossless=True))
    assert picture.media_type == "image/png"
    assert opened(picture).convert("RGB").tobytes() == source.tobytes()


@pytest.mark.parametrize(
    ("mode", "kind"), [("RGBA", "PNG"), ("LA", "PNG"), ("RGBA", "WEBP"), ("RGBA", "GIF"), ("P", "PNG")]
)
def test_transparency_is_kept(mode, kind):
    source = flat(400, 200, "RGBA")
    source.putpixel((0, 0), (0, 0, 0, 0))
    options = {"lossless": True} if kind == "WEBP" else {}
    source = source.quantize(8) if mode == "P" else source.convert(mode)
    picture = convert(saved(source, kind, **options))
    assert picture.media_type == "image/png"
    assert opened(picture).convert("RGBA").getpixel((0, 0))[3] == 0


def test_an_alpha_channel_that_hides_nothing_is_dropped():
    assert convert(saved(noise(400, 200, "RGBA"), "PNG")).media_type == "image/jpeg"


@pytest.mark.parametrize("mode", ["1", "L", "P", "I;16", "CMYK", "RGB", "LA", "RGBA"])
def test_every_colour_mode_is_accepted(mode):
    grey = Image.new("L", (64, 32), 128)
    if mode == "I;16":
        source = Image.frombytes("I;16", (64, 32), struct.pack("<H", 128 * 257) * 2048)
    else:
        source = grey.convert("RGB").convert(mode, palette=Image.Palette.ADAPTIVE)
    picture = convert(saved(source, "JPEG" if mode == "CMYK" else "PNG"))
    if mode != "1":
        assert all(abs(value - 128) < 4 for value in opened(picture).convert("RGB").getpixel((5, 5)))


def test_orientation_is_applied():
    source = flat(400, 200)
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = convert(saved(source, "JPEG", exif=exif))
    assert (picture.width, picture.height) == (200, 400)


def test_metadata_is_left_behind():
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    exif[0x8825] = {1: "N", 2: (51.0, 30.0, 0.0)}
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    source = saved(noise(200, 100), "JPEG", exif=exif, comment=b"my comment", icc_profile=profile)
    picture = convert(source)
    assert b"home" in source
    assert not any(
        text in picture.data for text in (b"taken at home", b"my comment", b"ICC_PROFILE", b"Exif")
    )
    assert set(opened(picture).info) <= {
        "jfif",
        "jfif_version",
        "jfif_unit",
        "jfif_density",
        "progressive",
        "progression",
    }


def test_text_in_a_png_is_left_behind():
    from PIL.PngImagePlugin import PngInfo

    notes = PngInfo()
    notes.add_text("Author", "someone at home")
    picture = convert(saved(flat(100, 50), "PNG", pnginfo=notes))
    assert b"home" not in picture.data
    assert opened(picture).info == {}


def test_a_broken_colour_profile_is_no_obstacle():
    assert convert(saved(noise(200, 100), "JPEG", icc_profile=b"not a profile")).width == 200


def animation(frames, size):
    first = noise(*size).quantize(255)
    pictures = [first.rotate(number * 30) for number in range(frames)]
    return saved(pictures[0], "GIF", save_all=True, append_images=pictures[1:], duration=100, loop=0)


def test_a_light_animation_is_sent_as_it_is():
    data = animation(3, (120, 80))
    picture = convert(data)
    assert picture.data == data
    assert (picture.media_type, picture.extension, picture.caution) == ("image/gif", "gif", "")


def test_of_a_heavy_animation_the_first_picture_is_sent():
    data = animation(6, (800, 600))
    assert len(data) > MAX_ANIMATION_BYTES
    picture = convert(data)
    assert picture.media_type in ("image/jpeg", "image/png")
    assert "only the first picture" in picture.caution


def test_of_an_animated_webp_the_first_picture_is_sent():
    pictures = [noise(200, 100), noise(200, 100).rotate(90)]
    picture = convert(saved(pictures[0], "WEBP", save_all=True, append_images=pictures[1:]))
    assert "only the first picture" in picture.caution


def test_a_heavy_picture_is_told():
    image = Image.frombytes("RGBA", (1100, 700), random.Random(1).randbytes(1100 * 700 * 4))
    assert "MB in the mail" in convert(saved(image, "PNG")).caution


def test_the_same_bytes_give_the_same_picture():
    data = saved(noise(1500, 500), "WEBP")
    assert convert(data) == convert(data)


# --- bombs


def png_header(width, height, payload=b""):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + payload
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


def text_bomb():
    data = b"Comment\0\0" + zlib.compress(b"x" * 200_000_000, 9)
    return struct.pack(">I", len(data)) + b"zTXt" + data + struct.pack(">I", zlib.crc32(b"zTXt" + data))


def gif_header(width, height):
    return (
        b"GIF89a"
        + struct.pack("<HHBBB", width, height, 0, 0, 0)
        + b","
        + struct.pack("<HHHHB", 0, 0, width, height, 0)
        + b"\x02\x00;"
    )


@pytest.mark.parametrize(
    "data",
    [
        png_header(10_000, 10_000),
        png_header(14_000, 14_000),
        png_header(65_000, 65_000),
        png_header(2**31 - 1, 2**31 - 1),
        png_header(1, 40_000_001),
        gif_header(65_535, 65_535),
        gif_header(8_000, 8_000),
    ],
)
def test_a_bomb_is_refused_by_its_header(data):
    with pytest.raises(ImageRefused) as caught:
        convert(data)
    assert caught.value.rule == "image-too-large"


def test_real_bombs_of_each_format_are_refused():
    for kind, size in [("JPEG", (8000, 5001)), ("PNG", (8000, 5001)), ("WEBP", (8000, 5001))]:
        with pytest.raises(ImageRefused, match="40 million pixels"):
            convert(saved(Image.new("L", size), kind))


def test_a_text_bomb_is_refused():
    with pytest.raises(ImageRefused):
        convert(png_header(10, 10, text_bomb()))


# --- what is no picture


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7",
        b"BM" + bytes(60),
        b"II*\0" + bytes(60),
    ],
)
def test_other_files_are_refused(data):
    with pytest.raises(ImageRefused) as caught:
        convert(data)
    assert caught.value.rule == "image-format"


@pytest.mark.parametrize("kind", [*FORMATS, "GIF"])
def test_a_truncated_picture_is_refused(kind):
    data = saved(noise(300, 200), kind)
    with pytest.raises(ImageRefused):
        convert(data[: len(data) // 2])


@settings(max_examples=60)
@given(
    kind=st.sampled_from([*FORMATS, "GIF"]),
    place=st.integers(0, 3000),
    junk=st.binary(min_size=1, max_size=8),
)
def test_a_damaged_picture_is_a_picture_or_refused(kind, place, junk):
    data = bytearray(saved(noise(40, 24), kind))
    place %= len(data)
    data[place : place + len(junk)] = junk
    try:
        picture = convert(bytes(data))
    except ImageRefused:
        return
    assert opened(picture).size == (picture.width, picture.height)
