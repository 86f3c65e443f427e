r"""Write and read "little text", the notation in which LinkedIn takes a post's commentary.

LinkedIn parses the commentary. A reserved character that is not escaped does not fail: the post
is accepted and silently cut there. So what is written must also be read back the same.
Only commentary is little text; titles, descriptions, comments and alt texts are plain.

Source: learn.microsoft.com, LinkedIn Marketing API, "little Text Format", read 2026-11-22:

    Text            a run of characters; reserved ones escaped by a backslash
    HashtagTemplate {hashtag|\#|word}
    MentionElement  @[name](urn)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

RESERVED = frozenset("|{}@[]()<>#\\*_~")

_RESERVED = re.compile(r"[|{}@\[\]()<>#\\*_~]")
_TOKEN = re.compile(
    r"\\(?P<escaped>[|{}@\[\]()<>#\\*_~])"
    r"|\{hashtag\|\\?[#＃]\|(?P<tag>[^\W_]+)\}"
    r"|(?P<plain>[^|{}@\[\]()<>#\\*_~]+)"
)


class LittleTextError(ValueError):
    """The text is no little text: `position` is the first character that LinkedIn would stop at."""

    def __init__(self, text: str, position: int) -> None:
        self.position = position
        super().__init__(f"{text[position]!r} at character {position + 1} is reserved and not escaped")


def escape(text: str) -> str:
    """Write plain text as little text, every reserved character behind a backslash."""
    return _RESERVED.sub(r"\\\g<0>", text)


def hashtag(word: str) -> str:
    """Write a hashtag; `word` holds letters and digits only and has no `#`."""
    return f"{{hashtag|\\#|{word}}}"


def commentary(text: str, hashtags: Iterable[str] = ()) -> str:
    """Write a post's plain text as commentary, each of its hashtags (`#word`) as a template."""
    words = sorted(hashtags, key=len, reverse=True)
    if not words:
        return escape(text)
    known = re.compile(rf"(?<!\w)#({'|'.join(map(re.escape, words))})(?!\w)")
    parts = known.split(text)
    return "".join(hashtag(part) if index % 2 else escape(part) for index, part in enumerate(parts))


def parse(little_text: str) -> str:
    """Read little text back as people will see it; raise LittleTextError where LinkedIn would stop."""
    return "".join(text for text, _ in _tokens(little_text))


def parse_hashtags(little_text: str) -> tuple[str, ...]:
    """Read the hashtags of a commentary, in order; raise LittleTextError as `parse` does."""
    return tuple(text.removeprefix("#") for text, is_tag in _tokens(little_text) if is_tag)


def utf16_length(text: str) -> int:
    """Count UTF-16 code units: the strictest of the ways in which LinkedIn is said to count."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _tokens(little_text: str) -> Iterator[tuple[str, bool]]:
    position = 0
    while position < len(little_text):
        match = _TOKEN.match(little_text, position)
        if match is None:
            raise LittleTextError(little_text, position)
        tag = match["tag"]
        yield (f"#{tag}", True) if tag else (match["escaped"] or match["plain"], False)
        position = match.end()
