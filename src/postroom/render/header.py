"""Read the header of a post's template: the few settings that a variant has beside its words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches

import regex

from postroom.model import LinkMode

_FENCE = "---"
_RANGE = regex.compile(r"(\d{1,2})(?: to (\d{1,2}))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a variant's template says above its text.

    `needs` names the material without which the variant makes no sense. `link` overrides the
    channel's. `shows_image`: the article's image goes up with the post, instead of a link card.
    `hashtags` are the fewest and the most; None leaves it to the network's custom.
    """

    needs: tuple[str, ...] = ()
    link: LinkMode | None = None
    shows_image: bool = False
    hashtags: tuple[int, int] | None = None


class HeaderError(ValueError):
    """A header cannot be read. `line` counts from 1 in the template."""

    def __init__(self, message: str, line: int) -> None:
        self.line = line
        super().__init__(message)


def read_header(text: str) -> tuple[Header, str]:
    """Part a template, or what it gave, into its header and the text of the post.

    A header stands between two lines `---`, the first of them on the first line. Without one,
    everything is the network's custom. Raises HeaderError with the line and the cure.
    """
    lines = text.splitlines()
    if not lines or lines[0].strip() != _FENCE:
        return Header(), text
    end = next((number for number, line in enumerate(lines[1:], 1) if line.strip() == _FENCE), None)
    if end is None:
        raise HeaderError("the header has no end; close it with a line ---", 1)
    settings: dict[str, object] = {}
    for number, line in enumerate(lines[1:end], 2):
        if line.strip() and not line.lstrip().startswith("#"):
            name, value = _setting(line, number)
            settings[name] = value
    return Header(**settings), "\n".join(lines[end + 1 :])  # type: ignore[arg-type]  # checked by _READERS


def _setting(line: str, number: int) -> tuple[str, object]:
    key, colon, value = (part.strip() for part in line.partition(":"))
    if not colon or key not in _READERS:
        close = get_close_matches(key, _READERS, n=1, cutoff=0.5)
        hint = f"; did you mean {close[0]!r}?" if close else f"; there are {', '.join(_READERS)}"
        raise HeaderError(f"{key!r} is no setting of a post's header{hint}", number)
    name, read = _READERS[key]
    try:
        return name, read(value)
    except ValueError as error:
        raise HeaderError(f"{key}: {value!r} is not possible; {error}", number) from error


def _names(value: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in value.strip("[]").split(",") if name.strip())


def _link(value: str) -> LinkMode:
    try:
        return LinkMode(value)
    except ValueError:
        raise ValueError(f"write {', '.join(LinkMode)}") from None


def _image(value: str) -> bool:
    if value not in ("hero", "none"):
        raise ValueError("write hero or none")
    return value == "hero"


def _range(value: str) -> tuple[int, int]:
    match = _RANGE.fullmatch(value)
    if match is None:
        raise ValueError("write a number, or two as in 3 to 5")
    most = int(match[2] or match[1])
    return (int(match[1]) if match[2] else 0, most)


_READERS: dict[str, tuple[str, Callable[[str], object]]] = {
    "needs": ("needs", _names),
    "link": ("link", _link),
    "image": ("shows_image", _image),
    "hashtags": ("hashtags", _range),
}
