"""An image as an article names it → a file inside the articles folder, or an address on the web."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote, urlsplit

from postroom.assets.refusal import ImageRefused
from postroom.plainfiles import NoPlainFile, read_plain

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BYTES: Final = 10_000_000
"""Largest image file that is read. A photo straight from a phone has 3 to 8 MB."""

_EXTENSIONS: Final = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".avif"})
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_UNWRITABLE: Final = re.compile(r"[\x00-\x20\x7f\"<>\\^`{|}]")

# Which clients cannot show a format, by the file name's extension: caniemail.com, data of 2026-05-13.
_NOT_SHOWN: Final = {
    ".webp": ("WebP", "Outlook on Windows"),
    ".avif": ("AVIF", "Outlook on Windows"),
    ".svg": ("SVG", "Gmail on the web"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """An image that stays where it is. `caution` tells which client will not show it, or is empty."""

    url: str
    caution: str = ""


def locate(src: str, near: Path, root: Path) -> Path | Remote:
    """Find what `src` names: a file relative to `near`, or to `root` when it starts with `/`.

    The path returned is inside `root`, with all symbolic links resolved. Raises ImageRefused.
    """
    if src.startswith("//"):
        return _remote(f"https:{src}")
    if scheme := _SCHEME.match(src):
        return _of_scheme(scheme[0].lower(), src)
    _refuse_extension(src)
    if found := next(_candidates(src, near, root), None):
        return found
    raise ImageRefused("image-missing", f"there is no such file{_nearest(src, near, root)}")


def read_file(path: Path) -> bytes:
    """Read a file that `locate` gave, unless it has become a link, a pipe or too large since.

    Raises ImageRefused.
    """
    try:
        data = read_plain(path, MAX_BYTES + 1, follow=False)
    except NoPlainFile as error:
        raise ImageRefused("image-unreadable", "it is not a file") from error
    except OSError as error:
        raise ImageRefused("image-unreadable", f"it cannot be read ({error.strerror})") from error
    if len(data) > MAX_BYTES:
        limit = MAX_BYTES // 1_000_000
        raise ImageRefused("image-too-large", f"it is larger than {limit} MB; save it smaller")
    return data


def _of_scheme(scheme: str, src: str) -> Remote:
    if scheme in ("http:", "https:"):
        return _remote(src)
    if scheme == "data:":
        cure = "save it as a file beside the article"
        raise ImageRefused("image-address", f"Gmail does not show an image written into its address; {cure}")
    raise ImageRefused("image-address", "it is neither a file of the articles folder nor a web address")


def _remote(src: str) -> Remote:
    url = _UNWRITABLE.sub(lambda found: quote(found[0]), src)
    try:
        parts = urlsplit(url)
        known = bool(parts.hostname) and (parts.port or 443) > 0
    except ValueError:
        known = False
    if not known:
        raise ImageRefused("image-address", "this is no complete web address")
    return Remote(url=url, caution=_caution(PurePosixPath(unquote(parts.path)).suffix.lower()))


def _caution(suffix: str) -> str:
    if suffix not in _NOT_SHOWN:
        return ""
    name, client = _NOT_SHOWN[suffix]
    return f"{client} does not show {name} (caniemail.com, 2026-05-13); offer a JPEG or PNG instead"


def _refuse_extension(src: str) -> None:
    suffix = PurePosixPath(_file_part(src)).suffix.lower()
    if suffix in (".svg", ".svgz"):
        raise ImageRefused("image-format", "Gmail on the web does not show SVG; save it as PNG")
    if suffix not in _EXTENSIONS:
        raise ImageRefused("image-format", "it is not named like an image; use JPEG, PNG, WebP, GIF or AVIF")


def _candidates(src: str, near: Path, root: Path) -> Iterator[Path]:
    """Give the files that `src` may mean, as written first: a Markdown path may be percent-encoded
    and carry `?v=2`. Raises ImageRefused at the first meaning that leads out of `root`.
    """
    inside = root.resolve()
    for text in dict.fromkeys((src, unquote(src), unquote(_file_part(src)))):
        folder = inside if text.startswith("/") else near
        try:
            path = (folder / text.lstrip("/")).resolve()
            exists = path.is_file()
        except (OSError, ValueError, RuntimeError) as error:  # a name too long, a NUL, a ring of links
            raise ImageRefused("image-missing", "this is no file name") from error
        if not path.is_relative_to(inside):
            raise ImageRefused(
                "image-outside",
                "it lies outside the articles folder; copy it beside the article",
            )
        if exists:
            yield path


def _file_part(src: str) -> str:
    return re.split(r"[?#]", src, maxsplit=1)[0]


def _nearest(src: str, near: Path, root: Path) -> str:
    wanted = PurePosixPath(unquote(_file_part(src)))
    folder = (root.resolve() if src.startswith("/") else near) / str(wanted.parent).lstrip("/")
    try:
        names = sorted(entry.name for entry in folder.iterdir())
    except OSError:
        return "; its folder does not exist either"
    close = get_close_matches(wanted.name, names, n=1, cutoff=0.7)
    return f'; did you mean "{close[0]}"?' if close else "; add it, or correct the path"
