"""Image bytes from anywhere → a JPEG, PNG or GIF that every mail client shows.

Only the header is read before the picture's size is known to be sane. Orientation is applied and
colours become sRGB, then all metadata (place, camera, comments) is left behind.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from postroom.assets.refusal import ImageRefused

if TYPE_CHECKING:
    from PIL.Image import Image

SETTINGS: Final = "1"
"""Changes whenever the same source would give another picture: what is cached is then made anew."""

MAX_WIDTH: Final = 1200
"""Twice the 600 CSS pixels of a mail, for screens of double density."""
MAX_PIXELS: Final = 40_000_000
"""Larger than any camera file an editor means; 160 MB when decoded."""
MAX_ANIMATION_BYTES: Final = 1_000_000
"""Animations are sent as they are, so they must be as light as a mail needs them."""
HEAVY_BYTES: Final = 1_000_000

_JPEG_QUALITY: Final = 84
_FLAT_COLOURS: Final = 4096
# All that Pillow's decoders are known to raise on damaged files, beside its own errors.
_DAMAGE: Final = (
    OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, AttributeError, ArithmeticError,
    RuntimeError, MemoryError, struct.error, zlib.error,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture ready to be sent. `caution` says what was lost on the way, or is empty."""

    data: bytes
    media_type: str
    width: int
    height: int
    caution: str = ""

    @property
    def extension(self) -> str:
        """The file name's ending that belongs to its media type, without the dot."""
        return {"image/jpeg": "jpg", "image/png": "png", "image/gif": "gif"}[self.media_type]


def convert(data: bytes) -> Picture:
    """Make a picture of an image file's bytes; the same bytes give the same picture.

    Raises ImageRefused for a format that is not accepted, a bomb, or a damaged file.
    """
    from PIL import Image as pillow  # noqa: N813  a module; imported late, as most commands need no image
    from PIL import UnidentifiedImageError

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", pillow.DecompressionBombWarning)
        try:
            with pillow.open(io.BytesIO(data), formats=_formats()) as image:
                _refuse_bomb(image)
                return _converted(image, data)
        except (pillow.DecompressionBombError, pillow.DecompressionBombWarning) as error:
            raise _bomb() from error
        except UnidentifiedImageError as error:
            raise ImageRefused(
                "image-format", "this is no JPEG, PNG, WebP, GIF or AVIF; save it as one"
            ) from error
        except _DAMAGE as error:
            raise ImageRefused("image-unreadable", "the file is damaged; save it anew") from error


def _formats() -> tuple[str, ...]:
    from PIL import features

    return ("JPEG", "PNG", "WEBP", "GIF", *(["AVIF"] if features.check("avif") else []))


def _refuse_bomb(image: Image) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise _bomb()


def _bomb() -> ImageRefused:
    limit = MAX_PIXELS // 1_000_000
    return ImageRefused("image-too-large", f"it has more than {limit} million pixels; save it smaller")


def _converted(image: Image, data: bytes) -> Picture:
    # A phone's MPO is a JPEG with more pictures behind the first: no animation.
    animated = image.format != "MPO" and bool(getattr(image, "is_animated", False))
    if animated and image.format == "GIF" and image.width <= MAX_WIDTH and len(data) <= MAX_ANIMATION_BYTES:
        image.load()
        return Picture(data=data, media_type="image/gif", width=image.width, height=image.height)
    if animated:
        image.seek(0)
    photographic = image.format in ("JPEG", "MPO")
    still = _scaled(_upright(image))
    return _encoded(still, photographic=photographic, caution=_caution(animated=animated))


def _caution(*, animated: bool) -> str:
    if not animated:
        return ""
    limit = MAX_ANIMATION_BYTES // 1_000_000
    return (
        "only the first picture of this animation is sent; "
        f"to send all, save it as a GIF of at most {limit} MB and {MAX_WIDTH} pixels across"
    )


def _upright(image: Image) -> Image:
    """Turn as EXIF says, and give it a mode and colours that need no metadata."""
    from PIL import ImageOps

    # A JPEG decoder can leave out pixels that scaling would throw away: a quarter of the memory.
    image.draft(None, (2 * MAX_WIDTH, 2 * MAX_WIDTH))
    upright = ImageOps.exif_transpose(image)
    return _in_srgb(upright, "RGBA" if upright.has_transparency_data else "RGB")


def _in_srgb(image: Image, mode: str) -> Image:
    from PIL import ImageCms

    profile = image.info.get("icc_profile")
    if profile and image.mode in ("RGB", "RGBA", "CMYK"):
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            target = ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(image, source, target, outputMode=mode)
        except (ImageCms.PyCMSError, OSError):  # a broken profile: its colours are taken as sRGB
            converted = None
        if converted is not None:
            return converted
    return _eight_bits(image).convert(mode)


def _eight_bits(image: Image) -> Image:
    """Bring 16-bit greys into the range that the other modes have; Pillow would cut them off."""
    if not image.mode.startswith("I"):
        return image
    return image.convert("F").point(lambda grey: grey * (1 / 257) + 0).convert("L")


def _scaled(image: Image) -> Image:
    from PIL import Image as pillow  # noqa: N813

    if image.width <= MAX_WIDTH:
        return image
    height = max(1, round(image.height * MAX_WIDTH / image.width))
    return image.resize((MAX_WIDTH, height), pillow.Resampling.LANCZOS)


def _encoded(image: Image, *, photographic: bool, caution: str) -> Picture:
    """Choose PNG for transparency and flat graphics, JPEG for the rest."""
    if image.mode == "RGBA" and image.getchannel("A").getextrema() != (255, 255):
        return _picture(image, _png(image), "image/png", caution)
    image = image.convert("RGB")
    as_jpeg = _jpeg(image)
    if not photographic and image.getcolors(_FLAT_COLOURS) is not None:
        as_png = _png(image)
        if len(as_png) <= len(as_jpeg):
            return _picture(image, as_png, "image/png", caution)
    return _picture(image, as_jpeg, "image/jpeg", caution)


def _picture(image: Image, data: bytes, media_type: str, caution: str) -> Picture:
    if len(data) > HEAVY_BYTES:
        weight = f"it weighs {len(data) / 1_000_000:.1f} MB in the mail; crop it, or use fewer details"
        caution = f"{caution}; {weight}" if caution else weight
    return Picture(data=data, media_type=media_type, width=image.width, height=image.height, caution=caution)


def _bare(image: Image) -> Image:
    """Copy the pixels without anything that came along with them."""
    bare = image.copy()
    bare.info = {}
    return bare


def _jpeg(image: Image) -> bytes:
    stream = io.BytesIO()
    _bare(image).save(stream, "JPEG", quality=_JPEG_QUALITY, optimize=True, progressive=True)
    return stream.getvalue()


def _png(image: Image) -> bytes:
    stream = io.BytesIO()
    _bare(image).save(stream, "PNG", optimize=True)
    return stream.getvalue()
